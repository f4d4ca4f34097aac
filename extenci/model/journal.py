"""The journal of changing calls: the seam between the clients, which make them, and the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from extenci.model.errors import ServiceError, Throttled, Unreachable, UnreadableAnswer
from extenci.model.s3 import PartUpload

UNSURE_CODES = frozenset(
    ("InternalError", "InternalFailure", "InternalServerException", "RequestTimeout", "ServiceUnavailable",
     "ServerInternal", "Unavailable")
)  # fmt: skip
"""Error codes of a service that does not know whether it carried out the call."""

VISIBLE_SECONDS = 60.0
"""How long a service's lists may lack what a call has made, or its tags, and how long it may refuse its id as
unknown ("Eventual consistency in the Amazon EC2 API": "a few seconds", and minutes at worst). Until then it
counts as made, and is waited for."""


class Calls(Protocol):
    """Writes changing calls to the journal: on disk when a method returns. Any thread may use it."""

    def begin(
        self,
        call: str,
        *,
        token: str = "",
        request: Mapping[str, object] = ...,
        tags: Mapping[str, str] = ...,
    ) -> int:
        """Write down the intent of a call; its id, for `settle` or `fail`. `request` holds no secret."""
        ...

    def settle(self, intent: int, result: Mapping[str, object]) -> None:
        """Write down the answer of the call."""
        ...

    def fail(self, intent: int, reason: str) -> None:
        """Write down that the call certainly changed nothing."""
        ...

    def unseen_seconds(self, resource: str) -> float | None:
        """How long ago this home's runs made a resource that was never seen in a list since; None where they
        did not, or it was seen."""
        ...


class History(Protocol):
    """The earlier calls on one service, as this home's journal tells."""

    def open_uploads(self, bucket: str, prefix: str) -> tuple[PartUpload, ...]:
        """The uploads in parts that were begun, to keys that begin with a prefix, and neither completed nor
        ended."""
        ...

    def registration(self, manifest: str) -> Registration | None:
        """The last RegisterImage of a bundle, by the location of its manifest, that was carried out, or may
        have been, unless the image was deregistered since; None where there is none."""
        ...

    def manifest_of(self, image: str) -> str | None:
        """The location (`BUCKET/KEY`) that an image was registered from; None where that is not known."""
        ...


@dataclass(frozen=True)
class Registration:
    """A RegisterImage in the journal, made at `at` (seconds since the epoch); `image` is None while nobody
    knows what came of it."""

    at: float
    image: str | None


class NoHistory:
    """The `History` of work without a journal."""

    def open_uploads(self, bucket: str, prefix: str) -> tuple[PartUpload, ...]:  # noqa: ARG002 - as of History
        """None."""
        return ()

    def registration(self, manifest: str) -> Registration | None:  # noqa: ARG002 - as of History
        """None."""
        return None

    def manifest_of(self, image: str) -> str | None:  # noqa: ARG002 - as of History
        """None."""
        return None


def is_sure(error: ServiceError) -> bool:
    """Whether the service understood the call and refused it, so that nothing was changed."""
    if isinstance(error, Unreachable | UnreadableAnswer | Throttled):
        return False
    return bool(error.code) and not error.code.isdigit() and error.code not in UNSURE_CODES


@dataclass(frozen=True)
class RunOrigin:
    """Who began a run, and from which specs: the user's name, the spec root (an absolute path), and the
    commit of its git repository, "" where there is none; `dirty`: the specs differed from it."""

    user: str = ""
    root: str = ""
    commit: str = ""
    dirty: bool = False


UNKNOWN_ORIGIN = RunOrigin()


@dataclass(frozen=True)
class PastChange:
    """A change of a run: its id, its status (`begun` while it has none), the number of things that it is
    about, and why it is not done. `at` is when the status came about (seconds since the epoch)."""

    id: str
    status: str
    at: float
    amount: int | None = None
    message: str = ""


@dataclass(frozen=True)
class PastCall:
    """A changing call of a run. `at` and `settled` are seconds since the epoch, `settled` None while nobody
    knows its outcome; `made` the ids in its answer, `failure` why it changed nothing."""

    change: str
    service: str
    call: str
    at: float
    settled: float | None
    made: tuple[str, ...] = ()
    failure: str = ""


@dataclass(frozen=True)
class PastRun:
    """A run as the journal has it. `outcome` is `done`, `failed` or `interrupted`; `running` while it may be
    under way, and `killed` where its process is gone."""

    id: str
    stack: str
    command: str
    host: str
    began: float
    ended: float | None
    outcome: str
    origin: RunOrigin
    changes: tuple[PastChange, ...] = ()
    calls: tuple[PastCall, ...] = ()
