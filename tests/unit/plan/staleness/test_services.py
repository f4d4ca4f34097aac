from __future__ import annotations

from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.observed import Unread
from extenci.model.plan import Change, Plan
from extenci.model.work import TerminateWork
from extenci.plan.staleness.services import comparable

DEAD = Unread("b", "The service b cannot be reached.")


def change(service: str) -> Change:
    address = Address(service, "pool")
    work = TerminateWork(())
    return Change(f"end {address}", address, Kind.INSTANCES, Action.TERMINATE, 1, "destroy", work)


BOTH = Plan("stack", ("a", "b"), (change("a"), change("b")))
HALF = Plan("stack", ("a",), (change("a"),), unread=(DEAD,))


def test_a_service_that_cannot_be_read_now_is_left_out_of_both() -> None:
    before, now = comparable(BOTH, HALF)
    assert before.changes == now.changes == (change("a"),)
    assert now.unread == (DEAD,)


def test_a_service_that_could_not_be_read_then_is_not_touched_now() -> None:
    before, now = comparable(HALF, BOTH)
    assert now.services == ("a",)
    assert now.changes == before.changes == (change("a"),)
    assert now.unread == (DEAD,)


def test_where_all_was_read_nothing_is_left_out() -> None:
    assert comparable(BOTH, BOTH) == (BOTH, BOTH)
