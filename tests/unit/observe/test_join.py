"""Jobs and machines, read queue, machines, queue: every way in which the readings can disagree."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extenci.model.observed import Job, JobState, Machine, MachineState, ServiceState
from extenci.model.ownership import Marks
from extenci.model.record import SUBMIT, Intent, Records
from extenci.model.service import Tagging
from extenci.observe.join import join, unexplained
from extenci.observe.ownership import assign, known_resources
from tests.unit.builders import observed_machine

MARKS = Marks(stack="physics", service="cloud", name="pool")


def job(id_: str = "1.0", machine: str | None = None, state: str = "idle", **more: object) -> Job:
    made = Job(id_, JobState(state), entered=50.0, queued=20.0, image="ami-1", type="t3.micro", marks=MARKS)
    return replace(made, machine=machine, **more)  # type: ignore[arg-type]


def machine(
    id_: str = "i-1", state: str = "running", token: str = "", marks: Marks | None = MARKS
) -> Machine:
    return observed_machine(id_, marks, state=MachineState(state), launched=60.0, token=token)


def shown(machines: tuple[Machine, ...]) -> list[tuple[str, str, str | None, bool]]:
    """Each machine's id and state, its job, and whether it settles."""
    return [(one.id, str(one.state), one.job.id if one.job else None, one.settling) for one in machines]


# What one reading of the queue explains.


def test_a_machine_and_the_job_that_names_it_are_one() -> None:
    assert shown(join([machine()], [job(machine="i-1", state="running")])) == [
        ("i-1", "running", "1.0", False)
    ]


def test_a_job_without_a_machine_is_a_machine_in_the_making() -> None:
    waiting = job(client_token="tok", type="m5.large", image="ami-2")
    (made,) = join([], [waiting])
    assert made == Machine(
        "job 1.0",
        MachineState.PENDING,
        "ami-2",
        "m5.large",
        launched=20.0,
        token="tok",
        marks=MARKS,
        job=waiting,
    )
    assert not made.exists
    assert str(made.handle) == "job 1.0"


@pytest.mark.parametrize("state", ["removed", "completed"])
def test_a_job_that_is_over_makes_no_machine_any_more(state: str) -> None:
    (made,) = join([], [job(state=state)])
    assert made.state.is_gone


def test_a_held_job_keeps_its_machine_and_ends_it() -> None:
    (made,) = join([machine()], [job(machine="i-1", state="held")])
    assert (made.id, str(made.handle), made.exists) == ("i-1", "job 1.0", True)


def test_a_machine_whose_job_was_removed_is_ended_by_its_own_id() -> None:
    (made,) = join([machine()], [job(machine="i-1", state="removed")])
    assert (made.id, str(made.handle), made.job and made.job.id) == ("i-1", "i-1", "1.0")


def test_a_machine_that_the_service_knows_and_no_job_names_stands_alone() -> None:
    assert shown(join([machine()], [])) == [("i-1", "running", None, False)]


def test_a_machine_without_marks_of_its_own_has_those_of_its_job() -> None:
    (made,) = join([machine(marks=None)], [job(machine="i-1", state="running")])
    assert made.marks == MARKS


def test_a_machine_has_its_own_marks_first() -> None:
    other = replace(MARKS, name="other")
    (made,) = join([machine(marks=other)], [job(machine="i-1", state="running")])
    assert made.marks == other


# When the queue is read once more.


@pytest.mark.parametrize(
    ("machines", "jobs", "again"),
    [
        ([], [], False),
        ([], [job()], False),
        ([machine()], [job(machine="i-1")], False),
        ([machine(state="terminated")], [], False),
        ([machine()], [], True),
        ([machine()], [job()], True),
        ([], [job(machine="i-1")], True),
        ([machine(state="terminated")], [job(machine="i-1")], True),
        ([machine(), machine("i-2")], [job(machine="i-1")], True),
    ],
)
def test_the_queue_is_read_again_where_it_does_not_explain_the_machines(
    machines: list[Machine], jobs: list[Job], again: bool
) -> None:
    assert unexplained(machines, jobs) is again


# What changed between two readings of the queue.


def test_a_job_that_got_its_machine_in_between_settles_and_counts_once() -> None:
    found = join([machine()], [job()], [job(machine="i-1")])
    assert shown(found) == [("i-1", "running", "1.0", True)]


def test_a_job_that_got_its_machine_too_late_for_the_list_settles() -> None:
    found = join([machine("i-2")], [job()], [job(machine="i-1")])
    assert shown(found) == [("i-2", "running", None, False), ("job 1.0", "pending", "1.0", True)]


def test_a_job_that_was_not_told_of_its_machine_yet_is_known_by_the_client_token() -> None:
    waiting = job(client_token="tok")
    found = join([machine(token="tok"), machine("i-2", token="x")], [waiting], [waiting])
    assert shown(found) == [("i-1", "running", "1.0", False), ("i-2", "running", None, False)]


def test_a_machine_without_a_token_belongs_to_no_job_without_one() -> None:
    assert shown(join([machine()], [job()], [job()])) == [
        ("i-1", "running", None, False),
        ("job 1.0", "pending", "1.0", False),
    ]


