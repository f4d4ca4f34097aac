"""A session: one stack, opened, with its catalog and the clients of its services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event

from extenci.api.options import Options
from extenci.api.sandbox import recognise_sandbox
from extenci.catalog.home import Home
from extenci.catalog.lock import hold
from extenci.catalog.records import Catalog
from extenci.cloud.clients import Clients
from extenci.model.desired import Desired
from extenci.model.errors import Interrupted
from extenci.model.observed import Observation
from extenci.model.record import Records
from extenci.observe.observe import observe
from extenci.plan.inputs import queued_services


@dataclass(frozen=True)
class Observed:
    """The records and the services, as they were read at one moment."""

    records: Records
    observation: Observation


@dataclass(frozen=True)
class Session:
    """One stack's catalog, and the clients of the services that the selection is about."""

    desired: Desired
    home: Home
    catalog: Catalog
    clients: Mapping[str, Clients]
    options: Options

    @property
    def stack(self) -> str:
        """The stack's name."""
        return self.desired.stack

    def observe(self) -> Observed:
        """Read the records, then the services."""
        records = self.catalog.records(self.stack)
        queues = queued_services(self.desired, records)
        return Observed(
            records, observe(self.clients, self.stack, records, queues=queues, stop=self.options.stop)
        )


@contextmanager
def open_session(desired: Desired, home: Home, options: Options) -> Iterator[Session]:
    """A session that only reads: it takes no lock."""
    services = {name: recognise_sandbox(desired.services[name], home) for name in desired.touched_services}
    clients = {name: Clients(service) for name, service in services.items()}
    try:
        with Catalog.open(home) as catalog:
            yield Session(desired, home, catalog, clients, options)
    finally:
        for client in clients.values():
            client.close()


@contextmanager
def open_locked(desired: Desired, home: Home, options: Options) -> Iterator[Session]:
    """A session that holds the home's lock, so that it may change something (LockHeld, Interrupted)."""
    stop = options.stop or Event()

    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise Interrupted("Waiting for the lock was interrupted. Nothing was done.")

    with (
        hold(home, options.command, options.lock_timeout, sleep=sleep, on_wait=options.tell),
        open_session(desired, home, options) as session,
    ):
        yield session
