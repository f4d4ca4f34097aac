"""Options that most jobs share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from extenci.apply.listeners import unfailing
from extenci.model.outcome import Listener, Noted, Progress
from extenci.model.plan import Plan
from extenci.model.verdict import Ask

Approve = Callable[[Plan], bool]
"""Is shown a plan, and says whether to carry it out."""


def ignore(_event: Progress) -> None:
    """A listener that does nothing."""


@dataclass(frozen=True)
class Options:
    """How a job goes about its work.

    `approve` decides on the plan (None: nobody is asked), `on_plan` is shown it before anything is done, and
    `force` waives the limits of the services. At most `parallelism` changes are carried out at a time;
    `lock_timeout` is how many seconds to wait for the lock, and `command` is what others are told who wait
    for it. `listener` is told about progress; setting `stop` interrupts the job.

    `ask` asks a person whether a test VM works (None: its version waits for `confirm`). It is called when
    all else is done, without the lock, and is given one question at a time. `answer` answers in advance
    instead, at once and from any thread. `evidence` is the folder for what the checks find (None: one in the
    home), and `keep_failed` leaves a test VM that failed running and its image staged. `hooks`: whether the
    hooks of the specs are told the result.
    """

    approve: Approve | None = None
    force: bool = False
    parallelism: int = 10
    lock_timeout: float = 0.0
    command: str = "extenci apply"
    listener: Listener = ignore
    on_plan: Callable[[Plan], None] = lambda _plan: None
    stop: Event | None = None
    ask: Ask | None = None
    answer: Ask | None = None
    evidence: Path | None = None
    keep_failed: bool = False
    hooks: bool = True

    def tell(self, text: str) -> None:
        """Tell the listener something that is worth a line. A listener that fails ends nothing."""
        unfailing(self.listener)(Noted(None, text))


DEFAULTS = Options()
