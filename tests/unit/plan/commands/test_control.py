from __future__ import annotations

from dataclasses import replace

import pytest

from extenci.model.address import Address
from extenci.model.desired import Desired, ImageId
from extenci.model.errors import PlanError
from extenci.model.launch import Launch, LaunchSettings
from extenci.model.observed import MachineState
from extenci.model.ownership import Marks, Role, read_marks
from extenci.model.plan import Plan
from extenci.model.service import Service
from extenci.model.work import LaunchWork, TerminateWork
from extenci.plan.commands.control import MachineRequest, manual_machines, plan_start, plan_stop
from tests.unit.builders import observation, observed_image, observed_machine

DESIRED = Desired("lab", "/specs", {"cloud": Service("cloud", "east")})
WORKER = Marks("lab", "cloud", "worker", digest="d1", version="v1")
MANUAL = Marks("lab", "cloud", "worker", role=Role.MANUAL)
IMAGES = (
    observed_image("ami-1", WORKER, created="2026-01-01T00:00:00Z"),
    observed_image("ami-2", replace(WORKER, version="v2"), created="2026-01-02T00:00:00Z"),
    observed_image("ami-3", replace(WORKER, stack="other"), created="2026-01-03T00:00:00Z"),
)


def start(image: str, name: str | None = None, launch: Launch = Launch.EC2) -> Plan:
    asked = MachineRequest(image, LaunchSettings("t3.micro"), launch, name)
    return plan_start(DESIRED, "cloud", asked, observation(*IMAGES))


@pytest.mark.parametrize(
    ("named", "image", "name"),
    [
        ("worker", "ami-2", "worker"),
        ("cloud/worker", "ami-2", "worker"),
        ("ami-1", "ami-1", "worker"),
        ("ami-3", "ami-3", "worker"),
        ("ami-0123", "ami-0123", "ami-0123"),
    ],
)
def test_one_machine_is_launched_from_the_image_that_is_meant(named: str, image: str, name: str) -> None:
    (change,) = start(named).changes
    assert isinstance(change.work, LaunchWork)
    assert (change.work.image.id, change.work.count) == (image, 1)
    assert change.work.group.image == ImageId(image)
    assert change.address == Address("cloud", name)
    marks = read_marks(change.work.tags)
    assert marks is not None
    assert (marks.stack, marks.role, marks.address) == ("lab", Role.MANUAL, change.address)


def test_name_and_engine_are_those_that_were_asked_for() -> None:
    (change,) = start("worker", "build", Launch.CONDOR).changes
    assert isinstance(change.work, LaunchWork)
    assert change.address == Address("cloud", "build")
    assert change.work.group.launch is Launch.CONDOR


def test_those_of_the_same_name_stay_beside_it() -> None:
    """Without a lease, machines beyond the count of their group are ended after a launch."""
    there = observation(
        *IMAGES,
        observed_machine("i-1", MANUAL),
        observed_machine("i-2", MANUAL, state=MachineState.TERMINATED),
        observed_machine("i-3", replace(MANUAL, name="build")),
    )
    asked = MachineRequest("worker", LaunchSettings("t3.micro"), Launch.EC2)
    (change,) = plan_start(DESIRED, "cloud", asked, there).changes
    assert isinstance(change.work, LaunchWork)
    assert (change.work.count, change.work.group.count) == (1, 2)


def test_an_image_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(PlanError, match="no image wrker on cloud") as caught:
        start("wrker")
    assert "It has: worker." in caught.value.hint


def stop(id_: str, marks: Marks | None, **more: object) -> Plan:
    return plan_stop(DESIRED, "cloud", [id_], observation(observed_machine("i-1", marks, **more)))


def test_a_manual_machine_is_terminated_and_no_second_time() -> None:
    (change,) = stop("i-1", MANUAL).changes
    assert isinstance(change.work, TerminateWork)
    assert [one.machine for one in change.work.machines] == ["i-1"]
    assert stop("i-1", MANUAL, state=MachineState.TERMINATED).changes == ()


@pytest.mark.parametrize(
    ("id_", "marks", "said"),
    [
        ("i-9", MANUAL, "has no machine i-9"),
        ("i-1", replace(MANUAL, stack="other"), "has no machine i-1"),
        ("i-1", None, "has no machine i-1"),
        ("i-1", replace(MANUAL, role=Role.POOL), "was not started manually"),
        ("i-1", replace(MANUAL, role=Role.TEST), "was not started manually"),
        ("i-1", replace(MANUAL, protect=True), "is protected"),
    ],
)
def test_no_other_machine_is_terminated(id_: str, marks: Marks | None, said: str) -> None:
    with pytest.raises(PlanError, match=said):
        stop(id_, marks)


def test_a_machine_of_another_schedd_is_left_to_it() -> None:
    with pytest.raises(PlanError, match="schedd"):
        stop("i-1", MANUAL, other_schedd="far")


def test_manual_machines_are_those_of_role_and_stack() -> None:
    seen = observation(
        observed_machine("i-2", MANUAL, launched=9.0),
        observed_machine("i-1", replace(MANUAL, name="other"), launched=12.0),
        observed_machine("i-3", replace(MANUAL, role=Role.POOL)),
        observed_machine("i-4", replace(MANUAL, stack="other")),
    )
    assert [one.id for one in manual_machines(seen.services["cloud"], "lab")] == ["i-2", "i-1"]
