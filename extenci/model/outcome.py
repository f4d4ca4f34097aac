"""The outcome of carrying out a plan: progress while it runs, and the outcome of each change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from extenci.model.plan import Change, Plan
from extenci.model.verdict import Question, VerifyResult


class Status(StrEnum):
    """The status of a change after a run."""

    DONE = "done"
    FAILED = "failed"
    BLOCKED = "blocked"
    SKIPPED = "skipped"
    """Not carried out, or not to its end, because the run was interrupted."""
    WAITING = "waiting"
    """A person has to say yes before it counts as done."""


@dataclass(frozen=True)
class Made:
    """The ids of what a change has made, which later changes need."""

    image: str | None = None
    snapshot: str | None = None
    machines: tuple[str, ...] = ()

    def to_mapping(self) -> dict[str, object]:
        """The ids that there are, by name."""
        images = {"image": self.image, "snapshot": self.snapshot} if self.image else {}
        return {**images, **({"machines": self.machines} if self.machines else {})}


@dataclass(frozen=True)
class Outcome:
    """The outcome of one change. `made` are the ids that later changes need; `message` says why where it is
    not done; `seconds` is how long it took; `verified` the outcome of a verification, and `question` what a
    person is to be asked about it once the run is over."""

    change: str
    status: Status
    message: str = ""
    hint: str = ""
    made: Made = Made()
    seconds: float = 0.0
    verified: VerifyResult | None = None
    question: Question | None = None


@dataclass(frozen=True)
class Began:
    """Work on a change has begun."""

    change: Change


@dataclass(frozen=True)
class Advanced:
    """A change made progress: `done` of `total` units (`bytes` sent, `machines` ready)."""

    change: Change
    done: int
    total: int
    unit: str


@dataclass(frozen=True)
class Underway:
    """The step that a change is at, until the next event about it, and the time by which the step ends
    (seconds since the epoch; None: unknown)."""

    change: Change
    text: str
    until: float | None = None


@dataclass(frozen=True)
class Noted:
    """Something worth a line about a change: a machine's address, a warning, a wait."""

    change: Change | None
    text: str


@dataclass(frozen=True)
class Ended:
    """Work on a change has ended, whatever its outcome."""

    change: Change
    outcome: Outcome


Progress = Began | Advanced | Underway | Noted | Ended
Listener = Callable[[Progress], None]
"""Takes events from any thread, quickly, and never raises."""


@dataclass(frozen=True)
class Result:
    """The outcome of a whole apply. `run` is its id in the journal; `unrecorded` says why the catalog could
    not take in what was done, "" where it could."""

    run: str
    plan: Plan
    outcomes: tuple[Outcome, ...]
    seconds: float = 0.0
    unrecorded: str = ""

    @property
    def waits(self) -> bool:
        """Whether nothing failed, and all that is not done waits for a person."""
        statuses = {outcome.status for outcome in self.outcomes}
        failed = bool(self.unrecorded or self.plan.unread) or any(not one.waits for one in self.plan.blocked)
        waiting = Status.WAITING in statuses or any(one.waits for one in self.plan.blocked)
        return waiting and not failed and not statuses & {Status.FAILED, Status.SKIPPED}

    @property
    def ok(self) -> bool:
        """Whether everything that was asked for was done, and is known to the catalog."""
        done = all(outcome.status is Status.DONE for outcome in self.outcomes)
        return done and not self.plan.blocked and not self.plan.unread and not self.unrecorded
