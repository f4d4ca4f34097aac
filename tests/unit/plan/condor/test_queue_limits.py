from __future__ import annotations

from dataclasses import replace

import pytest

from extenci.model.finding import Level
from extenci.model.observed import QueueFacts
from extenci.model.service import Service
from extenci.plan.condor.queue_limits import as_warnings, judge_queue, signs_for

AWS = Service("aws", "us-east-1")
WELL = QueueFacts("ann@submit", "23.9.6", 1000, "ann@example.edu", True, False)


def judge(facts: QueueFacts, service: Service = AWS, wanted: int = 25) -> list[tuple[Level, str]]:
    return [(one.level, one.text) for one in judge_queue(service, facts, wanted)]


def test_nothing_is_said_of_an_htcondor_that_can_do_it_or_says_nothing_of_itself() -> None:
    assert judge(WELL) == []
    assert judge(QueueFacts()) == []


@pytest.mark.parametrize(
    ("version", "level"),
    [("8.6.13", Level.PROBLEM), ("8.8.0", Level.WARNING), ("10.0.9", Level.WARNING)],
)
def test_a_version_too_old_is_a_problem_and_one_never_tried_a_warning(version: str, level: Level) -> None:
    ((found, text),) = judge(replace(WELL, version=version))
    assert found is level
    assert version in text


def test_a_version_since_23_is_fine() -> None:
    assert judge(replace(WELL, version="23.0.1")) == judge(replace(WELL, version="25.14.1")) == []


@pytest.mark.parametrize("owner", ["root@example.edu", "unauthenticated@unmapped"])
def test_jobs_need_an_owner_who_is_somebody_and_not_root(owner: str) -> None:
    ((level, text),) = judge(replace(WELL, owner=owner))
    assert level is Level.PROBLEM
    assert owner in text


def test_no_ec2_gahp_is_a_problem_and_one_that_cannot_be_seen_is_none() -> None:
    ((level, text),) = judge(replace(WELL, has_ec2_gahp=False))
    assert (level, "no EC2 GAHP" in text) == (Level.PROBLEM, True)
    assert judge(replace(WELL, has_ec2_gahp=None)) == []


def test_machines_past_the_limit_are_counted() -> None:
    ((level, text),) = judge(replace(WELL, most_submitted=20))
    assert level is Level.WARNING
    assert text == (
        "HTCondor gives aws at most 20 jobs at a time: of the 25 machines wanted there, 5 will wait in "
        "the queue."
    )
    assert judge(replace(WELL, most_submitted=25)) == []


@pytest.mark.parametrize(
    ("host", "signed"),
    [
        ("ec2.us-east-1.amazonaws.com", ("ec2", "us-east-1")),
        ("ec2.amazonaws.com", ("ec2", "amazonaws")),
        ("cloud.example.edu", ("cloud", "example")),
        ("cloud", ("cloud", "cloud")),
        ("cloud.edu", ("cloud", "cloud.edu")),
    ],
)
def test_the_gahp_signs_for_the_first_two_labels_of_the_host(host: str, signed: tuple[str, str]) -> None:
    assert signs_for(host) == signed


def test_a_host_that_cannot_be_signed_for_is_a_problem_on_aws_only() -> None:
    assert [level for level, _ in judge(WELL, replace(AWS, ec2="https://ec2.amazonaws.com"))] == [
        Level.PROBLEM
    ]
    campus = Service("campus", "campus", ec2="https://cloud.example.edu:8773/services/compute")
    assert [level for level, _ in judge(WELL, campus)] == [Level.WARNING]
    assert judge(WELL, replace(campus, ec2="https://ec2.campus.example.edu")) == []
    assert judge(WELL, replace(campus, ec2="http://127.0.0.1:4000")) == []


def test_certificates_that_only_extenci_knows_are_a_warning() -> None:
    service = replace(AWS, ca_bundle="/ca.pem")
    assert [level for level, _ in judge(WELL, service)] == [Level.WARNING]
    assert judge(replace(WELL, has_ca_file=True), service) == []


def test_a_plan_warns_with_what_to_do() -> None:
    (warning,) = as_warnings(judge_queue(AWS, replace(WELL, most_submitted=20), 25))
    assert warning.endswith(
        "5 will wait in the queue. Raise GRIDMANAGER_MAX_SUBMITTED_JOBS_PER_RESOURCE_EC2 in the schedd's "
        "configuration."
    )
