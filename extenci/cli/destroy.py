"""`extenci destroy`."""

from __future__ import annotations

from extenci.cli.applying import Hooks, carry_out, command_line
from extenci.cli.options import (
    AutoApprove,
    Force,
    Format,
    LockTimeout,
    Output,
    Parallelism,
    Paths,
    ServiceName,
    Targets,
)
from extenci.model.outcomes import Result


def destroy(
    paths: Paths = None,
    auto_approve: AutoApprove = False,
    service: ServiceName = None,
    target: Targets = None,
    force: Force = False,
    parallelism: Parallelism = 10,
    lock_timeout: LockTimeout = 0.0,
    output: Output = Format.TEXT,
) -> int:
    """Remove all that was made from the specs: show the plan, ask, do it.

    Only what extenci made for this stack is touched.

    \b
    Examples:
      extenci destroy
      extenci destroy specs --service bnl
      extenci destroy --target bnl/pool --auto-approve
    """
    from extenci import api  # noqa: PLC0415 - loaded when used

    def start(hooks: Hooks) -> Result:
        return api.apply(
            api.load(paths or (), service=service, targets=target or ()),
            destroy=True,
            approve=hooks.approve,
            force=force,
            parallelism=parallelism,
            lock_timeout=lock_timeout,
            command=command_line(),
            listener=hooks.listener,
            on_plan=hooks.on_plan,
            stop=hooks.stop,
        )

    return carry_out(start, output=output, auto_approve=auto_approve)
