"""The plan of `test-vm`: manual, beside what plans look after."""

from __future__ import annotations

import pytest

from extenci.model.address import Address
from extenci.model.desired import Desired, DesiredImage, LaunchSettings, Origin, Selection
from extenci.model.errors import PlanError
from extenci.model.observed import (
    Image,
    Machine,
    Observation,
    ServiceState,
    Snapshot,
    SnapshotState,
)
from extenci.model.ownership import ROLE, Marks, Role
from extenci.model.plan import Plan
from extenci.model.record import Records, ResourceKind, ResourceRecord
from extenci.model.service import Service
from extenci.model.verification import Verify
from extenci.model.version import GIB, Architecture, Disk, Method, Registration, Version
from extenci.model.work import RegisterWork, StageWork, VerifyWork
from extenci.plan.commands.manual_verify import plan_test_vm
from extenci.plan.selection import owned_addresses
from tests.unit.builders import observed_image, observed_machine, observed_snapshot, service_state

ADDRESS = Address("cloud", "worker")
DIGEST = "b" * 64
VERSION = Version(DIGEST, Registration(Architecture.X86_64, None, Method.EBS, 1))


def marks(role: Role, name: str = "worker", plan: str = "over") -> Marks:
    return Marks("lab", "cloud", name, role, digest=DIGEST, version=str(VERSION), plan=plan)


def image(role: Role, name: str = "worker") -> Image:
    known = marks(role, name)
    full = VERSION.image_name(name, "lab")
    return observed_image("ami-1", known, name=full)


def snapshot(role: Role, state: SnapshotState = SnapshotState.COMPLETED) -> Snapshot:
    return observed_snapshot("snap-1", marks(role), state)


def vm(plan: str = "over") -> Machine:
    known = marks(Role.TEST, plan=plan)
    return observed_machine("i-1", known)


def planned(*things: Image | Snapshot | Machine) -> Plan:
    verify = Verify(LaunchSettings("t3.micro"), confirm=True)
    spec = DesiredImage(ADDRESS, Origin("worker.raw", 0, 0), "/worker.raw", Method.EBS, verify=verify)
    state = service_state(*things)
    return plan_test_vm(
        Desired(
            "lab", "/", {"cloud": Service("cloud", "r")}, (spec,), selection=Selection(frozenset({ADDRESS}))
        ),
        {ADDRESS: Disk(DIGEST, GIB, 1)},
        Observation({"cloud": state}),
        Records(finished_runs=frozenset({"over"})),
        1000.0,
        {ADDRESS: "trial"},
    )


def ids(plan: Plan) -> list[str]:
    return [change.id for change in plan.changes]


def test_what_is_staged_is_marked_manual_and_the_machine_test() -> None:
    stage, verify_hash = planned().changes
    assert isinstance(stage.work, StageWork)
    assert stage.work.tags[ROLE] == "manual"
    assert isinstance(verify_hash.work, VerifyWork)
    assert verify_hash.work.tags[ROLE] == "test"
    assert verify_hash.work.removable
    assert verify_hash.depends_on == (stage.id,)


def test_what_is_staged_manually_already_is_tried_as_it_is() -> None:
    assert ids(planned(image(Role.MANUAL), snapshot(Role.MANUAL))) == ["verify cloud/worker"]


def test_a_manual_upload_that_was_interrupted_goes_on() -> None:
    stage = planned(snapshot(Role.MANUAL, SnapshotState.PENDING)).changes[0]
    assert isinstance(stage.work, StageWork)
    assert stage.work.snapshot == "snap-1"


def test_half_made_snapshots_of_plans_are_not_touched() -> None:
    for state in SnapshotState:
        stage = planned(snapshot(Role.POOL, state)).changes[0]
        assert isinstance(stage.work, StageWork)
        assert stage.work.snapshot is None


def test_content_that_a_plan_has_staged_under_another_name_is_not_uploaded_again() -> None:
    register = planned(image(Role.POOL, "other"), snapshot(Role.POOL)).changes[0]
    assert isinstance(register.work, RegisterWork)
    assert (register.work.snapshot, register.work.tags[ROLE]) == ("snap-1", "manual")


def test_an_image_of_a_plan_is_not_tried_manually_since_a_no_would_take_it_away() -> None:
    with pytest.raises(PlanError) as caught:
        planned(image(Role.POOL), snapshot(Role.POOL))
    assert "ami-1" in caught.value.message
    assert "extenci verify cloud/worker" in caught.value.hint


def test_a_test_vm_that_an_earlier_run_left_is_ended_first() -> None:
    left = planned(image(Role.MANUAL), snapshot(Role.MANUAL), vm())
    assert ids(left) == ["terminate cloud/worker i-1", "verify cloud/worker"]


@pytest.mark.parametrize("things", [(image(Role.MANUAL), vm("elsewhere")), (image(Role.POOL, "other"), vm())])
def test_a_test_vm_that_is_at_work_or_a_plans_is_let_be(things: tuple[Image | Machine, ...]) -> None:
    assert not any("terminate" in name for name in ids(planned(snapshot(Role.MANUAL), *things)))


def test_what_is_there_manually_does_not_keep_a_service_in_the_specs() -> None:
    manual = ServiceState("cloud", 0.0, (image(Role.MANUAL),), (snapshot(Role.MANUAL),), (vm(),))
    known = ResourceRecord("cloud", "ami-1", ResourceKind.IMAGE, ADDRESS, marks(Role.MANUAL).to_tags())
    found = owned_addresses("lab", Observation({"cloud": manual}), Records((known,)))
    assert list(found) == []
    planned_too = ServiceState("cloud", 0.0, (image(Role.POOL),))
    assert list(owned_addresses("lab", Observation({"cloud": planned_too}), Records())) == [ADDRESS]
