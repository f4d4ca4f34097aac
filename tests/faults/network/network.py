"""The network between extenci and a cloud: what happens to each call, and a log of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.network.call import Answer, Api, Call, Delivery
from tests.faults.network.failures import Failures
from tests.faults.network.hiding import Hiding
from tests.faults.network.kill import Kill
from tests.faults.network.server import Listener, hand_on
from tests.faults.network.tls import DOMAIN, make_authority

ADDRESS = "127.5.7.9"
"""Of the listeners of programs that know no proxy."""
APIS: tuple[Api, ...] = ("ec2", "s3", "ebs")


@dataclass(frozen=True)
class Passed:
    """A call in the log. `at` is of the monotonic clock; `outcome` the status, or the fault."""

    at: float
    key: str
    action: str
    detail: str
    outcome: str


class Network:
    """Its conditions may change at any time. They are for extenci's calls: HTCondor's own pass as they are,
    since what it does with a cloud that fails or hides is not tried here."""

    def __init__(self, backends: Mapping[Api, str], folder: Path) -> None:
        self.kill: Kill | None = None
        self.failures: Failures | None = None
        self.hiding: Hiding | None = None
        self.log: list[Passed] = []
        self._backends = backends
        self._under_way = 0
        self._idle = threading.Condition()
        self.authority, context = make_authority(folder)
        self._proxy = Listener("127.0.0.1", self._deliver, None, context)
        self._direct = {api: Listener(ADDRESS, self._deliver, api, None) for api in APIS}

    @property
    def proxy_url(self) -> str:
        return self._proxy.url

    @property
    def named(self) -> dict[Api, str]:
        """Endpoints that are reached by the proxy only."""
        return {api: f"https://{api}.{DOMAIN}" for api in APIS}

    @property
    def direct(self) -> dict[Api, str]:
        """Endpoints that are reached without a proxy."""
        return {api: one.url for api, one in self._direct.items()}

    def calm(self) -> None:
        """Nothing fails and nobody is killed from now on. What is hidden stays so."""
        self.wait_until_idle()
        self.kill = self.failures = None

    def wait_until_idle(self, seconds: float = 20.0) -> None:
        """Until no call is under way: what a killed command has sent has arrived by then, or never does."""
        with self._idle:
            self._idle.wait_for(lambda: not self._under_way, seconds)

    def stop(self) -> None:
        for listener in (self._proxy, *self._direct.values()):
            listener.stop()

    def _deliver(self, call: Call) -> Delivery:
        begun = time.monotonic()
        with self._counted():
            delivery = self._decide(call)
        outcome = delivery.label or (str(delivery.answer.status) if delivery.answer else "dropped")
        self.log.append(Passed(begun, call.key, call.action, _detail(call), outcome))
        return delivery

    def _decide(self, call: Call) -> Delivery:
        hiding = self.hiding

        def forward() -> Answer:
            return hiding.handle(call, through) if hiding else through()

        def through() -> Answer:
            return hand_on(call, self._backends)

        if not call.is_extencis:
            answer = through()
            if hiding:
                hiding.note(call, answer)
            return Delivery(answer)
        kill = self.kill
        if kill is not None and kill.key == call.key:
            if kill.is_dead:
                return Delivery(None)
            if kill.due(call):
                return kill.carry_out(forward)
        failures = self.failures
        return failures.handle(call, forward) if failures else Delivery(forward())

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._idle:
            self._under_way += 1
        try:
            yield
        finally:
            with self._idle:
                self._under_way -= 1
                self._idle.notify_all()


def _detail(call: Call) -> str:
    if call.api != "ec2":
        return f"{call.method} {call.target}"
    return " ".join(
        f"{name}={value}"
        for name, value in call.parameters.items()
        if name not in ("Action", "Version") and not name.startswith("UserData")
    )
