"""A session: one stack, opened, with its catalog and the clients of its services."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from threading import Event

from extenci.api.options import Options
from extenci.api.sandbox import recognise_sandbox
from extenci.api.trust import require_trust
from extenci.apply.leases import Patience, hold_leases
from extenci.catalog.home import Home
from extenci.catalog.lock import hold, is_free
from extenci.catalog.questions import asking_runs
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
from extenci.observe.others import shows_others
from extenci.observe.ownership import owners_of
from extenci.observe.roots import with_machines_of_root
from extenci.observe.service import Needs
from extenci.plan.abilities import needed_abilities
from extenci.plan.inputs import queued_services
from extenci.plan.owners.roots import find_other_roots


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

    def observe(self, records: Records | None = None) -> Observed:
        """Read the records (None: those of the catalog), then the services, except for those that failed
        already. Services on which another root uses the stack's name are left out; PlanError where no other
        is left. A run whose command still asks a person is not over."""
        records = records or self.catalog.records(self.stack)
        records = replace(records, finished_runs=records.finished_runs - asking_runs(self.home))
        queues, abilities = queued_services(self.desired, records), needed_abilities(self.desired)
        needs = {
            name: Needs(name in queues, abilities.get(name, frozenset()), owners_of(self.desired, name))
            for name in self.clients
        }
        found = observe(
            self.clients,
            self.stack,
            records,
            needs=needs,
            failures=self.failures,
            stop=self.options.stop,
            clock=self.clock,
        )
        if self.desired.root_id is not None:
            found = with_machines_of_root(
                found, self.clients, self.stack, self.desired.root_id, self.failures, self.options.stop
            )
        for service, error in find_other_roots(self.desired, found).items():
            self.failures.note(service, error)
        return Observed(records, found.without(self.failures.unread))

    def shows_others(self, service: str) -> bool:
        """Whether a service shows other homes all that this one made there lately, also after a
        stop. CatalogError; ServiceError and its kinds."""
        records = self.catalog.records(self.stack)
        return shows_others(self.clients[service], self.stack, records, clock=self.clock)


@contextmanager
def open_session(
    desired: Desired, home: Home, options: Options, *, is_locked: bool = False
) -> Iterator[Session]:
    """A session; without the lock (`is_locked`) it only reads."""
    services = {name: recognise_sandbox(desired.services[name], home) for name in desired.touched_services}

    def alone(stack: str) -> bool:
        return (is_locked and stack == desired.stack) or is_free(home, stack)

    with (
        Catalog.open(home, alone=alone) as catalog,
        open_clients(services, home, catalog, options.tell, options.stop) as clients,
    ):
        yield Session(desired, home, catalog, clients, options, Failures(clients))


@contextmanager
def open_clients(
    services: Mapping[str, Service],
    home: Home,
    catalog: Catalog,
    tell: Callable[[str], None] = lambda _text: None,
    stop: Event | None = None,
) -> Iterator[Mapping[str, Clients]]:
    """The clients of services, which know what earlier runs learned of them and remember what they learn.
    `tell` takes lines about services that keep people waiting; `stop` set ends waiting for HTCondor.
    NotTrusted where the specs that describe a service may not use what it asks for."""
    require_trust(services.values(), home)
    clients = {
        name: Clients(one, abilities=book_of(one, catalog), waiting=Waiting(tell), stop=stop)
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
    """A session that holds the stack's lock in this home and its leases on its services, so that it may
    change something (LockHeld, Interrupted; ServiceError where no service can be reached)."""
    stop = options.stop or Event()

    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise Interrupted("Waiting for the lock was interrupted. Nothing was done.")

    patience = Patience(time.monotonic() + options.lock_timeout, options.tell, sleep, stop)
    with (
        hold(home, desired.stack, options.command, options.lock_timeout, sleep=sleep, on_wait=options.tell),
        open_session(desired, home, options, is_locked=True) as session,
        hold_leases(
            session.stack,
            session.clients,
            session.failures,
            home,
            options.command,
            patience,
            session.shows_others,
        ),
    ):
        yield session
