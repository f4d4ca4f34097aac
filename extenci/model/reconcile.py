"""One pass of reconciling: a commit, what was done, and what is left for a person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from extenci.model.outcome import Result
from extenci.model.plan import Plan


class PassStatus(StrEnum):
    """How a pass ended."""

    IN_SYNC = "in sync"
    APPLIED = "applied"
    PENDING = "pending"
    """Changes are pending, and were only to be detected."""
    WAITING = "waiting"
    """All that is not done waits for a person's word about a test VM."""
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Pass:
    """One pass. `at` is when it began, in seconds since the epoch; `root` the spec root as the user names it;
    `commit` and `branch` are "" for a folder that is taken as it is, `stack` where the specs could not be
    read.

    `plan` is what was found, where it was only to be detected; `results` are what was carried out, one
    for all services or one each. `left` are sentences about what needs a person; `error` and `hint` say why
    nothing was planned, "" where it was.
    """

    at: float
    seconds: float
    root: str
    commit: str = ""
    branch: str = ""
    stack: str = ""
    plan: Plan | None = None
    results: tuple[Result, ...] = ()
    left: tuple[str, ...] = ()
    error: str = ""
    hint: str = ""
    interrupted: bool = False

    @property
    def status(self) -> PassStatus:
        """How it ended."""
        if self.interrupted:
            return PassStatus.INTERRUPTED
        if self.error or self.left:
            return PassStatus.FAILED
        if self.plan is not None:
            return _status_of_plan(self.plan)
        if all(result.ok for result in self.results):
            done = any(result.outcomes for result in self.results)
            return PassStatus.APPLIED if done else PassStatus.IN_SYNC
        waits = all(result.ok or result.waits for result in self.results)
        return PassStatus.WAITING if waits else PassStatus.FAILED

    @property
    def exit_status(self) -> int:
        """0 in sync or applied; 2 changes pending; 3 waiting for a person; 1 otherwise."""
        statuses = {
            PassStatus.IN_SYNC: 0,
            PassStatus.APPLIED: 0,
            PassStatus.PENDING: 2,
            PassStatus.WAITING: 3,
        }
        return statuses.get(self.status, 1)

    @property
    def plans(self) -> tuple[Plan, ...]:
        """The plan that was found, or those that were carried out."""
        return (self.plan,) if self.plan is not None else tuple(result.plan for result in self.results)


@dataclass(frozen=True)
class LastPass:
    """What is kept of the last pass: its status, a sentence about it, and when a pass last ended well (0:
    never)."""

    at: float
    commit: str
    branch: str
    status: PassStatus
    summary: str
    ok_at: float


def _status_of_plan(plan: Plan) -> PassStatus:
    if plan.unread or any(not one.waits for one in plan.blocked):
        return PassStatus.FAILED
    if plan.blocked:
        return PassStatus.WAITING
    return PassStatus.IN_SYNC if plan.is_empty else PassStatus.PENDING
