"""`extenci confirm`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from extenci.cli.options import LockTimeout
from extenci.cli.verdicts import VerifyFormat, as_address, carry_out
from extenci.model.errors import UsageError


def confirm(
    address: Annotated[str, typer.Argument(metavar="ADDR", help="The image (SERVICE/NAME) that waits.")],
    yes: Annotated[bool, typer.Option("--yes", help="It works.")] = False,
    no: Annotated[bool, typer.Option("--no", help="It does not work.")] = False,
    root: Annotated[
        Path | None, typer.Option("--root", metavar="PATH", help="Where the specs are. Default: here.")
    ] = None,
    lock_timeout: LockTimeout = 0.0,
    output: Annotated[
        VerifyFormat, typer.Option("--format", help="How the result is printed.")
    ] = VerifyFormat.TEXT,
) -> int:
    """Say whether a test VM that waits for a person works.

    Records the verdict and ends the test VM; with --no the version is unstaged, unless something uses it.
    Any machine with the specs and the service's credentials will do.

    \b
    Examples:
      extenci confirm bnl/worker --yes
      extenci confirm bnl/worker --no --root specs
    """
    from extenci import api

    if yes == no:
        raise UsageError("Say whether it works.", "Give --yes or --no.")
    known = as_address(address)
    desired = api.load([root] if root else [], service=known.service)
    options = api.Options(lock_timeout=lock_timeout)
    return carry_out(lambda used: api.confirm(desired, known, yes, options=used), options, output)
