"""A session: one stack, opened, with its catalog and the clients of its services."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from threading import Event

from extenci.api.options import Options
from extenci.api.sandbox import recognise_sandbox
from extenci.api.trust import require_trust
from extenci.apply.leases import Patience, hold_leases
from extenci.catalog.home import Home
from extenci.catalog.lock import hold, is_free
from extenci.catalog.records import Catalog
from extenci.cloud.abilities import AbilityBook
from extenci.cloud.aws.answers.waiting import Waiting
from extenci.cloud.clients import Clients
from extenci.model.abilities import Abilities, Ability, Evidence
from extenci.model.desired import Desired
from extenci.model.errors import CatalogError, Interrupted
from extenci.model.observed import Observation
from extenci.model.record import Records
from extenci.model.service import Service
from extenci.observe.failures import Failures
from extenci.observe.observe import observe
from extenci.plan.abilities import needed_abilities
from extenci.plan.inputs import queued_services


@dataclass(frozen=True)
class Observed:
    """The records and the services, as they were read at one moment."""

    records: Records
    observation: Observation


@dataclass(frozen=True)
class Session:
    """One stack's catalog, and the clients of the services that the selection is about. `failures` are those
    that failed since it was opened; `clock` tells seconds since the epoch."""

    desired: Desired
    home: Home
    catalog: Catalog
    clients: Mapping[str, Clients]
    options: Options
    failures: Failures
    clock: Callable[[], float] = time.time

    @property
    def stack(self) -> str:
        """The stack's name."""
        return self.desired.stack

    def observe(self) -> Observed:
        """Read the records, then the services, except for those that failed already."""
        records = self.catalog.records(self.stack)
        queues = queued_services(self.desired, records)
        found = observe(
            self.clients,
            self.stack,
            records,
            queues=queues,
            needed=needed_abilities(self.desired),
            failures=self.failures,
            stop=self.options.stop,
            clock=self.clock,
        )
        return Observed(records, found)


@contextmanager
def open_session(
    desired: Desired, home: Home, options: Options, *, is_locked: bool = False
) -> Iterator[Session]:
    """A session; without the lock (`is_locked`) it only reads."""
    services = {name: recognise_sandbox(desired.services[name], home) for name in desired.touched_services}
    alone = partial(is_free, home) if not is_locked else lambda: True
    with (
        Catalog.open(home, alone=alone) as catalog,
        open_clients(services, home, catalog, options.tell) as clients,
    ):
        yield Session(desired, home, catalog, clients, options, Failures(clients))


@contextmanager
def open_clients(
    services: Mapping[str, Service],
    home: Home,
    catalog: Catalog,
    tell: Callable[[str], None] = lambda _text: None,
) -> Iterator[Mapping[str, Clients]]:
    """The clients of services, which know what earlier runs learned of them and remember what they learn.
    `tell` takes lines about services that keep people waiting. NotTrusted where the specs that describe a
    service may not use what it asks for."""
    require_trust(services.values(), home)
    clients = {
        name: Clients(one, abilities=book_of(one, catalog), waiting=Waiting(tell))
        for name, one in services.items()
    }
    try:
        yield clients
    finally:
        for client in clients.values():
            client.close()


def book_of(service: Service, catalog: Catalog) -> AbilityBook:
    """The known abilities of a service. A catalog that cannot be written to only forgets."""

    def remember(ability: Ability, evidence: Evidence) -> None:
        with suppress(CatalogError):
            catalog.abilities.remember(service, ability, evidence)

    is_complete = len(service.abilities.evidence) == len(Ability)
    learned = Abilities() if is_complete else catalog.abilities.of(service)
    return AbilityBook(service.abilities, learned, remember)


@contextmanager
def open_locked(desired: Desired, home: Home, options: Options) -> Iterator[Session]:
    """A session that holds the home's lock and the stack's leases on its services, so that it may change
    something (LockHeld, Interrupted; ServiceError where no service can be reached)."""
    stop = options.stop or Event()

    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise Interrupted("Waiting for the lock was interrupted. Nothing was done.")

    patience = Patience(time.monotonic() + options.lock_timeout, options.tell, sleep, stop)
    with (
        hold(home, options.command, options.lock_timeout, sleep=sleep, on_wait=options.tell),
        open_session(desired, home, options, is_locked=True) as session,
        hold_leases(session.stack, session.clients, session.failures, home, options.command, patience),
    ):
        yield session
