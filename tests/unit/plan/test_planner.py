"""What a plan refuses to be made from, and what it carries that the cases in files do not show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extenci.model.desired import Selection
from extenci.model.errors import PlanError
from extenci.model.observed import Observation
from extenci.model.service import Service
from extenci.model.work import LaunchWork, StageWork
from extenci.plan.fields import desired_fields
from extenci.plan.planner import make_plan
from tests.unit.plan.scenery import NOW, Body, address, build_case, digest

SPECS: Body = {
    "images": {"worker": {"disk": "A", "sha256": "abc", "protect": True, "tags": {"team": "physics"}}},
    "instances": {"pool": {"image": "worker", "user_data": "secret", "tags": {"a": "1"}, "protect": True}},
}


def test_a_stage_carries_every_mark_and_tag_of_its_image() -> None:
    change = build_case("", {"specs": SPECS}).plan().changes[0]
    assert isinstance(change.work, StageWork)
    assert dict(change.work.tags) == {
        "team": "physics",
        "extenci:stack": "lab",
        "extenci:service": "sandbox",
        "extenci:name": "worker",
        "extenci:role": "pool",
        "extenci:digest": digest("A"),
        "extenci:version": str(change.work.version),
        "extenci:source-sha256": "abc",
        "extenci:protect": "true",
        "extenci:tags": "team",
    }


def test_a_launch_carries_every_mark_and_tag_of_its_machines() -> None:
    stage, launch = build_case("", {"specs": SPECS}).plan().changes
    assert isinstance(stage.work, StageWork)
    assert isinstance(launch.work, LaunchWork)
    settings = launch.work.tags["extenci:settings"]
    assert dict(launch.work.tags) == {
        "a": "1",
        "extenci:stack": "lab",
        "extenci:service": "sandbox",
        "extenci:name": "pool",
        "extenci:role": "pool",
        "extenci:digest": digest("A"),
        "extenci:version": str(stage.work.version),
        "extenci:settings": settings,
        "extenci:protect": "true",
        "extenci:tags": "a",
    }
    assert settings.startswith("1:")


def test_machines_of_an_image_by_its_id_carry_no_version() -> None:
    (launch,) = build_case("", {"specs": {"instances": {"pool": {"image": "ami-1"}}}}).plan().changes
    assert isinstance(launch.work, LaunchWork)
    assert not {"extenci:version", "extenci:digest"} & launch.work.tags.keys()


def test_fields_never_hold_user_data() -> None:
    case = build_case("", {"specs": SPECS})
    assert "secret" not in repr(desired_fields(case.desired.instances[0]))
    assert str(desired_fields(case.desired.instances[0])["user_data"]).startswith("sha256:")


def test_a_service_with_records_that_no_spec_names_is_an_error() -> None:
    body = {"records": {"machines": {"i-1": {"of": "cloud/pool"}}}}
    with pytest.raises(PlanError) as caught:
        build_case("", body).plan()
    assert "No spec names the service cloud any more, but it still has 1 resource of" in caught.value.message
    assert "extenci destroy --service cloud" in caught.value.hint


def test_a_service_with_owned_resources_that_no_spec_names_is_an_error() -> None:
    body = {"there": {"machines": {"i-1": {"of": "cloud/pool", "image": "ami-1"}}}}
    with pytest.raises(PlanError, match="No spec names the service cloud"):
        build_case("", body).plan()


def test_a_selection_can_leave_a_lost_service_out() -> None:
    body = {"records": {"machines": {"i-1": {"of": "cloud/pool"}}}, "specs": {"select_services": ["sandbox"]}}
    assert build_case("", body).plan().is_empty


def test_other_stacks_on_a_lost_service_are_not_ours_to_ask_about() -> None:
    body = {"there": {"machines": {"i-1": {"of": "cloud/pool", "image": "ami-1", "stack": "others"}}}}
    assert build_case("", body).plan().is_empty


def test_a_service_that_was_not_observed_is_an_error() -> None:
    case = build_case("", {})
    with pytest.raises(PlanError, match="The state of sandbox was not read"):
        make_plan(case.desired, case.disks, Observation({}), case.records, now=NOW)


def test_a_service_outside_the_selection_need_not_be_observed() -> None:
    case = build_case("", {"specs": {"images": {"worker": {"disk": "A"}}}})
    services = {**case.desired.services, "far": Service("far", "us-east-1")}
    selection = Selection(addresses=frozenset({address("worker")}))
    desired = replace(case.desired, services=services, selection=selection)
    plan = make_plan(desired, case.disks, case.observation, case.records, now=NOW)
    assert plan.services == ("sandbox",)
    assert plan.summary == {"stage": 1}
