"""`extenci verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from extenci.cli.addresses import is_address, parse_address
from extenci.cli.options import LockTimeout, ServiceName, Trusted, VerifyFormat, VerifyOutput
from extenci.cli.terminal import tell
from extenci.cli.verification import run_verification
from extenci.cli.vm_question import given_answer
from extenci.model.errors import UsageError


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
    end: Annotated[
        bool,
        typer.Option("--end", help="End test VMs that wait for a person or were kept; without a verdict."),
    ] = False,
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
      extenci verify --end bnl/worker
    """
    from extenci import api

    if end:
        return end_vms(
            what or [], service, type_, yes, no, keep, evidence, lock_timeout=lock_timeout, output=output
        )
    answer = given_answer(yes, no)
    targets = [one for one in what or () if is_address(one)]
    paths = [Path(one) for one in what or () if one not in targets]
    desired = api.load(paths, service=service, targets=targets, tell=tell)
    options = api.Options(lock_timeout=lock_timeout, evidence=evidence, keep_failed=keep)
    return run_verification(
        lambda used: api.verify(desired, machine_type=type_, options=used),
        options,
        output,
        answer=answer,
    )


def end_vms(what: list[str], *others: object, lock_timeout: float, output: VerifyFormat) -> int:
    """End the test VMs of the one image that is named. UsageError where it is not, or `others`, the options
    of a verification, are given, too."""
    from extenci import api

    targets = [one for one in what if is_address(one)]
    if len(targets) != 1 or any(others):
        raise UsageError(
            "--end ends the test VMs of one image, and takes no other options of a verification.",
            "Give `extenci verify --end SERVICE/NAME`, and the path of the specs where they are elsewhere.",
        )
    address = parse_address(targets[0])
    paths = [Path(one) for one in what if one not in targets]
    desired = api.load(paths, service=address.service)
    options = api.Options(lock_timeout=lock_timeout)
    return run_verification(lambda used: api.end_test_vms(desired, address, options=used), options, output)
