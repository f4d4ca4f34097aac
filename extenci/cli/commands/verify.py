"""`extenci verify`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from extenci.cli.addresses import is_address
from extenci.cli.options import LockTimeout, ServiceName, Trusted, VerifyFormat, VerifyOutput
from extenci.cli.verification import run_verification
from extenci.cli.vm_question import given_answer, make_ask


def verify(  # noqa: PLR0913, PLR0917 - one parameter an option
    what: Annotated[
        list[str] | None, typer.Argument(metavar="ADDRESS|PATH", help="Images (SERVICE/NAME), or specs.")
    ] = None,
    service: ServiceName = None,
    type_: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Instance type of the test VM.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Answer in advance: it works, if its checks pass.")
    ] = False,
    no: Annotated[bool, typer.Option("--no", help="Answer in advance: it does not work.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave a test VM that failed running, and its image staged.")
    ] = False,
    evidence: Annotated[
        Path | None, typer.Option("--evidence", metavar="FOLDER", help="The folder for what the checks find.")
    ] = None,
    lock_timeout: LockTimeout = 0.0,
    output: VerifyOutput = VerifyFormat.TEXT,
    _trust: Trusted = None,
) -> int:
    """Boot images in test VMs and find out whether they work.

    Stages an image unless it is staged, launches a test VM from it, runs the checks of its `verify:` block,
    asks you where the block says so, records the verdict, and terminates the test VM. A version that failed
    is unstaged, unless something uses it.

    Exits with 0 if all passed, with 1 if one failed, and with 3 if one waits for a person.

    \b
    Examples:
      extenci verify bnl/worker
      extenci verify specs --service bnl --format junit > verify.xml
      extenci verify bnl/worker --type t3.small --keep
    """
    from extenci import api

    answer = given_answer(yes, no)
    targets = [one for one in what or () if is_address(one)]
    paths = [Path(one) for one in what or () if one not in targets]
    desired = api.load(paths, service=service, targets=targets)
    options = api.Options(lock_timeout=lock_timeout, evidence=evidence, keep_failed=keep)
    return run_verification(
        lambda used: api.verify(desired, machine_type=type_, options=used),
        options,
        output,
        partial(make_ask, given=answer),
    )
