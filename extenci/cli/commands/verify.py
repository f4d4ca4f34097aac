"""`extenci verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from extenci.cli.options import LockTimeout, ServiceName
from extenci.cli.verdicts import VerifyFormat, carry_out, selected
from extenci.model.errors import UsageError
from extenci.model.verdict import Answer


def verify(  # noqa: PLR0913, PLR0917 - one parameter an option
    what: Annotated[
        list[str] | None, typer.Argument(metavar="[ADDR | PATH]…", help="Images (SERVICE/NAME), or specs.")
    ] = None,
    service: ServiceName = None,
    type_: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Instance type of the test VM.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Say in advance that it works, if its checks pass.")
    ] = False,
    no: Annotated[bool, typer.Option("--no", help="Say in advance that it does not work.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Let a test VM that failed run, and its image be staged.")
    ] = False,
    evidence: Annotated[
        Path | None, typer.Option("--evidence", metavar="FOLDER", help="Where what the checks find is kept.")
    ] = None,
    lock_timeout: LockTimeout = 0.0,
    output: Annotated[
        VerifyFormat, typer.Option("--format", help="How the result is printed.")
    ] = VerifyFormat.TEXT,
) -> int:
    """Boot images in test VMs and find out whether they work.

    Stages an image if it must be, launches a test VM, runs the checks of its `verify:` block, asks you where
    the block says so, records the verdict, and ends the test VM. A version that failed is unstaged, unless
    something uses it.

    Exits with 0 passed, 1 failed, 3 waiting for a person.

    \b
    Examples:
      extenci verify bnl/worker
      extenci verify specs --service bnl --format junit > verify.xml
      extenci verify bnl/worker --type t3.small --keep
    """
    from extenci import api

    if yes and no:
        raise UsageError("--yes and --no contradict each other.", "Say one of them.")
    answer = Answer.YES if yes else Answer.NO if no else None
    desired = selected(what or [], service, type_)
    options = api.Options(lock_timeout=lock_timeout, evidence=evidence, keep_failed=keep)
    return carry_out(lambda known: api.verify(desired, options=known), options, output, answer)
