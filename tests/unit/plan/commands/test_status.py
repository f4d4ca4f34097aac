"""Desired, recorded and live, side by side."""

from __future__ import annotations

from dataclasses import replace

from extenci.model.record import VerdictRecord
from extenci.model.status import ImageStatus, InstancesStatus, RefusedVersion, StackStatus
from extenci.model.verdict import Verdict
from extenci.plan.commands.status import make_status
from tests.unit.plan.scenery import Body, address, build_case, digest


def status_of(body: Body) -> StackStatus:
    case = build_case("", body)
    return make_status(case.desired, case.disks, case.observation, case.records)


def image_of(body: Body, name: str = "worker") -> ImageStatus:
    return next(image for image in status_of(body).images if image.address == address(name))


def group_of(body: Body, name: str = "pool") -> InstancesStatus:
    return next(group for group in status_of(body).instances if group.address == address(name))


def test_a_staged_image_shows_its_id_its_snapshot_and_older_versions() -> None:
    found = image_of(
        {
            "specs": {"images": {"worker": {"disk": "B"}}},
            "there": {
                "images": {
                    "ami-1": {"of": "worker", "disk": "A"},
                    "ami-2": {"of": "worker", "disk": "B", "snapshots": ["snap-2"]},
                }
            },
        }
    )
    assert found == ImageStatus(address("worker"), digest("B"), "ami-2", "snap-2", "staged", older=("ami-1",))


def test_an_image_of_another_version_is_outdated() -> None:
    found = image_of(
        {
            "specs": {"images": {"worker": {"disk": "B"}}},
            "there": {"images": {"ami-1": {"of": "worker", "disk": "A"}}},
        }
    )
    assert (found.state, found.id, found.digest, found.older) == ("outdated", "ami-1", digest("B"), ())


def test_an_image_that_is_not_there_is_not_staged() -> None:
    found = image_of({"specs": {"images": {"worker": {"disk": "A"}}}})
    assert found == ImageStatus(address("worker"), digest("A"), None, None, "not staged")


def test_an_image_whose_registration_is_under_way_or_failed_says_so() -> None:
    for state in ("pending", "failed"):
        there = {"images": {"ami-1": {"of": "worker", "disk": "A", "state": state}}}
        assert image_of({"specs": {"images": {"worker": {"disk": "A"}}}, "there": there}).state == state


def test_an_image_that_is_owned_but_no_longer_wished_is_shown() -> None:
    found = image_of({"there": {"images": {"ami-1": {"of": "worker", "disk": "A"}}}})
    assert (found.state, found.digest) == ("not desired", digest("A"))


def test_a_pinned_image_without_its_file_shows_what_is_staged() -> None:
    found = image_of(
        {
            "specs": {"images": {"worker": {"sha256": "abc"}}},
            "there": {"images": {"ami-1": {"of": "worker", "disk": "A", "sha256": "abc"}}},
        }
    )
    assert (found.state, found.digest) == ("staged", digest("A"))


def test_a_group_shows_each_machine() -> None:
    found = group_of(
        {
            "specs": {
                "images": {"worker": {"disk": "A"}},
                "instances": {"pool": {"image": "worker", "count": 5}},
            },
            "there": {
                "images": {"ami-1": {"of": "worker", "disk": "A"}},
                "machines": {
                    "i-1": {"of": "pool", "image": "ami-1", "disk": "A"},
                    "i-2": {"of": "pool", "image": "ami-0", "disk": "B", "state": "stopped"},
                    "i-3": {"of": "pool", "image": "ami-1", "disk": "A", "state": "terminated"},
                },
            },
            "records": {"machines": {"i-1": {"of": "pool"}, "i-3": {"of": "pool"}}},
        }
    )
    assert (found.wanted, found.recorded) == (5, 2)
    shown = [(one.id, one.state, one.host, one.image, one.outdated) for one in found.machines]
    assert shown == [
        ("i-1", "running", "i-1.example", "ami-1", False),
        ("i-2", "stopped", "i-2.example", "ami-0", True),
    ]


def test_machines_of_a_group_no_longer_wished_are_shown() -> None:
    found = group_of({"there": {"machines": {"i-1": {"of": "pool", "image": "ami-1"}}}})
    assert (found.wanted, [one.outdated for one in found.machines]) == (0, [False])


