"""With what the steps of one run work: services, catalog, journal, and how to tell and be told."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from extenci.apply.listeners import unfailing
from extenci.image.sources import Cache
from extenci.model.outcome import Advanced, Listener, Noted, Progress
from extenci.model.ownership import PLAN
from extenci.model.plan import Change
from extenci.model.verdict import Ask
from extenci.model.verification import Forwards
from extenci.stage.context import StageContext
from extenci.stage.shared_reading import SharedReading

if TYPE_CHECKING:
    from extenci.catalog.records import Catalog
    from extenci.cloud.clients import Clients


@dataclass(frozen=True)
class RunContext:
    """One run. `run` is its id in the journal, and the plan's where a saved one is applied; `is_new` whether
    nothing can have been made under that id before; `clock` tells seconds since the epoch.

    `folder` holds files that jobs name, `keys` private keys of test VMs, and `evidence` what their checks
    found; `forwards` are ports of the sandbox's machines that are reached elsewhere; `ask` asks a person
    about a test VM, None: nobody can be asked; `keep_failed`: what failed is left for a person to look at.
    `cache` is the folder of converted and downloaded disks.
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
    ask: Ask | None = None
    forwards: Forwards = field(default_factory=dict)
    keep_failed: bool = False
    cache: Path | None = None
    sharing: SharedReading = field(default_factory=SharedReading)

    def tell(self, event: Progress) -> None:
        """Tell the listener, whose failing is not the run's."""
        unfailing(self.listener)(event)

    def of_change(self, change: Change) -> ChangeContext:
        """A place to do one change at."""
        calls = JournalledCalls(self.catalog, self.run, change)
        clients = self.clients[change.address.service]

        def on_progress(done: int, total: int) -> None:
            self.tell(Advanced(change, done, total, "bytes"))

        staging = StageContext(
            clients,
            calls,
            on_progress=on_progress,
            note=lambda text: self.tell(Noted(change, text)),
            stop=self.stop,
            block_lists=self.catalog.block_lists,
            upload_notes=self.catalog.upload_notes,
            sharing=self.sharing,
            digest_of=self.catalog.digests.digest_of,
            cache=self._cache_for(change),
        )
        return ChangeContext(change, self, staging)

    def _cache_for(self, change: Change) -> Cache | None:
        from extenci.cloud.download.downloads import Downloads  # noqa: PLC0415 - its imports load the cloud's

        def tell(text: str) -> None:
            self.tell(Noted(change, text))

        if self.cache is None:
            return None
        return Cache(self.cache, Downloads(self.clients[change.address.service]), tell, self.stop)


@dataclass(frozen=True)
class ChangeContext:
    """What one change is done with."""

    change: Change
    run_context: RunContext
    staging: StageContext

    def token(self, step: int) -> str:
        """The idempotency token of the change's `step`-th making call: 64 hex characters."""
        text = f"{self.run_context.run}\n{self.change.id}\n{step}"
        return hashlib.sha256(text.encode()).hexdigest()

    def calls_so_far(self) -> int:
        """How many calls this run has written down for the change, in earlier attempts too: a token made
        with it was never used before."""
        return self.run_context.catalog.journal.count_calls(self.run_context.run, self.change.id)

    def tags(self, tags: Mapping[str, str]) -> dict[str, str]:
        """Planned tags, with the id of the plan that is applied."""
        return {**tags, PLAN: self.run_context.run}

    def advance(self, done: int, total: int, unit: str = "machines") -> None:
        """Tell how far the change has got."""
        self.run_context.tell(Advanced(self.change, done, total, unit))

    def note(self, text: str) -> None:
        """Tell something worth a line."""
        self.run_context.tell(Noted(self.change, text))


@dataclass(frozen=True)
class JournalledCalls:
    """The `Calls` of one change, kept in the catalog's journal."""

    catalog: Catalog
    run: str
    change: Change

    def begin(
        self,
        call: str,
        *,
        token: str = "",
        request: Mapping[str, object] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> int:
        """See `Calls.begin`."""
        return self.catalog.journal.begin(
            call,
            run=self.run,
            change=self.change.id,
            service=self.change.address.service,
            token=token,
            request=request,
            tags=tags,
        )

    def settle(self, intent: int, result: Mapping[str, object]) -> None:
        """See `Calls.settle`."""
        self.catalog.journal.settle(intent, result)

    def fail(self, intent: int, reason: str) -> None:
        """See `Calls.fail`."""
        self.catalog.journal.fail(intent, reason)
