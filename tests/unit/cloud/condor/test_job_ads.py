"""Ads of jobs, whole and malformed; and failures that HTCondor's bindings tell only in words."""

from __future__ import annotations

import classad2
import pytest

from extenci.cloud.condor.client import classify, constraint_of
from extenci.cloud.condor.job_ads import PROJECTION, Ad, read_grid_job_id, read_job
from extenci.model.errors import AccessRefused, ServiceError, Unreachable
from extenci.model.observed import Job, JobState
from extenci.model.ownership import Marks, Role

AD: Ad = {
    "ClusterId": 12,
    "ProcId": 3,
    "JobStatus": 2,
    "EnteredCurrentStatus": 1700000060,
    "QDate": 1700000000,
    "GridJobStatus": "running",
    "GridJobId": "ec2 http://127.0.0.1:1234/ 5be7-42 i-0a1b",
    "EC2InstanceName": "i-0a1b",
    "EC2AmiID": "ami-1",
    "EC2InstanceType": "t3.micro",
    "ExtenciToken": "submit-1",
    "ExtenciLaunch": "1:fedcba",
    "ExtenciStack": "physics",
    "ExtenciService": "campus",
    "ExtenciName": "pool",
    "ExtenciRole": "pool",
    "ExtenciTags": "a%5C,b,%24(x)",
}


def read(**changed: object) -> Job:
    return read_job({**AD, **changed})


def test_a_running_job_with_its_machine() -> None:
    assert read_job(AD) == Job(
        id="12.3",
        state=JobState.RUNNING,
        entered=1700000060.0,
        queued=1700000000.0,
        image="ami-1",
        type="t3.micro",
        grid_state="running",
        machine="i-0a1b",
        client_token="5be7-42",
        token="submit-1",
        launch="1:fedcba",
        marks=Marks("physics", "campus", "pool", role=Role.POOL, tag_keys=("a,b", "$(x)")),
    )


def test_the_ads_that_the_bindings_give_are_read_alike() -> None:
    assert read_job(classad2.ClassAd(dict(AD))) == read_job(AD)


@pytest.mark.parametrize(
    ("number", "state"),
    [
        (1, JobState.IDLE),
        (2, JobState.RUNNING),
        (3, JobState.REMOVED),
        (4, JobState.COMPLETED),
        (5, JobState.HELD),
        (6, JobState.TRANSFERRING),
        (7, JobState.SUSPENDED),
        (0, JobState.IDLE),
        (99, JobState.IDLE),
        (None, JobState.IDLE),
    ],
)
def test_states_have_htcondors_names_and_an_unknown_one_counts_as_idle(
    number: object, state: JobState
) -> None:
    assert read(JobStatus=number).state is state


def test_a_held_job_says_why() -> None:
    held = read(JobStatus=5, HoldReason="Failed to authenticate", HoldReasonCode=37, HoldReasonSubCode=9)
    assert (held.state, held.hold_code, held.hold_subcode) == (JobState.HELD, 37, 9)
    assert held.hold_reason == "Failed to authenticate"


@pytest.mark.parametrize(
    ("text", "token", "machine"),
    [
        ("", "", None),
        ("ec2", "", None),
        ("ec2 http://127.0.0.1:1/", "", None),
        ("ec2 http://127.0.0.1:1/ 5be7-42", "5be7-42", None),
        ("ec2 http://127.0.0.1:1/ 5be7-42 i-1", "5be7-42", "i-1"),
        ("condor schedd.example pool.example 17.0", "", None),
    ],
)
def test_a_grid_job_id_tells_the_client_token_then_the_machine(
    text: str, token: str, machine: str | None
) -> None:
    assert read_grid_job_id(text) == (token, machine)


def test_a_machines_name_that_stays_after_its_end_is_not_believed() -> None:
    assert read(GridJobId="ec2 http://127.0.0.1:1/ 5be7-42").machine is None


def test_an_ad_with_nothing_but_its_number_is_an_idle_job_of_nobody() -> None:
    assert read_job({"ClusterId": 1, "ProcId": 0}) == Job("1.0", JobState.IDLE, 0.0, 0.0, "", "")


@pytest.mark.parametrize("name", ["JobStatus", "EnteredCurrentStatus", "QDate", "HoldReasonCode"])
@pytest.mark.parametrize(
    "value",
    [
        "soon",
        True,
        float("nan"),
        float("inf"),
        None,
        classad2.Value.Undefined,
        classad2.Value.Error,
        classad2.ExprTree("1 + unknown"),
    ],
    ids=repr,
)
def test_a_number_that_is_none_counts_as_zero(name: str, value: object) -> None:
    assert read(**{name: value}) == read(**{name: 0})


@pytest.mark.parametrize("name", ["GridJobStatus", "GridJobId", "EC2AmiID", "HoldReason", "ExtenciToken"])
@pytest.mark.parametrize("value", [7, None, classad2.Value.Undefined, classad2.ExprTree("x")], ids=repr)
def test_a_text_that_is_none_counts_as_empty(name: str, value: object) -> None:
    assert read(**{name: value}) == read(**{name: ""})


@pytest.mark.parametrize("name", ["ExtenciStack", "ExtenciService", "ExtenciName"])
def test_a_job_without_a_whole_address_has_no_marks(name: str) -> None:
    assert read(**{name: ""}).marks is None
    assert read(**{name: 5}).marks is None
    assert read(**{name: [name]}).marks is None


def test_marks_that_are_no_text_are_not_there() -> None:
    marks = read(ExtenciRole=7, ExtenciDigest=classad2.Value.Undefined, ExtenciTags=["a"]).marks
    assert marks == Marks("physics", "campus", "pool")


def test_all_that_is_read_is_asked_for() -> None:
    assert set(AD) <= set(PROJECTION)
    assert {"HoldReason", "HoldReasonCode", "HoldReasonSubCode"} <= set(PROJECTION)


def test_jobs_are_asked_for_by_stack_and_service() -> None:
    expression = classad2.ExprTree(constraint_of("physics", "campus"))
    assert expression.eval(classad2.ClassAd(dict(AD))) is True
    other = classad2.ClassAd({**AD, "ExtenciService": "other"})
    assert expression.eval(other) is False
    assert expression.eval(classad2.ClassAd({"ClusterId": 1})) is False


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (
            "Failed to fetch ads from schedd, errmsg=CEDAR:6001:Failed to connect to <127.0.0.1:21349>",
            Unreachable,
        ),
        ("Unable to locate daemon", Unreachable),
        ("Failed to read: timed out", Unreachable),
        ('SECMAN:2010:Received "DENIED" from server for user root@x using method FS.', AccessRefused),
        ("AUTHENTICATE:1003:Failed to authenticate with any method", AccessRefused),
        ("Failed to create job ad, errmsg=Submit:-1:I don't know about the 'x' universe", ServiceError),
        ("", ServiceError),
    ],
)
def test_a_failure_is_told_by_its_words(said: str, kind: type[ServiceError]) -> None:
    found, hint = classify(said)
    assert found is kind
    assert hint
