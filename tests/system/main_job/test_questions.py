"""What others may do while a person is asked about a test VM, and what becomes of each answer. Machines are
simulated: a check is a program on this machine."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from extenci import api
from extenci.catalog.home import Home
from extenci.model.address import Address
from extenci.model.errors import Interrupted, PlanError
from extenci.model.outcome import Result, Status
from extenci.model.ownership import EXPIRES, Role
from extenci.model.plan import Plan
from extenci.model.verdict import Answer, Question, Verdict
from tests.program.command import run_extenci
from tests.system.main_job.conftest import World

WORKER = Address("campus", "worker")
SPEC = """\
service: campus
images:
  worker:
    source: disks/worker.raw
    verify: &verify
      type: t3.micro
      timeout: 30s
      confirm: true
      checks: [{{run: [/bin/true], retries: 0}}]
  {second}
instances:
  pool: {{image: worker, type: t3.micro, count: {count}}}
"""
SECOND = """spare:
    source: disks/spare.raw
    verify: *verify"""


@pytest.fixture
def campus(world: World) -> World:
    api.sandbox_service(world.home)
    world.make_disk()
    world.write_service("campus", tags="create", abilities="{all: true}")
    write(world)
    return world


def write(world: World, count: int = 2, second: str = "") -> None:
    (world.specs / "stack.yaml").write_text(SPEC.format(count=count, second=second))


def test_vms(world: World) -> list[str]:
    found = world.cloud.ec2.machines("default")
    return [one.id for one in found if one.marks and one.marks.role is Role.TEST and not one.state.is_gone]


test_vms.__test__ = False  # type: ignore[attr-defined]


def run(world: World, *command: str, home: Home | None = None) -> subprocess.CompletedProcess[str]:
    own = {"EXTENCI_HOME": str((home or world.home).path)}
    return run_extenci(*command, env={**os.environ, **own}, cwd=world.specs, timeout=120)


def said(result: Result) -> str:
    return " ".join(filter(None, (one.message for one in result.outcomes)))


def verdict_of(result: Result) -> Verdict:
    return next(one.verified.verdict for one in result.outcomes if one.verified)


def once(
    world: World, meanwhile: Callable[[Question], object], answer: Answer
) -> Callable[[Question], Answer]:
    """Answers the only question, after something else was done meanwhile."""
    asked: list[str] = []

    def ask(question: Question) -> Answer:
        asked.append(question.machine)
        assert asked == [question.machine], "asked twice"
        assert test_vms(world) == asked
        meanwhile(question)
        return answer

    return ask


def test_while_one_command_asks_others_of_the_same_stack_work_from_the_same_home_and_from_another(
    campus: World,
) -> None:
    other = Home(campus.folder / "other")
    other.services_folder.mkdir(parents=True)
    (other.services_folder / "campus.yaml").write_text(
        (campus.home.services_folder / "campus.yaml").read_text()
    )
    seen: list[int] = []

    def apply_elsewhere(_question: Question) -> None:
        for home in (campus.home, other):
            done = run(campus, "apply", "-y", home=home)
            seen.append(done.returncode)
            assert "waits for a person" in done.stdout, done.stderr

    result = campus.apply(ask=once(campus, apply_elsewhere, Answer.YES))

    assert seen == [3, 3]
    assert result.ok, result.outcomes
    assert [change.id for change in result.plan.changes] == [
        "stage campus/worker",
        "verify campus/worker",
        "launch campus/pool",
    ]
    assert verdict_of(result) is Verdict.PASSED
    assert len(campus.running()) == 2
    assert not test_vms(campus)
    assert campus.plan().is_empty


def test_the_evidence_and_the_result_say_who_confirmed(campus: World) -> None:
    result = campus.apply(ask=lambda _question: Answer.YES)
    verified = next(one.verified for one in result.outcomes if one.verified)
    assert "A person (" in verified.decision.reason
    assert verified.report
    assert verified.report.folder
    summary = json.loads((Path(verified.report.folder) / "summary.json").read_text())
    assert summary["images"][0]["reason"] == verified.decision.reason
    assert summary["images"][0]["verdict"] == "passed"


def let_expire(world: World) -> None:
    """What the clock does."""
    world.cloud.unjournalled.ec2.create_tags(test_vms(world), {EXPIRES: "2020-02-02T02:02:02Z"})


def test_an_answer_after_its_time_is_refused_and_the_test_vm_ends(campus: World) -> None:
    result = campus.apply(ask=once(campus, lambda _question: let_expire(campus), Answer.YES))
    assert not result.ok
    assert not result.waits
    assert "comes too late" in said(result)
    assert "Its test VM was ended." in said(result)
    assert verdict_of(result) is Verdict.EXPIRED
    assert not test_vms(campus)
    assert not campus.running()
    assert any("in time" in one.reason for one in campus.plan().blocked)


def test_the_command_refuses_a_late_answer_too(campus: World) -> None:
    assert campus.apply().waits
    let_expire(campus)
    late = run(campus, "confirm", "campus/worker", "--yes")
    assert late.returncode == 1
    assert "comes too late" in " ".join(late.stderr.split())
    assert not test_vms(campus)


def test_a_test_vm_that_is_kept_is_named_by_summary_status_and_gc_until_it_is_ended(campus: World) -> None:
    result = campus.apply(ask=once(campus, lambda _question: None, Answer.KEEP))
    (machine,) = test_vms(campus)
    assert verdict_of(result) is Verdict.FAILED
    assert f"Its test VM {machine}" in said(result)
    assert "extenci verify --end campus/worker" in said(result)
    assert len(campus.cloud.ec2.images()) == 1

    shown = run(campus, "status")
    assert machine in shown.stdout
    assert "was kept after it failed, until" in shown.stdout
    (listed,) = json.loads(run(campus, "status", "--format", "json").stdout)["test_vms"]
    assert (listed["id"], listed["verdict"]) == (machine, "failed")
    assert listed["expires"]
    swept = run(campus, "gc", "-y")
    assert swept.returncode == 0
    assert f"{machine} of campus/worker was kept until" in " ".join(swept.stdout.split())
    assert run(campus, "apply", "-y").returncode == 1
    assert test_vms(campus) == [machine]

    ended = run(campus, "verify", "--end", "campus/worker")
    assert ended.returncode == 0, ended.stderr
    assert not test_vms(campus)
    again = run(campus, "verify", "--end", "campus/worker")
    assert again.returncode == 1
    assert "No test VM of campus/worker" in again.stderr


def test_a_test_vm_that_waits_is_ended_without_a_verdict(campus: World) -> None:
    assert campus.apply().waits
    shown = " ".join(run(campus, "status").stdout.split())
    assert "waits for a person, until" in shown
    ended = run(campus, "verify", "--end", "campus/worker", "--format", "json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["images"] == []
    assert not test_vms(campus)
    assert len(campus.cloud.ec2.images()) == 1
    assert run(campus, "verify", "--end", "campus/worker", "--yes").returncode == 1


def test_an_answer_is_refused_where_somebody_else_said_the_other_thing(campus: World) -> None:
    desired = api.load([campus.specs], home=campus.home)

    def say_no(_question: Question) -> None:
        assert api.confirm(desired, WORKER, False, home=campus.home).ok

    result = campus.apply(ask=once(campus, say_no, Answer.YES))
    assert "has the verdict failed already" in said(result)
    assert not result.ok
    assert not test_vms(campus)
    assert campus.cloud.ec2.images() == ()


def test_the_same_answer_twice_is_one(campus: World) -> None:
    desired = api.load([campus.specs], home=campus.home)

    def say_yes(_question: Question) -> None:
        assert api.confirm(desired, WORKER, True, home=campus.home).ok

    assert campus.apply(ask=once(campus, say_yes, Answer.YES)).ok
    assert len(campus.running()) == 2


def test_an_answer_about_a_test_vm_that_somebody_ended_is_refused(campus: World) -> None:
    def end(_question: Question) -> None:
        assert run(campus, "verify", "--end", "campus/worker").returncode == 0

    result = campus.apply(ask=once(campus, end, Answer.YES))
    assert "Nothing waits for this answer any more" in said(result)
    assert not result.ok
    assert not campus.running()


def test_ctrl_c_at_the_question_leaves_it_waiting(campus: World) -> None:
    def interrupt(_question: Question) -> Answer:
        raise Interrupted("Nobody said whether it works.")

    result = campus.apply(ask=interrupt)
    assert not result.ok
    assert not result.waits
    assert "goes on waiting" in said(result)
    assert len(test_vms(campus)) == 1
    assert run(campus, "confirm", "campus/worker", "--yes").returncode == 0
    assert campus.apply().ok


def test_several_are_asked_about_in_turn_and_those_left_wait(campus: World) -> None:
    write(campus, second=SECOND)
    campus.disk.with_name("spare.raw").write_bytes(campus.disk.read_bytes() + b"\0" * 512)
    asked: list[str] = []

    def ask(question: Question) -> Answer:
        asked.append(question.address)
        return Answer.YES if question.address == "campus/worker" else Answer.WAIT

    result = campus.apply(ask=ask)
    assert sorted(asked) == ["campus/spare", "campus/worker"]
    assert result.waits, result.outcomes
    assert {one.change: one.status for one in result.outcomes}["launch campus/pool"] is Status.DONE
    assert len(test_vms(campus)) == 1
    assert not result.plan.blocked


def test_what_is_left_is_asked_about_where_it_is_more_than_was_approved(campus: World) -> None:
    plans: list[Plan] = []

    def approve(plan: Plan) -> bool:
        plans.append(plan)
        return True

    def lose_a_machine(_question: Question) -> None:
        gone = next(iter(campus.running() - set(test_vms(campus))))
        campus.cloud.unjournalled.ec2.terminate([gone])

    result = campus.apply(approve=approve, ask=once(campus, lambda _question: None, Answer.YES))
    assert result.ok
    assert len(plans) == 1

    campus.change_byte(b"two")
    del plans[:]
    result = campus.apply(approve=approve, ask=once(campus, lose_a_machine, Answer.YES))
    assert len(plans) == 2
    assert result.ok, result.outcomes
    assert len(campus.running()) == 2
    assert campus.plan().is_empty


def test_another_type_of_machine_is_asked_about_too(campus: World) -> None:
    assert campus.apply(ask=lambda _question: Answer.YES).ok
    desired = api.load([campus.specs], home=campus.home)

    def look(_question: Question) -> None:
        assert run(campus, "apply", "-y").returncode == 0  # which leaves the test VM alone

    options = api.Options(ask=once(campus, look, Answer.NO))
    result = api.verify(desired, machine_type="t3.small", home=campus.home, options=options)
    assert verdict_of(result) is Verdict.FAILED
    assert not test_vms(campus)
    (image,) = campus.cloud.ec2.images()
    assert image.marks
    assert (image.marks.verdict or "").startswith("passed:")


@pytest.mark.parametrize("answer", [Answer.YES, Answer.NO])
def test_while_test_vm_asks_gc_of_the_same_home_leaves_its_machine(campus: World, answer: Answer) -> None:
    def sweep(_question: Question) -> None:
        swept = run(campus, "gc", "--service", "campus", "--stack", "default", "-y")
        assert swept.returncode == 0, swept.stderr

    options = api.Options(ask=once(campus, sweep, answer))
    result = api.run_test_vm(
        campus.disk, "campus", "t3.micro", stack="default", home=campus.home, options=options
    )
    assert result.ok is (answer is Answer.YES), result.outcomes
    assert not test_vms(campus)
    assert len(campus.cloud.ec2.images()) == (1 if answer is Answer.YES else 0)


def test_confirm_says_that_nothing_waits(campus: World) -> None:
    desired = api.load([campus.specs], home=campus.home)
    with pytest.raises(PlanError, match="No version of campus/worker waits"):
        api.confirm(desired, WORKER, True, home=campus.home)
