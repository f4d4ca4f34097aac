"""`extenci confirm`."""

from __future__ import annotations

from typing import Annotated

import typer

from extenci.cli.addresses import parse_address
from extenci.cli.options import LockTimeout, RootFolder, Trusted, VerifyFormat, VerifyOutput
from extenci.cli.verification import run_verification
from extenci.model.errors import UsageError


def confirm(
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="The image (SERVICE/NAME) that waits for an answer.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="It works.")] = False,
    no: Annotated[bool, typer.Option("--no", help="It does not work.")] = False,
    root: RootFolder = None,
    lock_timeout: LockTimeout = 0.0,
    output: VerifyOutput = VerifyFormat.TEXT,
    _trust: Trusted = None,
) -> int:
    """Say whether a test VM that waits for an answer works.

    Records the verdict and terminates the test VM. With --no the version is unstaged, unless something uses
    it. This can be done on any machine that has the specs and the service's credentials. An interrupted
    command is finished by the same one.

    \b
    Examples:
      extenci confirm bnl/worker --yes
      extenci confirm bnl/worker --no --root specs
    """
    from extenci import api

    if yes == no:
        raise UsageError("An answer is needed: does it work or not?", "Give either --yes or --no.")
    known = parse_address(address)
    desired = api.load([root] if root else [], service=known.service)
    options = api.Options(lock_timeout=lock_timeout)
    return run_verification(lambda used: api.confirm(desired, known, yes, options=used), options, output)
