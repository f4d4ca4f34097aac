"""Ends a command at one of its calls."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

from tests.faults.network.call import Answer, Call, Delivery


class Moment(StrEnum):
    """When, in the life of a call."""

    BEFORE = "before"
    """The service never sees it."""
    ACTED = "acted"
    """The service has acted, its answer is lost."""
    ANSWERED = "answered"
    """The answer has been sent."""


@dataclass
class Kill:
    """Sends a signal to a command at its `nth` call, of those that change something or of all, or, where it
    makes none for long, after some `seconds`.

    SIGKILL is a power cut: of what the command has sent later, nothing arrives. After other signals the
    command works on, and so does the network.
    """

    key: str
    nth: int
    moment: Moment
    signal: signal.Signals = signal.SIGKILL
    changing: bool = True
    seconds: float = 0.0
    at: str = ""
    """The action at which it was done, or the time; "" as long as it was not."""
    _count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ready: threading.Event = field(default_factory=threading.Event)
    _timer: threading.Timer | None = None
    _pid: int = 0

    def __str__(self) -> str:
        if self.seconds:
            return f"{self.signal.name} after {self.at}"
        return f"{self.signal.name} {self.moment} {self.at} (call {self.nth})"

    def aim(self, pid: int) -> None:
        """The command: it leads a process group."""
        self._pid = pid
        self._ready.set()
        if self.seconds:
            self._timer = threading.Timer(self.seconds, self._strike)
            self._timer.start()

    def disarm(self) -> None:
        """The command has ended."""
        if self._timer is not None:
            self._timer.cancel()

    @property
    def is_dead(self) -> bool:
        return bool(self.at) and self.signal is signal.SIGKILL

    def due(self, call: Call) -> bool:
        """Counts a call; whether this is the one."""
        if self.seconds or (self.changing and not call.changes):
            return False
        with self._lock:
            self._count += 1
            if self._count != self.nth:
                return False
            self.at = call.action
            return True

    def carry_out(self, forward: Callable[[], Answer]) -> Delivery:
        """The fatal call."""
        label = f"{self.signal.name} {self.moment}"
        if self.moment is Moment.BEFORE:
            self._send()
            return Delivery(None if self.is_dead else forward(), label=label)
        answer = forward()
        if self.moment is Moment.ACTED:
            self._send()
            return Delivery(None if self.is_dead else answer, label=label)
        threading.Timer(0.005 * (self.nth % 4), self._send).start()
        return Delivery(answer, label=label)

    def _strike(self) -> None:
        self.at = f"{self.seconds:.1f} s"
        self._send()

    def _send(self) -> None:
        self._ready.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(self._pid, self.signal)
