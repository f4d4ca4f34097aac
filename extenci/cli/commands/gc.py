"""`extenci gc`."""

from __future__ import annotations

from typing import Annotated

import typer

from extenci.cli.conversation import Words, carry_out
from extenci.cli.options import AutoApprove, Format, LockTimeout, Output, Paths, ServiceName
from extenci.model.errors import UsageError
from extenci.model.outcome import Result

WORDS = Words("Remove all this", "Nothing is left over from runs that were interrupted.\n")


def gc(
    paths: Paths = None,
    service: ServiceName = None,
    stack: Annotated[
        str | None,
        typer.Option("--stack", metavar="NAME", help="Of this stack, without specs; takes --service."),
    ] = None,
    auto_approve: AutoApprove = False,
    lock_timeout: LockTimeout = 0.0,
    output: Output = Format.TEXT,
) -> int:
    """Remove what interrupted runs left behind, after a question.

    That is: test VMs that have expired or that nobody waits for, snapshots that never became an image, what
    was uploaded for one, key pairs of test VMs that are gone, and files in ~/.extenci that nothing needs.
    Only what extenci made for this stack is touched, and nothing that a run, here or elsewhere, may still be
    at.

    \b
    Examples:
      extenci gc
      extenci gc specs --service bnl --auto-approve
      extenci gc --service bnl --stack physics
    """
    from extenci import api

    if stack is not None and (paths or service is None):
        raise UsageError(
            "--stack is for where there are no specs: it takes --service, and no PATH.",
            "Say --service NAME beside it, or leave it out.",
        )

    def start(options: api.Options) -> Result:
        if stack is not None and service is not None:
            return api.gc(api.stack_on(service, stack=stack), options=options)
        return api.gc(api.load(paths or (), service=service), options=options)

    options = api.Options(lock_timeout=lock_timeout)
    return carry_out(start, options, output=output, auto_approve=auto_approve, words=WORDS)
