"""`extenci console`."""

from __future__ import annotations

from typing import Annotated

import typer

from extenci.cli.addresses import parse_machine
from extenci.cli.options import MachineAddress, MachineId, RootFolder, Trusted
from extenci.cli.terminal import write_aside, write_result


def console(
    address: MachineAddress,
    machine: MachineId = None,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="Print characters as they are, also those that control terminals."),
    ] = False,
    root: RootFolder = None,
    _trust: Trusted = None,
) -> int:
    """Print the console output of a machine or test VM.

    A machine may send anything to its console. Characters that move the cursor, change colours or the like
    are shown as escapes, unless --raw is given. Services keep the last 64 KiB or so, and some show them late.

    \b
    Examples:
      extenci console sandbox/pool
      extenci console sandbox/pool[1] --raw > console.txt
    """
    from extenci import api
    from extenci.report.text.safe import safe

    text = api.console(parse_machine(address, machine, root))
    if not text:
        write_aside("The service has no console output of it yet.\n")
    elif raw:
        write_result(text)
    else:
        lines = safe(text.replace("\r\n", "\n"), layout="\n\t")
        write_result(lines if lines.endswith("\n") else lines + "\n")
    return 0
