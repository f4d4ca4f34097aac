"""Taking a lease, keeping it while a command is at work, and giving it back."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from threading import Event, Thread

from extenci.cloud.leases.store import LeaseStore
from extenci.model.errors import ExtenciError, Interrupted, LeaseHeld, ServiceError
from extenci.model.lease import LEASE_SECONDS, RENEWAL_SECONDS, LeaseTerms, StoredLease
from extenci.model.text import counted

SETTLING_SECONDS = 2.0
"""After this time, those who took over one lease at once see whose it is."""
WATCH_SECONDS = 2.0
"""The pauses between looks whether all that was made shows."""
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
        lag: Callable[[], float] = lambda: 0.0,
        clock: Callable[[], float] = suspended_clock,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`lag` tells for how many seconds the service's lists may lack what was made."""
        self.stack = stack
        self.service = service
        self._store = store
        self._terms = terms
        self._lag = lag
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
        """Take the lease: LeaseHeld while another command has it; ServiceError and its kinds."""
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

    def release(
        self, shows_all: Callable[[], bool] = lambda: True, tell: Callable[[str], None] = lambda _text: None
    ) -> None:
        """Give the lease back, unless it was lost. While others do not see all that was made (`shows_all`,
        which may raise ExtenciError) it is only marked as ended, and ends by itself: whoever
        came now would make that again. The same where giving it back fails, or the service does not answer
        for a while. Where leases do not end by themselves, what was made is waited for."""
        self._ended.set()
        ending = Thread(target=self._give_back, args=(shows_all,), name=f"end-{self.service}", daemon=True)
        ending.start()
        ending.join(timeout=RELEASE_SECONDS)
        if not ending.is_alive() and self._version:
            self._watch(shows_all, tell)
        self._version = ""

    def _give_back(self, shows_all: Callable[[], bool]) -> None:
        """Leaves the version of a lease that does not end by itself."""
        if self._keeper is not None:
            self._keeper.join()
        version, self._version = self._version, ""
        if not version or self._clock() >= self._until - MARGIN_SECONDS:
            return
        with suppress(ServiceError):
            if _is_true(shows_all):
                self._store.delete()
                return
            self._store.renew(replace(self._terms, is_ended=True), version)
            found = self._store.read()
            if found is not None and found.ends_in(0.0) is None:
                self._version = version

    def _watch(self, shows_all: Callable[[], bool], tell: Callable[[str], None]) -> None:
        tell(
            f"Waiting until {self.service} shows everybody what was made: "
            "its leases do not end by themselves."
        )
        until = self._clock() + self._lag()
        with suppress(Interrupted):
            while self._clock() < until and not _is_true(shows_all):
                self._sleep(WATCH_SECONDS)
        with suppress(ServiceError):
            self._store.delete()

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
        raise held(self.stack, self.service, None, self._lag())

    def _inherit(self, found: StoredLease) -> str | None:
        """Take over a lease that is over, or that a dead run of this home has left: its lock is held here.
        None where somebody was quicker."""
        is_own = found.terms is not None and found.terms.home == self._terms.home
        lag = self._lag()
        left = found.ends_in(lag)
        is_over = left is not None and left <= 0
        if not is_own and not is_over:
            raise held(self.stack, self.service, found, lag)
        version = self._store.take_over(self._terms, found.version)
        if version is None or (is_own and not is_over):
            return version
        self._sleep(SETTLING_SECONDS)
        now = self._store.read()
        if now is not None and now.version != version:
            raise held(self.stack, self.service, now, lag)
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


def _is_true(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except ExtenciError:
        return False


def held(stack: str, service: str, found: StoredLease | None, lag: float) -> LeaseHeld:
    """The error of a lease that another command has; `found` is None where it has just begun."""
    who = found.terms.holder if found is not None and found.terms is not None else "another command"
    idle = found.idle if found is not None else None
    if found is not None and found.is_ended:
        return LeaseHeld(
            f"The stack {stack} was changed on {service} a moment ago by {who}, and the service does not "
            "show everything yet that was made.",
            f"Run the command again in {counted(math.ceil(found.ends_in(lag) or lag), 'second')}.",
            ends_in=found.ends_in(lag),
        )
    since = f", renewed {counted(round(idle), 'second')} ago" if idle is not None else ""
    end = f"its lease ends {LEASE_SECONDS + lag:.0f} seconds after the last renewal"
    if found is not None and idle is None:
        end = "its lease does not end by itself, since the service does not say how old it is"
    return LeaseHeld(
        f"The stack {stack} is being changed on {service} by {who}{since}. Two at once could do the same "
        "thing twice.",
        "Wait for it to end, or let this command wait: --lock-timeout 10m. If that command is dead, "
        f"{end}; `extenci unlock` ends it at once.",
    )
