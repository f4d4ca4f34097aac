"""Taking a lease, keeping it while a command is at work, and giving it back."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread

from extenci.cloud.leases.store import LeaseStore
from extenci.model.errors import LockHeld, ServiceError
from extenci.model.lease import LEASE_SECONDS, RENEWAL_SECONDS, LeaseTerms, StoredLease
from extenci.model.text import counted

SETTLING_SECONDS = 2.0
"""After this time, those who took over one lease at once see whose it is."""
MARGIN_SECONDS = 5.0
"""How long before its end a lease counts as lost: a call that has begun takes some time."""
RELEASE_SECONDS = 15.0
"""How long a service has to take a lease back."""
TRIES = 3


def suspended_clock() -> float:
    """Seconds that only rise, and go on while the machine is suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Lease:
    """A stack's lease on one service, held by a command. Any thread may `check` it."""

    def __init__(
        self,
        stack: str,
        service: str,
        store: LeaseStore,
        terms: LeaseTerms,
        *,
        clock: Callable[[], float] = suspended_clock,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.stack = stack
        self.service = service
        self._store = store
        self._terms = terms
        self._clock = clock
        self._sleep = sleep
        self._version = ""
        self._until = 0.0
        self._ended = Event()
        self._keeper: Thread | None = None

    @property
    def place(self) -> str:
        """Where it is kept, for people."""
        return self._store.place

    def take(self) -> None:
        """Take the lease: LockHeld while another command has it; ServiceError and its kinds."""
        began = self._clock()
        version = self._take()
        self._version, self._until = version, began + LEASE_SECONDS
        self._keeper = Thread(target=self._keep, name=f"lease-{self.service}", daemon=True)
        self._keeper.start()

    def check(self) -> None:
        """ServiceError where the lease was lost, or may be by now: then nothing more may be changed."""
        if self._clock() < self._until - MARGIN_SECONDS:
            return
        raise ServiceError(
            f"The lease of the stack {self.stack} on {self.service} ({self.place}) could not be renewed in "
            "time, so another command may be at work by now. Nothing more is changed.",
            "Run the command again: it goes on where this one stopped.",
            service=self.service,
            code="LeaseLost",
        )

    def release(self) -> None:
        """Give the lease back, unless it was lost. Where that fails, or the service does not answer for a
        while, it ends by itself."""
        self._ended.set()
        ending = Thread(target=self._give_back, name=f"end-lease-{self.service}", daemon=True)
        ending.start()
        ending.join(timeout=RELEASE_SECONDS)

    def _give_back(self) -> None:
        if self._keeper is not None:
            self._keeper.join()
        if self._version and self._clock() < self._until - MARGIN_SECONDS:
            with suppress(ServiceError):
                self._store.delete()
        self._version = ""

    def _take(self) -> str:
        for _ in range(TRIES):
            version = self._store.create(self._terms)
            if version is not None:
                return version
            found = self._store.read()
            if found is not None:
                version = self._inherit(found)
                if version is not None:
                    return version
        raise held(self.stack, self.service, None)

    def _inherit(self, found: StoredLease) -> str | None:
        """Take over a lease that is over, or that a dead run of this home has left: its lock is held here.
        None where somebody was quicker."""
        is_own = found.terms is not None and found.terms.home == self._terms.home
        if not is_own and not found.is_over:
            raise held(self.stack, self.service, found)
        version = self._store.take_over(self._terms, found.version)
        if version is None or (is_own and not found.is_over):
            return version
        self._sleep(SETTLING_SECONDS)
        now = self._store.read()
        if now is not None and now.version != version:
            raise held(self.stack, self.service, now)
        return version

    def _keep(self) -> None:
        while not self._ended.wait(RENEWAL_SECONDS):
            began = self._clock()
            if began >= self._until:
                return
            with suppress(ServiceError):
                version = self._store.renew(self._terms, self._version)
                if version is None:
                    self._until = 0.0
                    return
                self._version, self._until = version, began + LEASE_SECONDS


def held(stack: str, service: str, found: StoredLease | None) -> LockHeld:
    """The error of a lease that another command has; `found` is None where it has just begun."""
    who = found.terms.holder if found is not None and found.terms is not None else "another command"
    idle = found.idle if found is not None else None
    since = f", renewed {counted(round(idle), 'second')} ago" if idle is not None else ""
    end = f"its lease ends {LEASE_SECONDS:.0f} seconds after the last renewal"
    if found is not None and idle is None:
        end = "its lease does not end by itself, since the service does not say how old it is"
    return LockHeld(
        f"The stack {stack} is being changed on {service} by {who}{since}. Two at once could do the same "
        "thing twice.",
        "Wait for it to end, or let this command wait: --lock-timeout 10m. If that command is dead, "
        f"{end}; `extenci unlock` ends it at once.",
    )
