from __future__ import annotations

from collections.abc import Mapping

import pytest

from extenci.cloud.journalled.intents import Intents
from extenci.model.errors import (
    AccessRefused,
    Interrupted,
    LimitReached,
    ServiceError,
    Throttled,
    Unreachable,
)


class Journal:
    """`Calls` in memory."""

    def __init__(self) -> None:
        self.lines: list[object] = []

    def begin(
        self, call: str, *, token: str = "", request: Mapping[str, object] = {}, tags: Mapping[str, str] = {}
    ) -> int:
        self.lines.append((call, token, dict(request), dict(tags)))
        return 17

    def settle(self, intent: int, result: Mapping[str, object]) -> None:
        self.lines.append((intent, dict(result)))

    def fail(self, intent: int, reason: str) -> None:
        self.lines.append((intent, reason))

    def unseen_seconds(self, resource: str) -> float | None:  # noqa: ARG002
        return None


def test_a_call_is_journalled_before_it_is_made_and_its_answer_after() -> None:
    journal = Journal()
    with Intents(journal).writing("StartSnapshot", token="t", request={"gib": 1}, tags={"a": "b"}) as settle:
        journal.lines.append("the call")
        settle({"snapshot": "snap-1"})
    assert journal.lines == [
        ("StartSnapshot", "t", {"gib": 1}, {"a": "b"}),
        "the call",
        (17, {"snapshot": "snap-1"}),
    ]


@pytest.mark.parametrize(
    "error",
    [
        AccessRefused("no", code="AuthFailure"),
        LimitReached("no", code="InstanceLimitExceeded"),
        ServiceError("no", code="InvalidParameterValue"),
    ],
)
def test_a_sure_refusal_is_journalled_as_one(error: ServiceError) -> None:
    journal = Journal()
    with pytest.raises(type(error)), Intents(journal).writing("RunInstances", request={}):
        raise error
    assert journal.lines[1:] == [(17, "no")]


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("?"),
        Throttled("?", code="RequestLimitExceeded"),
        ServiceError("?"),
        ServiceError("?", code="502"),
        ServiceError("?", code="InternalError"),
        ServiceError("?", code="Unavailable"),
        Interrupted("?"),
        ZeroDivisionError("?"),
    ],
)
def test_what_nobody_can_know_stays_open(error: Exception) -> None:
    journal = Journal()
    with pytest.raises(type(error)), Intents(journal).writing("RunInstances", request={}):
        raise error
    assert journal.lines[1:] == []


def test_a_call_within_an_operation_has_its_intent() -> None:
    journal = Journal()
    operation = Intents(journal).begin("PutBundle", token="t", request={"bucket": "b"})
    with Intents(journal).writing("PutObject", request={"key": "k"}, within=operation) as settle:
        settle({"key": "k"})
    assert journal.lines == [("PutBundle", "t", {"bucket": "b"}, {})]
    operation.done({"image": "ami-1"})
    assert journal.lines[1:] == [(17, {"image": "ami-1"})]
