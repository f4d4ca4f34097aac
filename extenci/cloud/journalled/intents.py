"""Journalling of changing calls, before and after each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from extenci.model.errors import ServiceError
from extenci.model.journal import Calls, is_sure

Settle = Callable[[Mapping[str, object]], None]
"""Takes the answer of a call (`{"snapshot": "snap-…"}`)."""


@dataclass(frozen=True)
class Operation:
    """Work of several calls under one intent, such as a bundle from its first part to its registration.

    It stays open until its outcome is known: where a run dies or gives up before that, the next run finds it
    out.
    """

    calls: Calls
    intent: int

    def done(self, result: Mapping[str, object]) -> None:
        """Journal the outcome."""
        self.calls.settle(self.intent, result)

    def failed(self, reason: str) -> None:
        """Journal that the operation failed and left nothing behind."""
        self.calls.fail(self.intent, reason)


@dataclass(frozen=True)
class Intents:
    """Journals the calls of one service. `fence` raises ServiceError where nothing may be changed."""

    calls: Calls
    fence: Callable[[], None] = lambda: None

    def writing(
        self,
        call: str,
        *,
        token: str = "",
        request: Mapping[str, object],
        tags: Mapping[str, str] | None = None,
        within: Operation | None = None,
    ) -> AbstractContextManager[Settle]:
        """Journal a call before the block makes it; the block hands over the answer. A call within an
        operation has the operation's intent.

        A sure refusal of the service is journalled; where nobody can know (no answer, a crash of the service,
        a kill), the intent stays open for the next run to find out.
        """
        self.fence()
        if within is not None:
            return nullcontext(_ignore)
        return self._written(call, token, request, tags or {})

    @contextmanager
    def _written(
        self, call: str, token: str, request: Mapping[str, object], tags: Mapping[str, str]
    ) -> Iterator[Settle]:
        intent = self.calls.begin(call, token=token, request=request, tags=tags)
        try:
            yield lambda result: self.calls.settle(intent, result)
        except ServiceError as error:
            if is_sure(error):
                self.calls.fail(intent, error.message)
            raise

    def begin(
        self,
        call: str,
        *,
        token: str = "",
        request: Mapping[str, object],
        tags: Mapping[str, str] | None = None,
    ) -> Operation:
        """Journal that an operation begins."""
        self.fence()
        return Operation(self.calls, self.calls.begin(call, token=token, request=request, tags=tags or {}))


def _ignore(_result: Mapping[str, object]) -> None:
    """Ignores the answer of a call that has no intent of its own."""
