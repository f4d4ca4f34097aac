"""The leases of a command: one at a time changes a stack on a service, wherever it runs."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from threading import Event

from extenci.catalog.home import Home
from extenci.catalog.identity import home_id
from extenci.catalog.process import who_runs
from extenci.cloud.clients import Clients
from extenci.cloud.leases.lease import Lease
from extenci.cloud.leases.store import LeaseNotOffered, LeaseStore
from extenci.cloud.leases.stores import stores_of
from extenci.model.abilities import Ability
from extenci.model.errors import LeaseHeld
from extenci.model.journal import VISIBLE_SECONDS
from extenci.model.lease import LeaseTerms
from extenci.observe.failures import Failures
from extenci.observe.parallel import answers

PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Patience:
    """How long a command waits for leases: until `deadline` (monotonic seconds). `tell` is told for whom it
    waits; `sleep` waits for seconds, or raises Interrupted, as all waiting does once `stop` is set."""

    deadline: float
    tell: Callable[[str], None]
    sleep: Callable[[float], None]
    stop: Event


@contextmanager
def hold_leases(
    stack: str,
    clients: Mapping[str, Clients],
    failures: Failures,
    home: Home,
    command: str,
    patience: Patience,
    shows_all: Callable[[str], bool],
    clock: Callable[[], float] = time.time,
) -> Iterator[None]:
    """Hold the leases of a stack on services while the block runs. LeaseHeld where another command has one
    for longer than this one waits; Interrupted. A service that fails is left out; ServiceError where none is
    left. `shows_all` tells whether others see at a service what this home made there; `clock` seconds since
    the epoch."""
    terms = LeaseTerms(home_id(home), uuid.uuid4().hex, holder_text(command))
    held: dict[str, Lease] = {}

    def take_all() -> None:
        for name in failures.working():
            with failures.noting(name):
                stores = stores_of(clients[name], stack, home.leases_folder, clock)
                lease = _take(stack, clients[name], stores, terms, held, patience)
                if lease is not None:
                    leases.callback(lease.release, partial(shows_all, name), patience.tell)
                    _fence(clients[name], lease)

    with ExitStack() as leases:
        answers({"leases": take_all}, patience.stop)
        yield


def _take(
    stack: str,
    clients: Clients,
    stores: Sequence[LeaseStore],
    terms: LeaseTerms,
    held: dict[str, Lease],
    patience: Patience,
) -> Lease | None:
    """The lease of a stack on one service; None where it needs none, or can have none. Two services that
    share an account share the lease."""
    refusal: LeaseNotOffered | None = None
    for store in stores:
        if store.place in held:
            _fence(clients, held[store.place])
            return None
        lease = Lease(
            stack, clients.service.name, store, terms, lag=partial(lag_of, clients), sleep=patience.sleep
        )
        try:
            _wait_for(lease, patience)
        except LeaseNotOffered as error:
            refusal = error
            continue
        held[store.place] = lease
        return lease
    if refusal is not None:
        if clients.service.lock is not None:
            raise refusal
        patience.tell(
            f"No lease keeps others from changing the stack {stack} on {clients.service.name} at the same "
            f"time: {refusal.message} See to it that nobody else does, or say `lock: none`."
        )
    return None


def _fence(clients: Clients, lease: Lease) -> None:
    clients.fence, clients.is_leased = lease.check, True


def lag_of(clients: Clients) -> float:
    """For how many seconds a service's lists may lack what was made."""
    return 0.0 if clients.abilities.has(Ability.CONSISTENT) else VISIBLE_SECONDS


def _wait_for(lease: Lease, patience: Patience) -> None:
    """A lease whose command is over is waited for in any case: it ends soon."""
    is_told = False
    while True:
        try:
            lease.take()
        except LeaseHeld as error:
            left = max(patience.deadline - time.monotonic(), error.ends_in or 0.0)
            if left <= 0:
                raise
            if not is_told:
                patience.tell(f"Waiting: {error.message}")
                is_told = True
            patience.sleep(min(PAUSE_SECONDS, left))
        else:
            return


def holder_text(command: str) -> str:
    """Who is at work, for others."""
    since = datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{who_runs()} (`{command}`, since {since})"
