"""The plans of `stage` and `unstage`: beside what plans look after, and never of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extenci.model.address import Address
from extenci.model.desired import Desired, DesiredImage, Origin, Selection
from extenci.model.errors import PlanError
from extenci.model.observed import (
    Image,
    Machine,
    MachineState,
    Snapshot,
)
from extenci.model.ownership import ROLE, Marks, Role
from extenci.model.plan import Plan
from extenci.model.record import Deregistered, Records
from extenci.model.service import Service
from extenci.model.version import GIB, Architecture, Disk, Method, Registration, Version
from extenci.model.work import RegisterWork, StageWork, UnstageWork, UpdateWork
from extenci.plan.commands.stage import find_staged, plan_stage
from extenci.plan.commands.unstage import plan_unstage
from tests.unit.builders import observation, observed_image, observed_snapshot

ADDRESS = Address("cloud", "worker")
DIGEST = "b" * 64
VERSION = Version(DIGEST, Registration(Architecture.X86_64, None, Method.EBS, 1))


def marks(role: Role = Role.MANUAL, name: str = "worker", stack: str = "lab") -> Marks:
    return Marks(stack, "cloud", name, role, digest=DIGEST, version=str(VERSION))


def image(known: Marks | None, number: int = 1, snapshot: str = "snap-1") -> Image:
    name = VERSION.image_name(known.name, known.stack) if known else "theirs"
    return observed_image(f"ami-{number}", known, name=name, snapshots=(snapshot,))


def snapshot(role: Role = Role.MANUAL) -> Snapshot:
    return observed_snapshot("snap-1", marks(role))


def desired(wished: bool = True) -> Desired:
    spec = DesiredImage(ADDRESS, Origin("worker.raw", 0, 0), "/worker.raw", Method.EBS)
    services = {"cloud": Service("cloud", "r")}
    if not wished:
        return Desired("lab", "/", services)
    return Desired("lab", "/", services, (spec,), selection=Selection(frozenset({ADDRESS})))


DISKS = {ADDRESS: Disk(DIGEST, GIB, 1)}


def staged(*things: Image | Snapshot | Machine) -> Plan:
    return plan_stage(desired(), DISKS, observation(*things), Records(), 1000.0)


def unstaged(name: str, *things: Image | Snapshot | Machine) -> Plan:
    return plan_unstage(desired(wished=False), "cloud", name, observation(*things), Records(), 1000.0)


def refusal(name: str, *things: Image | Snapshot | Machine) -> PlanError:
    with pytest.raises(PlanError) as caught:
        unstaged(name, *things)
    return caught.value


def test_what_is_staged_is_marked_manual() -> None:
    (change,) = staged().changes
    assert isinstance(change.work, StageWork)
    assert change.work.tags[ROLE] == "manual"


def test_what_was_staged_manually_is_found() -> None:
    there = observation(image(marks()), snapshot())
    assert staged(image(marks()), snapshot()).is_empty
    found = find_staged(desired(), DISKS, there, Records())
    assert found is not None
    assert found.id == "ami-1"


def test_the_same_content_under_another_name_is_registered_from_its_snapshot() -> None:
    (change,) = staged(image(marks(name="other")), snapshot()).changes
    assert isinstance(change.work, RegisterWork)
    assert change.work.snapshot == "snap-1"
    assert change.work.tags[ROLE] == "manual"


def test_what_the_specs_have_staged_is_not_staged_manually() -> None:
    with pytest.raises(PlanError, match="have already staged this image: ami-1"):
        staged(image(marks(Role.POOL)), snapshot(Role.POOL))


def test_older_versions_of_the_name_stay() -> None:
    version = replace(VERSION, digest="a" * 64)
    old = replace(image(replace(marks(), digest="a" * 64, version=str(version))), name="old")
    assert [change.action.value for change in staged(old).changes] == ["stage"]


@pytest.mark.parametrize("name", ["ami-1", "worker", "cloud/worker", VERSION.image_name("worker", "lab")])
def test_an_image_goes_with_its_snapshot_by_any_of_its_names(name: str) -> None:
    (change,) = unstaged(name, image(marks()), snapshot()).changes
    assert change.work == UnstageWork("ami-1", ("snap-1",))


def test_a_snapshot_that_another_image_uses_stays_with_a_word() -> None:
    made = unstaged("ami-1", image(marks()), image(marks(Role.POOL, "pooled"), 2), snapshot())
    (change,) = made.changes
    assert change.work == UnstageWork("ami-1", ())
    assert "ami-2 (cloud/pooled) uses it" in made.warnings[0]


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (None, "was not made by extenci"),
        (marks(Role.POOL), "is cloud/worker of the specs of lab"),
        (marks(stack="others"), "belongs to the stack others, not lab"),
        (replace(marks(), protect=True), "is protected"),
    ],
)
def test_what_is_not_staged_manually_by_this_stack_is_refused(known: Marks | None, said: str) -> None:
    assert said in refusal("ami-1", image(known)).message


def test_an_image_in_use_stays() -> None:
    machine = Machine("i-1", MachineState.RUNNING, "ami-1", "t3.micro", marks=marks(Role.POOL, "pool"))
    assert "1 machine runs from ami-1" in refusal("worker", image(marks()), machine).message
    gone = replace(machine, state=MachineState.TERMINATED)
    assert unstaged("worker", image(marks()), snapshot(), gone).changes


def test_a_name_of_several_images_takes_an_id() -> None:
    error = refusal("worker", image(marks()), image(marks(), 2, "snap-2"))
    assert "2 manually staged images on cloud have the name worker: ami-1" in error.message


def test_an_image_that_is_not_there_is_told_with_those_that_are() -> None:
    error = refusal("nope", image(marks()), image(None, 2))
    assert error.message == "There is no image nope on cloud."
    assert error.hint == "Manually staged images of the stack lab: ami-1 (worker)."
    assert refusal("nope").hint == "The stack lab has no manually staged images there."


GONE = Deregistered("cloud", "ami-1", ADDRESS, VERSION.image_name("worker", "lab"), snapshots=("snap-1",))


@pytest.mark.parametrize("name", ["ami-1", "worker", "cloud/worker", VERSION.image_name("worker", "lab")])
def test_an_unstaging_that_was_cut_off_is_finished_and_then_there_is_nothing_to_do(name: str) -> None:
    def again(*things: Image | Snapshot) -> Plan:
        records = Records(deregistered=(GONE,))
        return plan_unstage(desired(wished=False), "cloud", name, observation(*things), records, 1000.0)

    assert [change.work for change in again(snapshot()).changes] == [UnstageWork(None, ("snap-1",))]
    assert again().is_empty
    heir = image(marks(name="other"), 2)
    assert again(snapshot(), heir).is_empty


def test_another_home_finishes_it_by_the_names_in_the_tags() -> None:
    assert [change.work for change in unstaged("worker", snapshot()).changes] == [
        UnstageWork(None, ("snap-1",))
    ]
    assert "There is no image other" in refusal("other", snapshot()).message


def test_an_image_of_the_specs_was_never_unstaged() -> None:
    records = Records(deregistered=(replace(GONE, role=Role.POOL),))
    with pytest.raises(PlanError, match="There is no image worker on cloud"):
        plan_unstage(desired(wished=False), "cloud", "worker", observation(), records, 1000.0)


def test_a_name_is_never_that_of_another_stacks_image() -> None:
    theirs = image(marks(stack="others"))
    error = refusal("worker", theirs)
    assert "The stack lab has no image worker on cloud; those of other stacks stay." in error.message
    assert "--stack" not in f"{error.message} {error.hint} {refusal('ami-1', theirs).hint}"


@pytest.mark.parametrize("verdict", ["waiting:t1", "failed:t1"])
def test_staging_on_purpose_takes_over_what_test_vm_has_staged(verdict: str) -> None:
    (change,) = staged(image(replace(marks(), verdict=verdict)), snapshot()).changes
    assert change.work == UpdateWork(("ami-1",), {}, ("extenci:verdict",))
    assert staged(image(replace(marks(), verdict="passed:t1")), snapshot()).is_empty
