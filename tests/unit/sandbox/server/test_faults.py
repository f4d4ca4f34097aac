"""How a sandbox is told to misbehave, and when it does."""

from __future__ import annotations

import pytest

from extenci.model.errors import UsageError
from extenci.sandbox.server.faults import Fault, FaultRule, Faults, FaultSubject, parse_faults

PUT = FaultSubject("PutSnapshotBlock", "AKIA1", "snap-1")


def when(text: str, calls: int = 10, asked: FaultSubject = PUT) -> list[int]:
    """At which of some calls the one rule of a text applies, counted from 1."""
    faults = Faults(parse_faults(text))
    return [nth for nth in range(1, calls + 1) if faults.due(asked)]


@pytest.mark.parametrize(
    ("text", "nths"),
    [
        ("", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("20%", [5, 10]),
        ("30%", [4, 7, 10]),
        ("0%", []),
        ("every 4", [4, 8]),
        ("first 3", [1, 2, 3]),
        ("after 8", [9, 10]),
        ("at 2", [2]),
    ],
)
def test_a_rule_says_at_which_calls(text: str, nths: list[int]) -> None:
    assert when(f"PutSnapshotBlock: throttle {text}") == nths


def test_rules_are_parted_by_semicolons_and_lines() -> None:
    text = "Put*: error 503 first 1;\n CompleteSnapshot : missing 200ms ; RegisterImage: slow 1.5s every 2\n;"
    assert parse_faults(text) == (
        FaultRule("Put*", Fault.ERROR, 503, "first", 1),
        FaultRule("CompleteSnapshot", Fault.MISSING, 0.2),
        FaultRule("RegisterImage", Fault.SLOW, 1.5, "every", 2),
    )


def test_none_is_no_rule() -> None:
    assert parse_faults("none") == parse_faults("") == ()


@pytest.mark.parametrize(
    "text",
    [
        "throttle",
        "PutSnapshotBlock: explode",
        "PutSnapshotBlock: error",
        "PutSnapshotBlock: error 404",
        "PutSnapshotBlock: throttle 2s",
        "PutSnapshotBlock: slow 200",
        "PutSnapshotBlock: lost every 0",
        "PutSnapshotBlock: lost sometimes",
        "PutSnapshotBlock: throttle 20",
    ],
)
def test_what_is_no_fault_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="is no fault of the sandbox") as caught:
        parse_faults(text)
    assert "PutSnapshotBlock: throttle 20%" in caught.value.hint


def test_rules_are_about_actions_or_patterns_of_them() -> None:
    assert when("CompleteSnapshot: lost") == []
    assert when("Put*: lost", 2) == [1, 2]


def test_expired_credentials_are_counted_for_each_key() -> None:
    faults = Faults(parse_faults("*: expired after 2"))
    old, new = FaultSubject("PutSnapshotBlock", "AKIAOLD"), FaultSubject("PutSnapshotBlock", "AKIANEW")
    assert [bool(faults.due(one)) for one in (old, old, old, new, new, new)] == [
        False, False, True, False, False, True,
    ]  # fmt: skip


def test_each_thing_is_missing_for_its_own_first_seconds() -> None:
    now = [100.0]
    faults = Faults(parse_faults("*: missing 2s"), clock=lambda: now[0])
    other = FaultSubject("PutSnapshotBlock", "AKIA1", "snap-2")
    assert faults.due(PUT)
    now[0] = 101.5
    assert faults.due(PUT)
    assert faults.due(other)
    now[0] = 102.5
    assert not faults.due(PUT)
    assert faults.due(other)


def test_a_rule_that_is_not_asked_does_not_count() -> None:
    faults = Faults(parse_faults("*: reset at 2; *: lost at 1"))
    assert faults.due(PUT, only=Fault.RESET) == ()
    assert [rule.kind for rule in faults.due(PUT, but=Fault.RESET)] == [Fault.LOST]
    assert [rule.kind for rule in faults.due(PUT, only=Fault.RESET)] == [Fault.RESET]
