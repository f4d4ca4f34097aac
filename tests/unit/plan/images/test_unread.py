from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from extenci.model.action import Action
from extenci.model.observed import Observation
from extenci.plan.images.unread import images_to_read
from extenci.plan.planner import make_plan
from tests.unit.plan.scenery import NOW, build_case

PINNED = {"images": {"worker": {"sha256": "abc"}}, "instances": {"pool": {"image": "worker"}}}
STAGED = {
    "images": {"ami-1": {"of": "worker", "disk": "A", "sha256": "abc", "snapshots": ["snap-1"]}},
    "snapshots": {"snap-1": {"of": "worker", "disk": "A", "sha256": "abc"}},
}


def to_read(specs: dict[str, Any], there: dict[str, Any]) -> list[str]:
    case = build_case("unread", {"specs": specs, "there": there})
    found = images_to_read(case.desired, case.disks, case.observation, case.records)
    return [spec.address.name for spec in found]


def test_a_pinned_image_that_is_not_staged_is_read() -> None:
    assert to_read(PINNED, {}) == ["worker"]


@pytest.mark.parametrize("kinds", [["images", "snapshots"], ["snapshots"]])
def test_a_pinned_image_that_is_staged_or_can_be_registered_is_not(kinds: list[str]) -> None:
    assert to_read(PINNED, {kind: STAGED[kind] for kind in kinds}) == []


def test_an_interrupted_upload_needs_its_source() -> None:
    pending = {"snap-1": {"of": "worker", "disk": "A", "sha256": "abc", "state": "pending"}}
    assert to_read(PINNED, {"snapshots": pending}) == ["worker"]


def test_another_pin_is_another_source() -> None:
    assert to_read({"images": {"worker": {"sha256": "def"}}}, STAGED) == ["worker"]


def test_what_is_known_or_not_pinned_is_not_asked_for() -> None:
    assert to_read({"images": {"worker": {"sha256": "abc", "disk": "A"}}}, {}) == []
    assert to_read({"images": {"worker": {}}}, {}) == []


def test_a_twin_whose_file_is_here_is_enough() -> None:
    specs = {"images": {"worker": {"sha256": "abc"}, "twin": {"sha256": "abc", "disk": "A"}}}
    assert to_read(specs, {}) == []


def test_a_bundle_whose_size_no_service_reports_is_told_by_its_label() -> None:
    body = {"specs": PINNED, "there": {"images": STAGED["images"]}}
    case = build_case("bundle", body)
    state = case.observation.services["sandbox"]
    images = tuple(replace(image, gib=None, snapshots=()) for image in state.images)
    bundled = Observation({"sandbox": replace(state, images=images)})
    assert images_to_read(case.desired, {}, bundled, case.records) == ()
    assert make_plan(case.desired, {}, bundled, case.records, now=NOW).changes[0].action is Action.LAUNCH


def test_what_is_not_selected_is_not_read() -> None:
    images = {"worker": {"sha256": "abc"}, "other": {"sha256": "def"}}
    assert to_read({"images": images, "select": ["other"]}, {}) == ["other"]


def test_a_smaller_volume_than_the_snapshot_needs_the_source() -> None:
    big = {"snap-1": {"of": "worker", "disk": "A:4", "sha256": "abc"}}
    assert to_read({"images": {"worker": {"sha256": "abc", "size": 2}}}, {"snapshots": big}) == ["worker"]
