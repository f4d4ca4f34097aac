"""Commands that need no specs: stage, unstage and test-vm."""

from __future__ import annotations

from tests.faults.attempt import Attempt
from tests.faults.bench.user import SERVICE
from tests.faults.case import Scenario
from tests.faults.wanted import Wanted


def _stage(one: Attempt) -> tuple[str, ...]:
    method = ("--method", one.case.method)
    return ("stage", str(one.specs.disk), SERVICE, "--stack", one.stack, *method)


def _try(one: Attempt, answer: str) -> tuple[str, ...]:
    return ("test-vm", str(one.specs.disk), SERVICE, "t3.micro", "--stack", one.stack, answer)


def stage(one: Attempt) -> None:
    one.suffer(*_stage(one), wanted=Wanted(0, 1))


def unstage(one: Attempt) -> None:
    one.must(*_stage(one))
    one.suffer("unstage", "worker", SERVICE, "--stack", one.stack, "-y", wanted=Wanted())


def try_yes(one: Attempt) -> None:
    one.suffer(*_try(one, "--yes"), wanted=Wanted(0, 1))


def try_no(one: Attempt) -> None:
    one.suffer(*_try(one, "--no"), wanted=Wanted(), statuses=(1,))


BY_HAND = (
    Scenario("stage", stage, calls=7, by_hand=True),
    Scenario("unstage", unstage, calls=2, by_hand=True),
    Scenario("test-vm-yes", try_yes, methods=("ebs",), calls=12, by_hand=True),
    Scenario("test-vm-no", try_no, methods=("ebs",), calls=13, by_hand=True),
)
