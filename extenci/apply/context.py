"""The context of one run, and of each of its changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from extenci.apply.calls import JournalCalls
from extenci.apply.listeners import unfailing
from extenci.apply.records import ChangeRecords
from extenci.cloud.journalled.client import Journalled
from extenci.image.sources import Cache
from extenci.launch.context import LaunchContext
from extenci.model.journal import UNKNOWN_ORIGIN, RunOrigin
from extenci.model.outcome import Advanced, Listener, Made, Noted, Outcome, Progress, Underway
from extenci.model.plan import Change
from extenci.model.record import ResourceKind
from extenci.model.verdict import Ask
from extenci.stage.context import StageContext
from extenci.stage.shared_reading import SharedReading

if TYPE_CHECKING:
    from extenci.catalog.records import Catalog
    from extenci.cloud.clients import Clients

Outcomes = Mapping[str, Outcome]
"""The outcomes so far, by the id of their change."""


@dataclass(frozen=True)
class RunContext:
    """One run. `run` is its id in the journal, and the plan's where a saved one is applied; `is_new` whether
    nothing can have been made under that id before; `clock` tells seconds since the epoch.

    `folder` holds files that jobs name, `keys` private keys of test VMs, and `evidence` the findings of their
    checks; `answer` has the answers that were given in advance about test VMs, None: they wait for a person;
    `keep_failed`: a test VM that failed, and its image, are left for a person to look at. `cache` is the
    folder of converted and downloaded disks, `origin` who began the run.
    """

    run: str
    stack: str
    clients: Mapping[str, Clients]
    catalog: Catalog
    listener: Listener
    stop: Event = field(default_factory=Event)
    clock: Callable[[], float] = time.time
    is_new: bool = True
    folder: Path = Path()
    keys: Path = Path()
    evidence: Path = Path()
    answer: Ask | None = None
    keep_failed: bool = False
    cache: Path | None = None
    origin: RunOrigin = UNKNOWN_ORIGIN
    sharing: SharedReading = field(default_factory=SharedReading)

    def tell(self, event: Progress) -> None:
        """Tell the listener; its errors do not disturb the run."""
        unfailing(self.listener)(event)

    def note(self, change: Change, text: str) -> None:
        """Tell something worth a line about a change."""
        self.tell(Noted(change, text))

    def cache_for(self, change: Change) -> Cache | None:
        """Where the sources of a change are converted and downloaded to, None: nowhere."""
        from extenci.cloud.download.downloads import Downloads  # noqa: PLC0415 - its imports load the cloud's

        if self.cache is None:
            return None
        downloads = Downloads(self.clients[change.address.service])
        return Cache(self.cache, downloads, lambda text: self.note(change, text), self.stop)


@dataclass(frozen=True)
class ChangeContext:
    """The context of one change. `outcomes` are those of the changes before it; `stop` set means: end soon,
    tidily."""

    change: Change
    run: RunContext
    outcomes: Outcomes
    stop: Event

    @property
    def clients(self) -> Clients:
        """The clients of the change's service, which only read."""
        return self.run.clients[self.change.address.service]

    @property
    def changes(self) -> Journalled:
        """The changing calls of the change's service, which journal themselves."""
        run, change = self.run, self.change
        calls = JournalCalls(run.catalog.journal, lambda: run.run, change.id, change.address.service)
        return Journalled(self.clients, calls)

    @property
    def records(self) -> ChangeRecords:
        """The records of what the change makes and removes."""
        run = self.run
        return ChangeRecords(run.catalog, run.stack, run.run, self.change.address, run.clock)

    def made_by(self, change: str | None) -> Made:
        """The resources that another change of the plan has made; none where it was not done."""
        outcome = self.outcomes.get(change or "")
        return outcome.made if outcome is not None else Made()

    def unstoppable(self) -> ChangeContext:
        """The same context, which heeds no stop."""
        return replace(self, stop=Event())

    def note(self, text: str) -> None:
        """Tell something worth a line."""
        self.run.note(self.change, text)

    def show(self, text: str, until: float | None = None) -> None:
        """Show the step that the change is at, and the time by which it ends (seconds since the epoch)."""
        self.run.tell(Underway(self.change, text, until))

    def staging(self) -> StageContext:
        """The context in which disks are staged and unstaged."""
        catalog = self.run.catalog
        return StageContext(
            **self._service(),
            on_progress=lambda done, total: self._advance(done, total, "bytes"),
            history=catalog.journal.history(self.change.address.service),
            block_lists=catalog.block_lists,
            upload_notes=catalog.upload_notes,
            sharing=self.run.sharing,
            digest_of=catalog.digests.digest_of,
            cache=self.run.cache_for(self.change),
        )

    def launching(self) -> LaunchContext:
        """The context in which machines are launched and ended."""

        def remember(ids: Sequence[str], tags: Mapping[str, str]) -> None:
            self.records.remember(ResourceKind.MACHINE, ids, tags)

        run, change = self.run, self.change
        return LaunchContext(
            **self._service(),
            run=run.run,
            stack=run.stack,
            change=change.id,
            address=change.address,
            reason=change.reason,
            is_new=run.is_new,
            count_calls=lambda: run.catalog.journal.count_calls(run.run, change.id),
            remember=remember,
            advance=lambda done, total: self._advance(done, total, "machines"),
            jobs_folder=run.folder,
            keys_folder=run.keys,
        )

    def _service(self) -> dict[str, Any]:
        return {
            "clients": self.clients,
            "changes": self.changes,
            "stop": self.stop,
            "clock": self.clients.clock,
            "now": self.run.clock,
            "note": self.note,
        }

    def _advance(self, done: int, total: int, unit: str) -> None:
        self.run.tell(Advanced(self.change, done, total, unit))
