"""Images of two service files of one account have different names."""

from __future__ import annotations

from typing import Any

import pytest

from extenci.model.service import Service
from extenci.model.version import LONGEST_IMAGE_NAME, Architecture, Method, Registration, Version
from extenci.model.work import RegisterWork, StageWork
from tests.unit.plan.scenery import Case, build_case

VERSION = Version("d" * 64, Registration(Architecture.X86_64, None, Method.EBS, 1))
BOTH: dict[str, Any] = {
    "services": {"one": {}, "two": {}},
    "images": {"one/worker": {"disk": "A"}, "two/worker": {"disk": "A"}},
}
ONE: dict[str, Any] = {"services": {"one": {}}, "images": {"one/worker": {"disk": "A"}}}
PLAIN = "worker-lab-559aead08264-2a0789b0"


def naming(case: Case) -> dict[str, bool]:
    """Whether each image that is made has its service in its name, by address."""
    return {
        str(change.address): change.work.names_service
        for change in case.plan().changes
        if isinstance(change.work, StageWork | RegisterWork)
    }


def test_images_of_one_name_on_one_endpoint_have_their_services_in_their_names() -> None:
    assert naming(build_case("both", {"specs": BOTH})) == {"one/worker": True, "two/worker": True}


def test_other_images_have_plain_names() -> None:
    specs = {**BOTH, "images": {"one/worker": {"disk": "A"}, "two/other": {"disk": "A"}}}
    assert naming(build_case("apart", {"specs": specs})) == {"one/worker": False, "two/other": False}


def test_an_image_with_a_plain_name_stays_and_the_other_service_gets_its_own() -> None:
    there = {
        "one": {"images": {"ami-1": {"of": "worker", "disk": "A", "snapshots": ["snap-1"]}}},
        "two": {"images": {"ami-1": {"of": "one/worker", "disk": "A"}}},
    }
    case = build_case("seen", {"specs": BOTH, "there": there})
    names = [image.name for state in case.observation.services.values() for image in state.images]
    assert names == [PLAIN, PLAIN]
    assert naming(case) == {"two/worker": True}
    assert [change.id for change in case.plan().changes] == ["stage two/worker"]


def test_a_plain_name_that_a_service_outside_of_the_specs_has_is_left_to_it() -> None:
    there = {"one": {"images": {"ami-1": {"of": "former/worker", "disk": "A"}}}}
    specs = {**ONE, "select_services": ["one"]}
    assert naming(build_case("former", {"specs": specs, "there": there})) == {"one/worker": True}


def test_without_tags_the_records_tell_whose_the_plain_name_is() -> None:
    specs = {**ONE, "services": {"one": {"tags": "none"}, "two": {"tags": "none"}}}
    there = {"one": {"images": {"ami-1": {"name": PLAIN}}}}
    records = {"images": {"ami-1": {"of": "two/worker"}}}
    case = build_case("records", {"specs": specs, "there": there, "records": records})
    assert naming(case) == {"one/worker": True}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://ec2.example.edu", "https://EC2.example.edu:443/", True),
        ("http://127.0.0.1:4000", "http://ec2.region.localhost:4000", True),
        ("http://127.0.0.1:4000", "http://127.0.0.1:4001", False),
        ("https://ec2.example.edu", "https://ec2.example.org", False),
    ],
)
def test_services_of_one_endpoint_may_share_an_account(one: str, other: str, same: bool) -> None:
    first, second = Service("one", "x", ec2=one), Service("two", "x", ec2=other)
    assert first.may_share_account(second) is same


def test_regions_share_no_names() -> None:
    assert not Service("one", "us-east-1").may_share_account(Service("two", "us-east-2"))


def test_a_name_with_its_service_is_no_longer_than_services_take() -> None:
    assert VERSION.image_name("worker", "lab", "one") == f"worker-lab-one-{VERSION}"
    longest = [VERSION.image_name("w" * 50, "s" * 50, letter * 50) for letter in "ab"]
    assert {len(name) for name in longest} == {LONGEST_IMAGE_NAME}
    assert longest[0] != longest[1]
