"""The needs of checks on this machine, looked at before anything is begun: a mistake here is no fault of an
image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from extenci.model.errors import PlanError
from extenci.model.plan import Plan
from extenci.model.work import VerifyWork
from extenci.verify.checks import kind_of


def require_prerequisites(plan: Plan) -> None:
    """PlanError where a check of the plan cannot be made on this machine."""
    if lacking := find_lacking(plan):
        lines = "".join(f"\n  {line}" for line in lacking)
        raise PlanError(
            f"Checks of the plan cannot be made on this machine.{lines}",
            "Nothing was done. Put that right, or correct the checks in the specs, and run it again.",
        )


def warn_of_prerequisites(plan: Plan) -> Plan:
    """The plan with a warning for each check that cannot be made here. Another machine may apply it."""
    warnings = tuple(f"{line} This machine cannot apply the plan." for line in find_lacking(plan))
    return replace(plan, warnings=(*plan.warnings, *warnings)) if warnings else plan


def find_lacking(plan: Plan) -> tuple[str, ...]:
    """A sentence for everything that keeps a check of the plan from being made here."""
    return tuple(dict.fromkeys(_find_all(plan)))


def _find_all(plan: Plan) -> Iterator[str]:
    for change in plan.changes:
        if isinstance(change.work, VerifyWork):
            for check in change.work.verify.checks:
                for text in kind_of(check).find_lacking(check):
                    yield f"{change.address}: {text}."