def test_only_what_is_selected_is_shown() -> None:
    specs = {"images": {"worker": {"disk": "A"}, "other": {"disk": "B"}}, "select": ["other"]}
    assert [image.address for image in status_of({"specs": specs}).images] == [address("other")]


def test_a_group_that_htcondor_launches_shows_its_jobs() -> None:
    known = {"of": "pool", "image": "ami-1", "disk": "A"}
    found = group_of(
        {
            "specs": {
                "images": {"worker": {"disk": "A"}},
                "instances": {"pool": {"image": "worker", "launch": "condor", "count": 6}},
            },
            "there": {
                "images": {"ami-1": {"of": "worker", "disk": "A"}},
                "machines": {"i-1": known, "i-2": known, "i-3": known},
                "jobs": {
                    "7.0": {**known, "state": "running", "machine": "i-1"},
                    "7.1": {**known, "hold": [1, 0], "machine": "i-2"},
                    "7.2": {**known, "age": 10},
                    "7.3": {**known, "hold": [37, 9]},
                    "7.4": {**known, "state": "running", "machine": "i-9"},
                    "7.5": {**known, "state": "removed"},
                    "7.6": {**known, "type": "m5.large"},
                },
            },
        }
    )
    assert [(one.id, one.state, one.job, one.outdated) for one in found.machines] == [
        ("i-1", "running", "7.0", False),
        ("i-2", "running", "7.1", False),
        ("i-3", "running", None, True),
        ("", "idle", "7.2", False),
        ("", "held", "7.3", False),
        ("", "machine gone", "7.4", False),
        ("", "idle", "7.6", True),
    ]


def test_without_its_disk_nobody_can_tell_whether_an_image_is_outdated() -> None:
    specs = {"images": {"worker": {}}, "instances": {"pool": {"image": "worker"}}}
    machines = {"i-1": {"of": "pool", "image": "ami-1", "disk": "A"}}
    there = {"images": {"ami-1": {"of": "worker", "disk": "A"}}, "machines": machines}
    found = image_of({"specs": specs, "there": there})
    assert (found.state, found.id, found.digest) == ("unknown", "ami-1", digest("A"))
    assert not group_of({"specs": specs, "there": there}).machines[0].outdated
    assert image_of({"specs": specs}).state == "not staged"


TESTED: Body = {
    "specs": {"images": {"worker": {"disk": "A"}}},
    "there": {
        "images": {"ami-1": {"of": "worker", "disk": "A"}},
        "machines": {"i-1": {"of": "worker", "disk": "A", "role": "test", "image": "ami-1"}},
    },
}


def with_verdict(body: Body, label: str | None, verdict: Verdict) -> StackStatus:
    """The status with a verdict on record, on a version or on the one that the test VM runs."""
    case = build_case("", body)
    (state,) = case.observation.services.values()
    tested = next((one.marks.version for one in state.machines if one.marks), None)
    record = VerdictRecord(address("worker"), label or str(tested), "h", verdict, 5.0, "tcp 22 failed.")
    records = replace(case.records, verdicts=(record,))
    return make_status(case.desired, case.disks, case.observation, records)


def test_test_vms_are_shown_with_the_verdict_on_their_version() -> None:
    (found,) = status_of(TESTED).test_vms
    assert (found.address, found.id, found.image, found.verdict) == (address("worker"), "i-1", "ami-1", None)
    for verdict in (Verdict.WAITING, Verdict.FAILED):
        (found,) = with_verdict(TESTED, None, verdict).test_vms
        assert found.verdict == str(verdict)


def test_a_version_that_failed_and_is_gone_is_told_of() -> None:
    specs: Body = {"specs": {"images": {"worker": {"disk": "A"}}}}
    assert with_verdict(specs, "gone", Verdict.FAILED).refused == (
        RefusedVersion(address("worker"), "gone", "failed", 5.0, "tcp 22 failed."),
    )
    assert with_verdict(specs, "gone", Verdict.PASSED).refused == ()
    assert with_verdict(TESTED, None, Verdict.FAILED).refused == ()
