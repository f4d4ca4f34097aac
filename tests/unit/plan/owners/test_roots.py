"""Two roots with one stack name are told apart by their ids."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extenci.model.action import Action
from extenci.model.desired import Desired
from extenci.model.observed import MachineState, Observation
from extenci.model.ownership import LASTING_MARKS, ROOT, Marks, Role, read_marks
from extenci.plan.owners.roots import find_other_roots
from tests.unit.builders import observation, observed_image, observed_machine, observed_snapshot
from tests.unit.plan.scenery import build_case

OURS, THEIRS = "ours", "theirs"
DESIRED = Desired("lab", "/specs", {}, root_id=OURS)


def marks(root: str | None, **more: object) -> Marks:
    return replace(Marks("lab", "cloud", "pool", root_id=root), **more)  # type: ignore[arg-type]


def refused(desired: Desired, found: Observation) -> dict[str, str]:
    return {name: f"{error} {error.hint}" for name, error in find_other_roots(desired, found).items()}


@pytest.mark.parametrize("role", Role)
def test_resources_of_another_root_refuse_the_service(role: Role) -> None:
    machine = observed_machine("i-1", marks(THEIRS, role=role))
    (text,) = refused(DESIRED, observation(machine)).values()
    assert "root theirs (1 resource)" in text
    assert "says `root: ours`" in text
    assert "`root: theirs`" in text


def test_images_and_snapshots_tell_of_it_too() -> None:
    for thing in (observed_image("ami-1", marks(THEIRS)), observed_snapshot("snap-1", marks(THEIRS))):
        assert refused(DESIRED, observation(thing)).keys() == {"cloud"}


def test_a_root_without_an_id_is_refused_what_another_has_marked() -> None:
    (text,) = refused(
        replace(DESIRED, root_id=None), observation(observed_machine("i-1", marks(THEIRS)))
    ).values()
    assert "names no root" in text


@pytest.mark.parametrize(
    "known",
    [
        marks(OURS),
        marks(None),
        marks(THEIRS, stack="other"),
        marks(THEIRS, service="elsewhere"),
    ],
)
def test_other_resources_refuse_nothing(known: Marks) -> None:
    assert refused(DESIRED, observation(observed_machine("i-1", known), observed_image("ami-1"))) == {}


def test_machines_that_have_ended_refuse_nothing() -> None:
    ended = observed_machine("i-1", marks(THEIRS), state=MachineState.TERMINATED)
    assert refused(DESIRED, observation(ended)) == {}


def test_a_stack_that_was_named_for_one_command_is_of_any_root() -> None:
    desired = replace(DESIRED, root_id=None, is_of_any_root=True)
    assert refused(desired, observation(observed_machine("i-1", marks(THEIRS)))) == {}


def test_the_id_is_a_lasting_mark() -> None:
    known = marks(OURS)
    assert known.to_tags()[ROOT] == OURS
    assert read_marks(known.to_tags()) == known
    assert ROOT in LASTING_MARKS
    assert ROOT not in marks(None).to_tags()


def test_all_that_a_root_makes_carries_its_id() -> None:
    specs = {
        "root": OURS,
        "images": {"worker": {"disk": "A"}},
        "instances": {"pool": {"image": "worker", "count": 1}},
    }
    changes = build_case("new", {"specs": specs}).plan().changes
    assert [change.action for change in changes] == [Action.STAGE, Action.LAUNCH]
    assert {change.work.tags[ROOT] for change in changes} == {OURS}  # type: ignore[union-attr]
