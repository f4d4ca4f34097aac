"""Test VMs that wait for a person or were kept: who ends them, and which answers still count."""

from __future__ import annotations

import pytest

from extenci.model.address import Address
from extenci.model.desired import Desired
from extenci.model.errors import AnswerTooLate, PlanError
from extenci.model.leftovers import Leftovers
from extenci.model.observed import Image, Machine
from extenci.model.ownership import Marks, Role
from extenci.model.record import Records
from extenci.model.service import Service
from extenci.model.work import ConfirmWork
from extenci.plan.commands.confirm import Asked, plan_confirm
from extenci.plan.commands.end_test_vms import plan_ending, plan_endings_left
from extenci.plan.commands.gc import plan_gc
from extenci.plan.commands.status import make_status
from tests.unit.builders import iso_time, observation, observed_image, observed_machine

NOW = 100_000.0
WORKER = Address("cloud", "worker")
DESIRED = Desired("lab", "/specs", {"cloud": Service("cloud", "us-east-1")}, (), ())
NOTHING, OVER = Records(), Records(finished_runs=frozenset({"run"}))
ASKED = Asked("i-test", "v1", "t1")


def image(verdict: str | None, role: Role = Role.POOL) -> Image:
    return observed_image("ami-1", Marks("lab", "cloud", "worker", role, version="v1", verdict=verdict))


def vm(verdict: str | None, seconds: float = 60, id_: str = "i-test") -> Machine:
    marks = Marks("lab", "cloud", "worker", Role.TEST, version="v1", plan="run", verdict=verdict,
                  expires=iso_time(NOW + seconds))  # fmt: skip
    return observed_machine(id_, marks, image="ami-1")


def ended(*things: Image | Machine, machine: str | None = None, records: Records = NOTHING) -> list[str]:
    made = plan_ending(DESIRED, observation(*things), records, NOW, WORKER, machine)
    return [change.id for change in made.changes]


def confirmed(*things: Image | Machine, asked: Asked | None = ASKED, works: bool = True) -> ConfirmWork:
    made = plan_confirm(DESIRED, observation(*things), NOTHING, NOW, WORKER, works, asked)
    work = made.changes[0].work
    assert isinstance(work, ConfirmWork)
    return work


def collected(*things: Image | Machine, records: Records = OVER) -> tuple[list[str], tuple[str, ...]]:
    made = plan_gc(DESIRED, observation(*things), records, NOW, Leftovers())
    return [change.id for change in made.changes], made.warnings


@pytest.mark.parametrize("verdict", ["waiting:t1", "failed:t1"])
def test_what_waits_or_was_kept_is_ended_when_a_person_says_so(verdict: str) -> None:
    assert ended(image(verdict), vm(verdict)) == ["terminate cloud/worker i-test"]
    assert ended(image(verdict), vm(verdict), vm(verdict, id_="i-b"), machine="i-b") == [
        "terminate cloud/worker i-b"
    ]


def test_a_test_vm_that_a_run_is_using_is_not_ended() -> None:
    with pytest.raises(PlanError) as refused:
        ended(image(None), vm(None))
    assert "i-test" in refused.value.hint
    assert ended(image(None), vm(None), records=OVER) == ["terminate cloud/worker i-test"]


def test_gc_names_what_waits_or_was_kept_and_leaves_it() -> None:
    changes, notes = collected(image("failed:t1"), vm("failed:t1"))
    assert changes == []
    assert "The test VM i-test of cloud/worker was kept until" in notes[0]
    assert "extenci verify --end cloud/worker" in notes[0]
    assert collected(image("failed:t1"), vm("failed:t1", -1)) == (["terminate cloud/worker i-test"], ())


def test_what_test_vm_asks_about_is_left_behind_once_its_command_is_dead() -> None:
    things = (image("waiting:t1", Role.MANUAL), vm("waiting:t1"))
    assert collected(*things, records=NOTHING)[0] == []
    assert "terminate cloud/worker i-test" in collected(*things)[0]
    assert confirmed(*things).image == "ami-1"


def test_a_version_that_is_tried_aside_waits_by_its_test_vm_alone() -> None:
    things = (image("passed:t0"), vm("waiting:t1:aside"))
    assert collected(*things)[0] == []
    work = confirmed(*things, works=False)
    assert (work.aside, work.removable, work.verify_hash) == (True, False, "t1")
    with pytest.raises(PlanError, match="Nothing waits for this answer any more"):
        confirmed(image("passed:t0"))


def test_an_answer_is_about_the_test_vm_that_was_asked_about() -> None:
    with pytest.raises(PlanError, match="i-test of cloud/worker, or its image"):
        confirmed(image("waiting:t1"), vm("waiting:t1", id_="i-other"))
    kept = Asked("i-test", "v1", "t1", keep_until=9.0)
    assert confirmed(image("waiting:t1"), vm("waiting:t1"), asked=kept, works=False).keep_until == 9.0


@pytest.mark.parametrize("asked", [ASKED, None])
def test_a_late_answer_is_told_from_one_that_nobody_waits_for(asked: Asked | None) -> None:
    things = (image("waiting:t1"), vm("waiting:t1", -1))
    with pytest.raises(AnswerTooLate, match="i-test waited until"):
        confirmed(*things, asked=asked)
    left = plan_endings_left(DESIRED, observation(*things), NOTHING, NOW, WORKER)
    assert [change.id for change in left.changes] == ["terminate cloud/worker i-test"]


def test_the_status_has_the_test_vms() -> None:
    (shown,) = make_status(DESIRED, {}, observation(vm("waiting:t1:aside")), NOTHING).test_vms
    assert (shown.id, shown.verdict, shown.expires) == ("i-test", "waiting", iso_time(NOW + 60))
