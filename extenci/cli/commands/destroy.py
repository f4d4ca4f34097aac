"""`extenci destroy`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extenci.cli.approval import run_approved
from extenci.cli.options import (
    AutoApprove,
    Excluded,
    Force,
    LockTimeout,
    Parallelism,
    Paths,
    RunFormat,
    RunOutput,
    ServiceName,
    Targets,
    Trusted,
)
from extenci.cli.terminal import tell

if TYPE_CHECKING:
    from extenci.model.outcome import Result


def destroy(  # noqa: PLR0913, PLR0917 - one parameter an option
    paths: Paths = None,
    auto_approve: AutoApprove = False,
    service: ServiceName = None,
    target: Targets = None,
    exclude: Excluded = None,
    force: Force = False,
    parallelism: Parallelism = 10,
    lock_timeout: LockTimeout = 0.0,
    output: RunOutput = RunFormat.TEXT,
    _trust: Trusted = None,
) -> int:
    """Remove all that was made from the specs. Asks for confirmation.

    Shows the plan, asks for confirmation, and carries it out. Only what extenci made for this stack is
    removed.

    \b
    Examples:
      extenci destroy
      extenci destroy specs --service bnl
      extenci destroy --target bnl/pool --auto-approve
    """
    from extenci import api

    def start(options: api.Options) -> Result:
        desired = api.load(
            paths or (), service=service, targets=target or (), excluded=exclude or (), tell=tell
        )
        return api.apply(desired, destroy=True, options=options)

    options = api.Options(force=force, parallelism=parallelism, lock_timeout=lock_timeout)
    return run_approved(start, options, output=output, auto_approve=auto_approve)
