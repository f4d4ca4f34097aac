"""A home whose commands run against the model cloud: the real planner, executor, steps, journal, recovery and
leases, from `extenci.api` down to the clients."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from extenci.api.apply_plans import recover_and_plan
from extenci.api.approval import Proposal
from extenci.api.execution import Run, carry_out
from extenci.api.leftovers import propose_gc
from extenci.api.options import Options
from extenci.api.plans import make_planned
from extenci.api.session import Session, book_of
from extenci.apply.leases import Patience, hold_leases
from extenci.catalog.database.connection import Database
from extenci.catalog.home import Home
from extenci.catalog.journal.journal import Journal
from extenci.catalog.lock import hold
from extenci.catalog.records import Catalog
from extenci.model.desired import Desired
from extenci.model.errors import ExtenciError
from extenci.model.outcome import Result
from extenci.model.plan import Plan
from extenci.observe.failures import Failures
from tests.states.clock import Stop
from tests.states.cloud import Cloud
from tests.states.faults import FaultKind, Faults, Killed
from tests.states.sdk import ModelClients, Sdk

SERVICE = "cloud"


@dataclass(frozen=True)
class Ended:
    """How a command ended: with a result, with an error for people, or killed (neither)."""

    result: Result | None = None
    error: ExtenciError | None = None

    @property
    def is_done(self) -> bool:
        """Whether it exits with 0, as far as the services go."""
        return self.result is not None and self.result.ok

    @property
    def defects(self) -> list[str]:
        """Its errors that are no ExtenciErrors."""
        outcomes = self.result.outcomes if self.result is not None else ()
        return [one.message for one in outcomes if one.message.startswith("unexpected ")]

    def __str__(self) -> str:
        if self.result is None:
            return f"refused: {self.error}" if self.error else "killed"
        said = (f"{one.change}: {one.status} {one.message}" for one in self.result.outcomes)
        return "; ".join(said) or "nothing to do"


class MortalDatabase(Database):
    """A database whose process may be killed before or after each write."""

    def __init__(self, home: Home, faults: Faults) -> None:
        super().__init__(home)
        self._faults = faults

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """See `Database.writing`."""
        fault = self._faults.before_write()
        if fault is FaultKind.KILL_BEFORE:
            raise self._faults.kill()
        with super().writing() as connection:
            yield connection
        if fault is not None:
            raise self._faults.kill()


class WitnessedJournal(Journal):
    """A journal that also lets the cloud know what a call is made for: it has no other means to count the
    machines of a group where nothing is tagged, or tagged later."""

    def __init__(self, database: Database, cloud: Cloud) -> None:
        super().__init__(database, cloud.clock, lambda _stack: True)
        self._cloud = cloud

    def begin(
        self,
        call: str,
        *,
        run: str,
        change: str,
        service: str,
        token: str = "",
        request: Mapping[str, object] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> int:
        """See `Journal.begin`."""
        if token and tags:
            self._cloud.meant[token] = dict(tags)
        return super().begin(
            call, run=run, change=change, service=service, token=token, request=request, tags=tags
        )


class ModelHome:
    """One home, at the model cloud."""

    def __init__(self, folder: Path, cloud: Cloud) -> None:
        self.home = Home(folder)
        self.cloud = cloud

    def apply(self, desired: Desired, faults: Faults | None = None, *, destroy: bool = False) -> Ended:
        """`extenci apply`, or `destroy`."""

        def propose(session: Session) -> Proposal:
            planned, observed = recover_and_plan(session, destroy=destroy)
            return Proposal(planned.plan, observed)

        return self._command(desired, faults or Faults(), propose, is_whole=True)

    def gc(self, desired: Desired, faults: Faults | None = None) -> Ended:
        """`extenci gc`."""
        return self._command(desired, faults or Faults(), propose_gc, is_whole=False)

    def plan(self, desired: Desired, *, destroy: bool = False) -> Plan:
        """`extenci plan`."""
        with self._session(desired, Faults(), Stop(self.cloud.clock)) as session:
            return make_planned(session, destroy=destroy)[0].plan

    def initialise(self, service: str) -> None:
        """`extenci catalog init`."""
        with Catalog.open(self.home, self.cloud.clock) as catalog:
            catalog.initialise(service)

    def _command(
        self, desired: Desired, faults: Faults, propose: Callable[[Session], Proposal], *, is_whole: bool
    ) -> Ended:
        stop = Stop(self.cloud.clock)
        try:
            with self._locked(desired, faults, stop) as session:
                proposal = propose(session)
                result = carry_out(session, proposal.plan, proposal.observed, Run(is_whole=is_whole))
        except Killed:
            return Ended()
        except ExtenciError as error:
            return Ended(error=error)
        return Ended(result)

    @contextmanager
    def _locked(self, desired: Desired, faults: Faults, stop: Event) -> Iterator[Session]:
        """As `extenci.api.session.open_locked`, with the model's clients and clock."""
        clock = self.cloud.clock
        patience = Patience(0.0, lambda _text: None, lambda seconds: _wait(stop, seconds), stop)
        with (
            hold(self.home, desired.stack, "extenci apply", clock=clock, sleep=clock.sleep),
            self._session(desired, faults, stop) as session,
            hold_leases(
                session.stack,
                session.clients,
                session.failures,
                self.home,
                "apply",
                patience,
                session.shows_others,
                clock,
            ),
            self.cloud.kept_lease(),
        ):
            yield session

    @contextmanager
    def _session(self, desired: Desired, faults: Faults, stop: Event) -> Iterator[Session]:
        clock = self.cloud.clock
        database = MortalDatabase(self.home, faults)
        with Catalog(database, clock, alone=lambda _stack: True) as catalog:
            catalog.journal = WitnessedJournal(database, self.cloud)
            clients = {
                name: ModelClients(service, Sdk(self.cloud, faults, stop), clock, book_of(service, catalog))
                for name, service in desired.services.items()
            }
            options = Options(parallelism=1, stop=stop)
            yield Session(desired, self.home, catalog, clients, options, Failures(clients), clock)


def _wait(stop: Event, seconds: float) -> None:
    stop.wait(seconds)


def write_disk(path: Path, content: int) -> None:
    """A disk of one MiB; its second block is the same whatever its content is. Its time is long ago, so that
    it is not read again and again."""
    block = 512 * 1024
    path.write_bytes(bytes([content]) * block + b"\xaa" * block)
    os.utime(path, (1_000_000_000 + content, 1_000_000_000 + content))
