"""Verification where machines only pretend: verdicts, what follows from them, services that tag otherwise."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from extenci import api
from extenci.apply.steps import verify as verifying
from extenci.catalog.records import Catalog
from extenci.cloud.aws.ec2_changes import Ec2Changes
from extenci.model.action import Action
from extenci.model.address import Address
from extenci.model.errors import MachinesLost, PlanError, StalePlan, Unreachable
from extenci.model.outcome import Result, Status
from extenci.model.ownership import Role
from extenci.model.verdict import Answer, Verdict
from tests.program.command import run_extenci
from tests.system.main_job.conftest import World

SPEC = """\
service: campus
images:
  worker:
    source: disks/worker.raw
    verify:
      type: t3.micro
      timeout: 30s
      checks: [{check}]
instances:
  pool: {{image: worker, type: t3.micro, count: 2}}
"""


@pytest.fixture
def campus(world: World) -> World:
    api.sandbox_service(world.home)
    world.make_disk()
    (world.specs / "check.sh").write_text('#!/bin/sh\necho "$EXTENCI_MACHINE at $EXTENCI_ADDRESS"\n')
    (world.specs / "check.sh").chmod(0o755)
    return world


def write(world: World, check: str = "{run: [./check.sh], retries: 0}", mode: str = "create") -> None:
    world.write_service("campus", tags=mode)
    (world.specs / "stack.yaml").write_text(SPEC.format(check=check))
    if mode == "none":
        with Catalog.open(world.home) as catalog:
            catalog.initialise("campus")


def failure(result: Result) -> str:
    return next(one.message for one in result.outcomes if one.status is Status.FAILED)


def machines(world: World, role: Role) -> int:
    found = world.cloud.ec2.machines("default")
    return sum(one.marks is not None and one.marks.role is role and not one.state.is_gone for one in found)


@pytest.mark.parametrize("mode", ["create", "after", "none"])
def test_a_version_that_passed_is_used_and_its_verdict_remembered(campus: World, mode: str) -> None:
    write(campus, mode=mode)
    result = campus.apply()
    assert result.ok, result.outcomes
    assert campus.plan().is_empty
    desired = api.load([campus.specs], home=campus.home)
    (image,) = api.status(desired, home=campus.home).images
    assert image.verdict == "passed"
    alive = [one for one in campus.cloud.ec2.machines_of_image(image.id or "") if not one.state.is_gone]
    assert len(alive) == 2


def test_a_version_that_failed_is_unstaged_and_not_tried_again_until_something_changes(campus: World) -> None:
    write(campus)
    (campus.specs / "check.sh").write_text("#!/bin/sh\necho no\nexit 7\n")
    result = campus.apply()
    assert "run ./check.sh" in failure(result) or "check.sh" in failure(result)
    assert campus.cloud.ec2.images() == ()
    assert machines(campus, Role.TEST) == 0
    plan = campus.plan()
    assert plan.changes == ()
    assert {one.action for one in plan.blocked} == {Action.VERIFY, Action.LAUNCH}

    (campus.specs / "check.sh").write_text("#!/bin/sh\nexit 0\n")
    assert campus.apply().ok
    assert campus.plan().is_empty


def test_machines_go_on_from_and_heal_with_the_last_version_that_passed(campus: World) -> None:
    write(campus)
    assert campus.apply().ok
    before = campus.running()
    campus.change_byte(b"two")
    (campus.specs / "check.sh").write_text("#!/bin/sh\nexit 1\n")
    campus.cloud.unjournalled.ec2.terminate(sorted(before)[:1])

    result = campus.apply()

    assert not result.ok
    assert len(campus.running()) == 2
    assert len(campus.cloud.ec2.images()) == 1
    assert campus.plan().changes == ()


def test_a_new_version_takes_over_also_machines_that_were_healed_meanwhile(campus: World) -> None:
    write(campus)
    assert campus.apply().ok
    campus.change_byte(b"two")
    campus.cloud.unjournalled.ec2.terminate(sorted(campus.running())[:1])
    assert campus.apply().ok
    assert campus.plan().is_empty
    desired = api.load([campus.specs], home=campus.home)
    (image,) = api.status(desired, home=campus.home).images
    live = [one for one in campus.cloud.ec2.machines("default") if not one.state.is_gone]
    assert {one.image for one in live} == {image.id}
    assert len(live) == 2


def test_checks_that_need_a_machine_fail_saying_that_there_is_none(campus: World) -> None:
    write(campus, "{tcp: 22}")
    result = campus.apply()
    assert "simulated" in failure(result)
    assert machines(campus, Role.TEST) == 0
    assert campus.plan().summary["verify"] == 1  # nothing is known of the version


def test_a_saved_plan_is_stale_once_a_file_that_its_trial_names_changed(
    campus: World, tmp_path: Path
) -> None:
    write(campus)
    file = campus.save(tmp_path)
    (campus.specs / "check.sh").write_text("#!/bin/sh\nexit 0\n")
    with pytest.raises(StalePlan, match="verify"):
        api.apply_saved(file, home=campus.home)
    assert api.apply_saved(campus.save(tmp_path), home=campus.home).ok


def test_asked_for_by_hand_a_version_in_use_is_tried_again_and_stays_though_it_fails(campus: World) -> None:
    write(campus)
    assert campus.apply().ok
    (campus.specs / "check.sh").write_text("#!/bin/sh\nexit 1\n")
    desired = api.load([campus.specs], home=campus.home)
    result = api.verify(desired, home=campus.home)
    assert "stays staged" in failure(result)
    assert len(campus.cloud.ec2.images()) == 1
    assert len(campus.running()) == 2
    verdicts = campus_verdicts(campus)
    assert verdicts[-1] is Verdict.FAILED


def campus_verdicts(world: World) -> list[Verdict]:
    with Catalog.open(world.home) as catalog:
        known = catalog.records("default").verdicts
    return [one.verdict for one in known if one.address == Address("campus", "worker")]


@pytest.mark.parametrize("mode", ["create", "none"])
def test_what_waits_stays_until_it_is_answered(campus: World, mode: str) -> None:
    write(campus, mode=mode)
    spec = campus.specs / "stack.yaml"
    spec.write_text(spec.read_text().replace("timeout: 30s", "timeout: 30s\n      confirm: true"))
    assert campus.apply().waits
    assert campus.apply().waits  # the next command leaves it alone
    desired = api.load([campus.specs], home=campus.home)
    assert api.confirm(desired, Address("campus", "worker"), True, home=campus.home).ok
    assert campus.apply().ok
    assert campus.plan().is_empty
    left = [one for one in campus.cloud.ec2.machines_of_image(image_of(campus)) if not one.state.is_gone]
    assert len(left) == 2


def image_of(world: World) -> str:
    (image,) = world.cloud.ec2.images()
    return image.id


def test_a_machine_that_is_kept_after_it_failed_stays_until_its_time_is_up(campus: World) -> None:
    write(campus)
    (campus.specs / "check.sh").write_text("#!/bin/sh\nexit 1\n")
    assert not campus.apply(keep_failed=True).ok
    assert machines(campus, Role.TEST) == 1
    campus.apply()
    assert machines(campus, Role.TEST) == 1


def test_a_person_who_says_yes_about_an_image_that_somebody_removed_lets_nothing_pass(campus: World) -> None:
    write(campus)
    spec = campus.specs / "stack.yaml"
    spec.write_text(spec.read_text().replace("timeout: 30s", "timeout: 30s\n      confirm: true"))

    def remove_and_say_yes(_question: object) -> Answer:
        campus.cloud.unjournalled.ec2.deregister_image(image_of(campus))
        return Answer.YES

    assert not campus.apply(ask=remove_and_say_yes).ok
    assert campus_verdicts(campus) == [Verdict.WAITING]
    assert campus.plan().summary["verify"] == 1


def test_a_word_that_was_given_is_not_lost_when_the_machine_cannot_be_ended(
    campus: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(campus)
    with monkeypatch.context() as patch:
        patch.setattr(Ec2Changes, "terminate", refuse)
        assert not campus.apply().ok
    assert campus_verdicts(campus) == [Verdict.PASSED]
    assert campus.apply().ok
    assert machines(campus, Role.TEST) == 0
    assert campus.plan().is_empty


def refuse(_self: Ec2Changes, _ids: object) -> None:
    raise Unreachable("Nobody answers TerminateInstances.")


def test_an_argument_that_is_no_name_of_a_file_hinders_nothing(campus: World) -> None:
    write(campus, f'{{run: [/bin/echo, "{"x" * 300}"], retries: 0}}')
    assert campus.apply().ok


def run(world: World, *command: str) -> subprocess.CompletedProcess[str]:
    return run_extenci(
        "verify",
        "campus/worker",
        str(world.specs),
        *command,
        env={**os.environ, "EXTENCI_HOME": str(world.home.path)},
    )


def test_the_command_reports_in_every_format_and_names_the_folder_of_evidence(
    campus: World, tmp_path: Path
) -> None:
    write(campus)
    folder = tmp_path / "found"
    document = run(campus, "--format", "json", "--evidence", str(folder))
    assert document.returncode == 0, document.stderr
    (tried,) = json.loads(document.stdout)["images"]
    assert (tried["address"], tried["verdict"]) == ("campus/worker", "passed")
    assert list(folder.glob("*/summary.json"))

    suites = ElementTree.fromstring(run(campus, "--format", "junit").stdout)  # noqa: S314 - our own
    assert (suites.get("failures"), suites.get("errors")) == ("0", "0")
    text = run(campus)
    assert text.stdout.startswith("campus/worker passed")


def test_a_trial_that_could_not_take_place_is_green_nowhere(campus: World) -> None:
    write(campus, "{tcp: 22}")
    report = run(campus, "--format", "junit")
    assert report.returncode == 1
    suites = ElementTree.fromstring(report.stdout)  # noqa: S314 - our own
    assert int(suites.get("failures", "0")) + int(suites.get("errors", "0")) > 0
    assert json.loads(run(campus, "--format", "json").stdout)["ok"] is False


def test_verify_without_a_person_exits_with_3_and_takes_a_word_in_advance(campus: World) -> None:
    write(campus)
    spec = campus.specs / "stack.yaml"
    spec.write_text(spec.read_text().replace("timeout: 30s", "timeout: 30s\n      confirm: true"))
    assert run(campus).returncode == 3
    assert machines(campus, Role.TEST) == 1
    assert run(campus, "--yes").returncode == 0
    assert machines(campus, Role.TEST) == 0
    assert run(campus, "--no").returncode == 1
    assert campus.cloud.ec2.images() == ()


def test_a_program_that_is_missing_here_is_no_verdict_about_the_image(campus: World) -> None:
    write(campus, "{run: [no-such-program], retries: 0}")
    with pytest.raises(PlanError, match="the program no-such-program is not in PATH"):
        campus.apply()
    assert campus_verdicts(campus) == []
    assert campus.cloud.ec2.images() == ()


def test_a_machine_that_ends_while_it_starts_is_a_verdict(
    campus: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(campus)

    def lose(*_: object) -> None:
        raise MachinesLost("The machine ended while it was starting: its image has no boot loader.")

    monkeypatch.setattr(verifying, "launch_test_vm", lose)
    assert "no boot loader" in failure(campus.apply())
    assert campus_verdicts(campus) == [Verdict.FAILED]
    assert campus.cloud.ec2.images() == ()
    assert campus.plan().changes == ()


def test_another_type_of_machine_is_tried_beside_what_the_specs_ask_for(campus: World) -> None:
    write(campus, "{run: [./check.sh], retries: 0}")
    assert campus.apply().ok
    (campus.specs / "check.sh").write_text("#!/bin/sh\nexit 1\n")
    assert run(campus, "--type", "t3.small").returncode == 1
    (image,) = campus.cloud.ec2.images()
    assert image.marks
    assert (image.marks.verdict or "").startswith("passed:")


def test_a_mistake_on_this_machine_is_found_before_anything_is_uploaded(campus: World) -> None:
    write(campus, "{ssh: 'true', user: root, key: key}")
    (campus.specs / "key").write_text("junk")
    (campus.specs / "key").chmod(0o600)
    plan = campus.plan()
    assert any("not a private key" in warning for warning in plan.warnings), plan.warnings
    with pytest.raises(PlanError) as caught:
        campus.apply()
    assert f"campus/worker: {campus.specs}/key" in caught.value.message
    assert campus.cloud.ec2.images() == ()
    assert machines(campus, Role.TEST) == 0


def test_a_mistake_on_this_machine_that_shows_only_then_is_no_verdict(campus: World) -> None:
    write(campus)
    (campus.specs / "check.sh").write_text("#!/no/such/interpreter\n")
    result = campus.apply()
    assert "There is no verdict, since a check cannot be made here" in failure(result)
    assert len(campus.cloud.ec2.images()) == 1
    assert machines(campus, Role.TEST) == 0
    desired = api.load([campus.specs], home=campus.home)
    assert api.status(desired, home=campus.home).images[0].verdict is None

    (campus.specs / "check.sh").write_text("#!/bin/sh\nexit 0\n")
    assert campus.apply().ok
