"""The plan of `import`: marks that make the next plan empty, and refusals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extenci.model.action import Action
from extenci.model.address import Address
from extenci.model.desired import Desired, DesiredGroup, DesiredImage, ImageId, LaunchSettings, Origin
from extenci.model.errors import PlanError
from extenci.model.observed import Image, Machine, MachineState, Snapshot
from extenci.model.ownership import SETTINGS, VERDICT, Marks, Role
from extenci.model.record import Records
from extenci.model.service import Service
from extenci.model.version import GIB, Architecture, Disk, Method, Registration, Version
from extenci.model.work import ImportWork
from extenci.plan.imported.images import describe_image, require_content, require_described, sketch_image
from extenci.plan.imported.machines import describe_group, require_alike
from extenci.plan.imported.plan import (
    ImportInputs,
    plan_after,
    plan_group_import,
    plan_image_import,
    with_spec,
)
from extenci.plan.imported.refusals import require_free, require_unprotected
from tests.unit.builders import observation, observed_image, observed_machine, observed_snapshot

ADDRESS = Address("cloud", "worker")
SERVICE = Service("cloud", "r")
DISK = Disk("b" * 64, GIB, 1)
EMPTY = Desired("lab", "/", {"cloud": SERVICE})


def manual(**more: object) -> Marks:
    version = Version(DISK.digest, Registration(Architecture.X86_64, None, Method.EBS, 1))
    known = Marks("lab", "cloud", "by-hand", Role.MANUAL, digest=DISK.digest, version=str(version))
    return replace(known, **more)  # type: ignore[arg-type]


def inputs(spec: DesiredImage | DesiredGroup, *things: Image | Snapshot | Machine) -> ImportInputs:
    return ImportInputs(
        with_spec(EMPTY, spec), spec, observation(*things), Records(), {ADDRESS: DISK}, {}, 1e9
    )


def described(image: Image) -> DesiredImage:
    return describe_image(image, sketch_image(image, ADDRESS, "/worker.raw", SERVICE), DISK)


def group(**more: object) -> DesiredGroup:
    spec = DesiredGroup(ADDRESS, Origin("", 0, 0), ImageId("ami-1"), 1, LaunchSettings("t3.micro"))
    return replace(spec, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("marks", [None, manual(), manual(verdict="waiting:1")])
def test_an_image_and_its_snapshot_get_the_marks_that_plans_look_for(marks: Marks | None) -> None:
    image = observed_image("ami-1", marks, tags=marks.to_tags() if marks else {})
    snapshot = replace(observed_snapshot("snap-1", marks), tags=marks.to_tags() if marks else {})
    spec = described(image)
    one = inputs(spec, image, snapshot)
    (change,) = plan_image_import(one, image, (snapshot,), spec).changes
    work = change.work
    assert isinstance(work, ImportWork)
    assert (change.action, work.resources) == (Action.ADOPT, ("ami-1", "snap-1"))
    assert work.unset == ((VERDICT,) if marks and marks.verdict else ())
    assert plan_after(one, work).is_empty


def test_a_snapshot_of_another_owner_stays_his() -> None:
    image, spec = observed_image("ami-1"), described(observed_image("ami-1"))
    snapshot = observed_snapshot("snap-1", manual(stack="strangers"))
    (change,) = plan_image_import(inputs(spec, image, snapshot), image, (snapshot,), spec).changes
    assert isinstance(change.work, ImportWork)
    assert change.work.resources == ("ami-1",)


def test_the_way_an_image_was_staged_is_told_by_its_marks() -> None:
    version = Version(DISK.digest, Registration(Architecture.X86_64, None, Method.IMPORT, 1))
    spec = described(observed_image("ami-1", manual(version=str(version))))
    assert spec.method is Method.IMPORT


@pytest.mark.parametrize(
    ("more", "message"),
    [({"architecture": "arm64"}, "architecture arm64"), ({"gib": 7}, "size 7, not 1")],
)
def test_an_image_that_its_entry_does_not_describe_is_refused(more: dict[str, object], message: str) -> None:
    spec = DesiredImage(ADDRESS, Origin("a.yaml", 1, 1), "/worker.raw", Method.EBS)
    with pytest.raises(PlanError, match=message):
        require_described(observed_image("ami-1", None, **more), spec, DISK)


def test_other_content_is_refused() -> None:
    spec = described(observed_image("ami-1"))
    with pytest.raises(PlanError, match="not made from"):
        require_content(observed_image("ami-1"), spec, DISK, "c" * 64)
    require_content(observed_image("ami-1"), spec, DISK, None)


def test_machines_become_a_group_with_nothing_left_to_do() -> None:
    machines = (observed_machine("i-1"), observed_machine("i-2", availability_zone="r-a"))
    spec = describe_group(machines, ADDRESS, None, "lab")
    one = inputs(spec, *machines)
    (change,) = plan_group_import(one, machines, spec).changes
    assert isinstance(change.work, ImportWork)
    assert SETTINGS not in change.work.set
    assert (spec.count, spec.image, spec.settings.availability_zone) == (2, ImageId("ami-1"), None)
    assert plan_after(one, change.work).is_empty


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (group(settings=LaunchSettings("m5.large")), "would replace 1"),
        (group(count=0), "would terminate 1"),
        (group(image=ImageId("ami-2")), "would replace 1"),
    ],
)
def test_a_machine_that_the_next_plan_would_end_is_refused(spec: DesiredGroup, message: str) -> None:
    machine = observed_machine("i-1")
    with pytest.raises(PlanError, match=message):
        plan_group_import(inputs(spec, machine), (machine,), spec)


def test_machines_that_differ_or_do_not_run_are_no_group() -> None:
    with pytest.raises(PlanError, match="differ in type"):
        require_alike((observed_machine("i-1"), observed_machine("i-2", type="t3.small")), ADDRESS)
    with pytest.raises(PlanError, match="stopped"):
        require_alike((observed_machine("i-1", state=MachineState.STOPPED),), ADDRESS)


@pytest.mark.parametrize(
    ("marks", "tags", "message"),
    [
        (manual(stack="strangers"), {}, "belongs to the stack strangers"),
        (manual(role=Role.POOL), {}, "already managed"),
        (manual(role=Role.TEST), {}, "test VM"),
        (manual(service="other"), {}, "another service file"),
        (None, {"aws:autoscaling:groupName": "web"}, "Auto Scaling"),
    ],
)
def test_what_is_somebody_elses_is_refused(marks: Marks | None, tags: dict[str, str], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        require_free(observed_machine("i-1", marks, tags=tags), EMPTY, ADDRESS)


def test_another_roots_is_refused_and_a_protection_is_not_lost() -> None:
    with pytest.raises(PlanError, match="another spec root"):
        require_free(observed_image("ami-1", manual(root_id="a")), replace(EMPTY, root_id="b"), ADDRESS)
    image = observed_image("ami-1", manual(protect=True))
    assert described(image).protect
    with pytest.raises(PlanError, match="protected"):
        require_unprotected(image, protect=False, origin="a.yaml:1:1")