def test_a_token_tells_nothing_once_the_job_has_another_machine() -> None:
    later = job(machine="i-2", client_token="tok", state="running")
    found = join([machine("i-1", token="tok"), machine("i-2")], [later], [later])
    assert shown(found) == [("i-1", "running", None, False), ("i-2", "running", "1.0", False)]


def test_a_job_that_vanished_in_between_leaves_a_machine_that_settles() -> None:
    found = join([machine(), machine("i-2")], [job(machine="i-1", state="running")], [])
    assert shown(found) == [("i-1", "running", None, True), ("i-2", "running", None, False)]


def test_a_job_that_vanished_before_it_named_its_machine_leaves_one_that_settles() -> None:
    assert shown(join([machine(token="tok")], [job(client_token="tok")], [])) == [
        ("i-1", "running", None, True)
    ]


def test_a_job_that_vanished_without_a_machine_is_not_counted() -> None:
    assert join([], [job()], []) == ()


def test_a_job_and_its_machine_that_both_went_are_not_there() -> None:
    assert join([], [job(machine="i-1", state="running")], []) == ()


def test_a_job_that_came_in_between_settles() -> None:
    assert shown(join([], [], [job()])) == [("job 1.0", "pending", "1.0", True)]


def test_a_job_that_changed_its_state_in_between_settles() -> None:
    before, after = job(machine="i-1", state="running"), job(machine="i-1", state="held")
    assert shown(join([machine()], [before], [after])) == [("i-1", "running", "1.0", True)]


def test_a_job_that_was_held_and_lost_its_machine_in_between_settles() -> None:
    before, after = job(machine="i-1", state="running"), job(state="held")
    found = join([machine(state="shutting-down")], [before], [after])
    assert shown(found) == [("i-1", "shutting-down", None, False), ("job 1.0", "pending", "1.0", True)]


def test_a_job_whose_machine_is_gone_is_in_the_making_again_and_nothing_holds_the_dead() -> None:
    lasting = job(machine="i-1", state="running")
    for dead in ([machine(state="terminated")], []):
        found = join(dead, [lasting], [lasting])
        assert shown(found) == [
            *[("i-1", "terminated", None, False) for _ in dead],
            ("job 1.0", "pending", "1.0", False),
        ]


def test_a_removed_job_whose_machine_is_gone_is_told_of_once() -> None:
    found = join([machine(state="terminated")], [job(machine="i-1", state="removed")])
    assert [one.id for one in found if one.job] == ["job 1.0"]
    assert all(one.state.is_gone for one in found)


def test_of_two_jobs_that_name_one_machine_the_later_one_holds_it() -> None:
    """The other is no machine of its own: to remove it would end the machine of the one that holds it."""
    first, second = job("1.0", "i-1"), job("2.0", "i-1", entered=70.0)
    for jobs in ([first, second], [second, first]):
        assert shown(join([machine()], jobs)) == [("i-1", "running", "2.0", False)]


def test_of_two_jobs_that_came_at_once_the_order_of_reading_does_not_choose() -> None:
    first, second = job("1.0", "i-1"), job("2.0", "i-1")
    assert join([machine()], [first, second]) == join([machine()], [second, first])


# Whose they are where tags do not tell at first, or never.


@pytest.mark.parametrize("mode", [Tagging.AFTER, Tagging.NONE])
def test_without_tags_a_machine_belongs_to_its_jobs_stack(mode: Tagging) -> None:
    jobs = [job(machine="i-1", state="running"), job("1.1", client_token="tok"), job("1.2")]
    known = known_resources("cloud", Records(), jobs)
    machines = (
        machine("i-1", marks=None),
        machine("i-2", token="tok", marks=None),
        machine("i-9", marks=None),
    )
    found = assign(ServiceState("cloud", 0.0, machines=machines), lambda _kind: mode, known)
    assert [one.id for one in found.machines if one.marks == MARKS] == ["i-1", "i-2"]
    assert "i-1" in known.machines
    assert shown(join(found.machines, jobs, jobs)) == [
        ("i-1", "running", "1.0", False),
        ("i-2", "running", "1.1", False),
        ("i-9", "running", None, False),
        ("job 1.2", "pending", "1.2", False),
    ]


def test_the_tags_that_the_submit_was_written_down_with_count_before_the_jobs_marks() -> None:
    tags = {**MARKS.to_tags({"team": "physics"})}
    intent = Intent(1, "run", "launch", "cloud", SUBMIT, "submit-1", 0.0, tags=tags)
    known = known_resources("cloud", Records(intents=(intent,)), [job(machine="i-1", token="submit-1")])
    assert known.by_id["i-1"] == tags


def test_where_things_are_tagged_at_birth_a_job_tells_of_a_machine_that_lost_its_tags() -> None:
    state = ServiceState("cloud", 0.0, machines=(machine(marks=None), machine("i-2", marks=None)))
    known = known_resources("cloud", Records(), [job(machine="i-1")])
    found = assign(state, lambda _kind: Tagging.CREATE, known)
    assert [one.marks for one in found.machines] == [MARKS, None]
