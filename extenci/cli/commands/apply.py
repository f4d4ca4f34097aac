"""`extenci apply`."""

from __future__ import annotations

from pathlib import Path

from extenci.cli.approval import run_approved
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
    Trusted,
)
from extenci.cli.terminal import tell
from extenci.model.errors import UsageError
from extenci.model.outcome import Result


def apply(
    paths: Paths = None,
    auto_approve: AutoApprove = False,
    service: ServiceName = None,
    target: Targets = None,
    force: Force = False,
    parallelism: Parallelism = 10,
    lock_timeout: LockTimeout = 0.0,
    output: Output = Format.TEXT,
    _trust: Trusted = None,
) -> int:
    """Make the services what the specs say. Asks for confirmation.

    Shows the plan, asks for confirmation, and carries it out.

    Instead of specs, PATH can be a file that `extenci plan --out` wrote. Exactly that plan is applied, or
    nothing where something has changed since. Ctrl-C stops in an orderly way; run apply again to go on.

    \b
    Examples:
      extenci apply
      extenci apply specs --service bnl --auto-approve
      extenci apply bnl.plan
    """
    from extenci import api

    saved = find_plan_file(paths or [], selecting=bool(service or target or force))

    def start(options: api.Options) -> Result:
        if saved is not None:
            return api.apply_saved(saved, options=options)
        desired = api.load(paths or (), service=service, targets=target or (), tell=tell)
        return api.apply(desired, options=options)

    options = api.Options(force=force, parallelism=parallelism, lock_timeout=lock_timeout)
    return run_approved(start, options, output=output, auto_approve=auto_approve)


def find_plan_file(paths: list[Path], *, selecting: bool) -> Path | None:
    """The saved plan among the paths, if any; UsageError where it has paths or options beside it."""
    from extenci import api

    found = next((path for path in paths if api.is_plan_file(path)), None)
    if found is None:
        return None
    if len(paths) > 1:
        raise UsageError(
            f"{found} is a saved plan, and a saved plan is applied by itself.", "Name it without other paths."
        )
    if selecting:
        raise UsageError(
            f"{found} is a saved plan: its selection, and whether it may pass limits, were fixed when it was "
            "made.",
            "Leave out --service, --target and --force, or give them to `extenci plan --out`.",
        )
    return found
