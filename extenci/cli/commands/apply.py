"""`extenci apply`."""

from __future__ import annotations

from pathlib import Path
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
from extenci.model.errors import UsageError

if TYPE_CHECKING:
    from extenci.model.outcome import Result


def apply(  # noqa: PLR0913, PLR0917 - one parameter an option
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
    """Make the services what the specs say. Asks for confirmation.

    Shows the plan, asks for confirmation, and carries it out.

    Instead of specs, PATH can be a file that `extenci plan --out` wrote, here or in another checkout of the
    same specs. Exactly that plan is applied, or nothing where the specs or anything else has changed since.
    Its specs are looked for where they were when it was made; a second PATH says where they are. Ctrl-C stops
    in an orderly way; run apply again to go on.

    \b
    Examples:
      extenci apply
      extenci apply specs --service bnl --auto-approve
      extenci apply bnl.plan
      extenci apply bnl.plan ~/checkout/specs
    """
    from extenci import api

    saved, root = find_plan_file(paths or [], selecting=bool(service or target or exclude or force))

    def start(options: api.Options) -> Result:
        if saved is not None:
            return api.apply_saved(saved, root=root, options=options)
        desired = api.load(
            paths or (), service=service, targets=target or (), excluded=exclude or (), tell=tell
        )
        return api.apply(desired, options=options)

    options = api.Options(force=force, parallelism=parallelism, lock_timeout=lock_timeout)
    return run_approved(start, options, output=output, auto_approve=auto_approve)


def find_plan_file(paths: list[Path], *, selecting: bool) -> tuple[Path | None, Path | None]:
    """The saved plan among the paths and the root of its specs, None where there is none; UsageError where
    it has other paths or options beside it."""
    from extenci import api

    found = next((path for path in paths if api.is_plan_file(path)), None)
    if found is None:
        return None, None
    roots = [path for path in paths if path != found]
    if len(roots) > 1:
        raise UsageError(
            f"{found} is a saved plan, and a saved plan is applied by itself.",
            "Name it alone, or with the folder of its specs.",
        )
    if selecting:
        raise UsageError(
            f"{found} is a saved plan: its selection, and whether it may pass limits, were fixed when it was "
            "made.",
            "Leave out --service, --target, --exclude and --force, or give them to `extenci plan --out`.",
        )
    return found, next(iter(roots), None)
