"""Rules by which a sandbox misbehaves, so that tests can see how its users cope, and when they apply.

`PutSnapshotBlock: throttle 20%; CompleteSnapshot: lost first 1` — an action of the API (or a pattern,
`*Block`), a fault, and when: `N%` of the calls (evenly spread), `every N`, `first N`, `after N`, `at N`,
else always. Nothing is left to chance: the same calls have the same faults. Standard library only.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from extenci.model.errors import UsageError


class Fault(StrEnum):
    """A kind of fault. Unless it says something else, the call is not carried out."""

    THROTTLE = "throttle"
    """Refused as asked for too often: of this snapshot (EBS), or at all."""
    ERROR = "error"
    """`error 500`, `error 503`: the service fails."""
    DENIED = "denied"
    """The credentials are good, and may not do this."""
    EXPIRED = "expired"
    """The credentials have run out. Calls are counted for each access key: new keys are good again."""
    MISSING = "missing"
    """`missing 2s`: what was just made (a snapshot, an upload) is said not to exist at first; an image is not
    listed (EC2 API reference, "Eventual consistency")."""
    RESET = "reset"
    """The connection is reset, half-way through the body where there is a long one."""
    STALL = "stall"
    """No answer ever comes; the connection stays open."""
    LOST = "lost"
    """It is done, and the connection closed before the answer."""
    SLOW = "slow"
    """`slow 200ms`: it is done, and answered that much later."""
    GARBLED = "garbled"
    """The body changes on the way; the checksum sent with it tells."""
    DAMAGED = "damaged"
    """Something else is stored than was sent; the answer's checksum is of what is stored."""
    ROTTEN = "rotten"
    """Something else is stored than was sent, and the answer's checksum hides it."""
    WRONG_CHECKSUM = "wrong-checksum"
    """The right thing is stored; the answer's checksum is another's."""


_WITH_TIME = {Fault.MISSING, Fault.SLOW}
_RULE = re.compile(
    r"(?P<action>[\w*?\[\]]+)\s*:\s*(?P<kind>[a-z-]+)"
    r"(?:\s+(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|s)?(?![\d%]))?"
    r"(?:\s+(?:(?P<percent>\d+)%|(?P<word>every|first|after|at)\s+(?P<count>\d+)))?"
)


@dataclass(frozen=True)
class FaultRule:
    """One fault: of which actions, and at which of their calls. `number` is of seconds, or a status."""

    action: str
    kind: Fault
    number: float = 0.0
    word: str = "after"
    count: int = 0

    def applies_to(self, nth: int) -> bool:
        """Whether the call, counted from 1, has the fault."""
        match self.word:
            case "percent":
                return nth * self.count // 100 > (nth - 1) * self.count // 100
            case "every":
                return nth % self.count == 0
            case "first":
                return nth <= self.count
            case "at":
                return nth == self.count
            case _:
                return nth > self.count


@dataclass(frozen=True)
class FaultSubject:
    """A call as rules see it; `thing` is what it is about, where that may have been made just now."""

    action: str
    key: str = ""
    thing: str = ""


def parse_faults(text: str) -> tuple[FaultRule, ...]:
    """The rules that a text says, parted by `;` or line ends; `none` says none. UsageError."""
    pieces = [piece.strip() for piece in re.split(r"[;\n]", text)]
    return tuple(_rule(piece) for piece in pieces if piece not in ("", "none"))


def _rule(text: str) -> FaultRule:
    found = _RULE.fullmatch(text)
    if found is None or found["kind"] not in tuple(Fault):
        raise _wrong(text)
    kind, number, unit = Fault(found["kind"]), found["number"], found["unit"]
    if (number is not None) != (kind in _WITH_TIME or kind is Fault.ERROR):
        raise _wrong(text)
    if (unit is not None) != (kind in _WITH_TIME) or (kind is Fault.ERROR and number not in ("500", "503")):
        raise _wrong(text)
    amount = float(number or 0) / (1000 if unit == "ms" else 1)
    if found["percent"]:
        return FaultRule(found["action"], kind, amount, "percent", int(found["percent"]))
    rule = FaultRule(found["action"], kind, amount, found["word"] or "after", int(found["count"] or 0))
    if rule.word == "every" and rule.count == 0:
        raise _wrong(text)
    return rule


def _wrong(text: str) -> UsageError:
    return UsageError(
        f"{text!r} is no fault of the sandbox.",
        "Write them like: PutSnapshotBlock: throttle 20%; CompleteSnapshot: lost first 1. "
        f"Faults are {', '.join(Fault)}; error takes 500 or 503, missing and slow a time (200ms, 2s); "
        "then N%, every N, first N, after N, at N, or nothing for always.",
    )


class Faults:
    """Rules at work: counts calls. Any thread may ask. `clock` tells seconds that only rise."""

    def __init__(
        self, rules: tuple[FaultRule, ...] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rules = rules
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[tuple[int, str], int] = {}
        self._seen: dict[tuple[int, str], float] = {}

    def due(
        self, asked: FaultSubject, *, only: Fault | None = None, but: Fault | None = None
    ) -> tuple[FaultRule, ...]:
        """The rules that apply to this call, in their order; it is counted by those that were looked at."""
        with self._lock:
            return tuple(
                rule
                for place, rule in enumerate(self._rules)
                if rule.kind is not but
                and only in (None, rule.kind)
                and fnmatchcase(asked.action, rule.action)
                and self._is_due(place, rule, asked)
            )

    def _is_due(self, place: int, rule: FaultRule, asked: FaultSubject) -> bool:
        counted = (place, asked.key if rule.kind is Fault.EXPIRED else "")
        self._counts[counted] = nth = self._counts.get(counted, 0) + 1
        if rule.kind is Fault.MISSING:
            now = self._clock()
            if now - self._seen.setdefault((place, asked.thing), now) >= rule.number:
                return False
        return rule.applies_to(nth)
