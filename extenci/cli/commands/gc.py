"""`extenci gc`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from extenci.cli.approval import ApprovalTexts, run_approved
from extenci.cli.options import AutoApprove, LockTimeout, Paths, RunFormat, RunOutput, ServiceName, Trusted
from extenci.cli.terminal import tell
from extenci.model.errors import UsageError

if TYPE_CHECKING:
    from extenci.model.outcome import Result

TEXTS = ApprovalTexts("Remove all this", "Interrupted runs have left nothing behind.")


def gc(
    paths: Paths = None,
    service: ServiceName = None,
    stack: Annotated[
        str | None,
        typer.Option("--stack", metavar="NAME", help="Clean up this stack, without specs; needs --service."),
    ] = None,
    auto_approve: AutoApprove = False,
    lock_timeout: LockTimeout = 0.0,
    output: RunOutput = RunFormat.TEXT,
    _trust: Trusted = None,
) -> int:
    """Remove what interrupted runs left behind. Asks for confirmation.

    This covers test VMs that have expired or that nobody waits for, images of an interrupted `test-vm` that
    nobody confirmed, snapshots and uploads that never became an image, key pairs of test VMs that are gone,
    and files in ~/.extenci that nothing needs. Only what extenci made for this stack is removed, and nothing
    that a run, here or elsewhere, may still need.

    \b
    Examples:
      extenci gc
      extenci gc specs --service bnl --auto-approve
      extenci gc --service bnl --stack physics
    """
    from extenci import api

    if stack is not None and (paths or service is None):
        raise UsageError(
            "--stack is for a stack without specs: it needs --service, and takes no PATH.",
            "Give --service NAME, too, or leave --stack out.",
        )

    def start(options: api.Options) -> Result:
        if stack is not None and service is not None:
            return api.gc(api.empty_stack(service, stack=stack), options=options)
        return api.gc(api.load(paths or (), service=service, tell=tell), options=options)

    options = api.Options(lock_timeout=lock_timeout)
    return run_approved(start, options, output=output, auto_approve=auto_approve, texts=TEXTS)
