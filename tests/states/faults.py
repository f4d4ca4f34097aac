"""What goes wrong in one run: at which of its calls, and how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from botocore.parsers import ResponseParserError

URL = "https://ec2.cloud.test"


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


class FaultKind(StrEnum):
    """What happens at a call that changes something, or at a write to the journal (the first two)."""

    KILL_BEFORE = "killed before it"
    KILL_AFTER = "killed after it"
    LOST = "done, and no answer"
    CUT = "done, and an answer that cannot be read"
    CRASHED = "done, and HTTP 500"
    FAILED = "not done, and HTTP 500"
    THROTTLED = "refused for now"
    STOP = "Ctrl-C meanwhile"


@dataclass
class Faults:
    """The faults of one run. `at` is the number of the call that changes something (or with `in_journal` of
    the write to the catalog) at which `kind` happens; None: none does. `unread` are how many more calls of
    an operation that reads fail, by its name. `meanwhile` is done after the call with the number
    `meanwhile_at`."""

    kind: FaultKind | None = None
    at: int = 0
    in_journal: bool = False
    unread: dict[str, int] = field(default_factory=dict)
    meanwhile_at: int = 0
    meanwhile: Callable[[], None] = lambda: None
    calls: int = 0
    writes: int = 0
    is_dead: bool = False

    def kill(self) -> Killed:
        """Nothing of this run does anything from now on."""
        self.is_dead = True
        return Killed()

    def before_call(self) -> FaultKind | None:
        """The fault of the call that comes now."""
        self.calls += 1
        is_due = not self.in_journal and self.calls == self.at
        return self.kind if is_due else None

    def before_write(self) -> FaultKind | None:
        """The fault of the write that comes now."""
        if self.is_dead:
            raise Killed
        self.writes += 1
        is_due = self.in_journal and self.writes == self.at
        return self.kind if is_due else None

    def after_call(self) -> None:
        """Something else happens, if it does now."""
        if self.calls == self.meanwhile_at:
            self.meanwhile()

    def fails_to_read(self, operation: str) -> bool:
        """Whether a call that reads fails now."""
        left = self.unread.get(operation, 0)
        self.unread[operation] = max(0, left - 1)
        return left > 0


def no_connection() -> Exception:
    """The SDK's error where nobody answers."""
    return EndpointConnectionError(endpoint_url=URL)


def no_answer() -> Exception:
    """The SDK's error where an answer does not come in time."""
    return ReadTimeoutError(endpoint_url=URL)


def unreadable() -> Exception:
    """The SDK's error for an answer that is cut, or something else."""
    return ResponseParserError("Unable to parse response (no element found)")


def refused(code: str, operation: str, about: str = "") -> ClientError:
    """The SDK's error for a refusal."""
    return ClientError({"Error": {"Code": code, "Message": about or code}}, operation)
