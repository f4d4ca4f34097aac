"""`extenci doctor` and a real HTCondor: what would stop jobs, or keep them waiting, is found and named."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from extenci import api
from extenci.model.finding import Finding, Level
from tests.system.launch.conftest import World

LIMIT = "GRIDMANAGER_MAX_SUBMITTED_JOBS_PER_RESOURCE_EC2"


def findings(world: World, level: Level) -> list[Finding]:
    found = api.doctor([world.specs], home=world.home)
    return [one for one in found if one.level is level]


def problem(world: World) -> str:
    """The only problem."""
    (found,) = findings(world, Level.PROBLEM)
    assert found.subject == "campus"
    return found.text


@pytest.fixture
def configured(world: World) -> Iterator[World]:
    """A world whose HTCondor may be configured; it is as before afterwards."""
    world.write(count=25)
    yield world
    world.pool.reconfigure({})


def configure(world: World, settings: Mapping[str, str]) -> None:
    """Change the pool's settings, and wait until its schedd has them."""
    before = world.clients.condor.facts()
    world.pool.reconfigure(settings)
    world.until(lambda: world.clients.condor.facts() != before, 10.0)


def test_nothing_is_missing_where_all_is_well(world: World) -> None:
    world.write(count=25)
    assert findings(world, Level.PROBLEM) == []
    assert findings(world, Level.WARNING) == []
    said = [one.text for one in findings(world, Level.OK) if one.subject == "campus"]
    assert "answers and takes the credentials" in said[0]
    assert f"answers as schedd {world.pool.schedd}; jobs would belong to {world.pool.user}@" in said[1]


def test_credentials_that_the_service_refuses_are_a_problem_whose_text_shows_none(world: World) -> None:
    world.write()
    access = world.pool.write_key("denied-access", "AKIADENIED1234567890\n")
    secret = world.pool.write_key("denied-secret", "never-to-be-shown\n")
    world.write_service(credentials={"access_key_file": str(access), "secret_key_file": str(secret)})
    (found,) = findings(world, Level.PROBLEM)
    assert "refused" in found.text
    assert "never-to-be-shown" not in f"{found}"


def test_a_limit_below_the_number_of_machines_is_named_by_doctor_and_by_plan(configured: World) -> None:
    configure(configured, {LIMIT: "20"})
    (found,) = findings(configured, Level.WARNING)
    assert "of the 25 machines wanted there, 5 will wait" in found.text
    assert LIMIT in found.hint
    assert configured.plan().warnings == (f"{found.text} {found.hint}",)


def test_a_limit_for_this_service_alone_is_the_one_that_counts(configured: World) -> None:
    configure(configured, {LIMIT: "20, 127.0.0.1, 25"})
    assert findings(configured, Level.WARNING) == []


def test_an_htcondor_without_ec2_gahp_is_named_by_doctor_and_by_plan(configured: World) -> None:
    configure(configured, {"EC2_GAHP": ""})
    assert "has no EC2 GAHP" in problem(configured)
    assert "has no EC2 GAHP" in configured.plan().warnings[0]


def test_a_key_file_that_the_jobs_owner_cannot_read_is_named(world: World) -> None:
    world.write()
    keys = [world.pool.key_folder / f"{world.folder.name}-{number}" for number in (0, 1)]
    mine = world.folder / "mine.secret"
    shutil.copyfile(keys[1], mine)
    mine.chmod(0o600)
    world.write_service(credentials={"access_key_file": str(keys[0]), "secret_key_file": str(mine)})
    if world.pool.user == "extenci-test":
        assert f"key file {mine} cannot be read by their owner" in problem(world)
    else:
        assert findings(world, Level.PROBLEM) == []


def test_a_key_file_that_is_missing_is_named(world: World) -> None:
    world.write()
    keys = [str(world.pool.key_folder / f"{world.folder.name}-{number}") for number in (0, 1)]
    gone = {"access_key_file": keys[0], "secret_key_file": f"{keys[1]}-gone"}
    known = {"pool": world.pool.collector, "schedd": world.pool.schedd, "credentials": gone}
    world.write_service(condor=known)
    assert f"{keys[1]}-gone does not exist" in problem(world)


@contextmanager
def tokens_in(folder: Path) -> Iterator[None]:
    """The bindings take the tokens of another folder meanwhile."""
    import htcondor2  # noqa: PLC0415 - it has to read its configuration anew

    os.environ["_CONDOR_SEC_TOKEN_DIRECTORY"] = str(folder)
    try:
        htcondor2.reload_config()
        yield
    finally:
        del os.environ["_CONDOR_SEC_TOKEN_DIRECTORY"]
        htcondor2.reload_config()


def test_root_as_the_jobs_owner_is_named_by_doctor_and_by_plan(world: World) -> None:
    world.write()
    folder = world.folder / "tokens"
    folder.mkdir(mode=0o700)
    token = world.pool.daemons.run("condor_token_create", "-identity", "root@extenci.test")
    (folder / "token").write_text(token, "utf-8")
    (folder / "token").chmod(0o600)
    with tokens_in(folder):
        assert "root cannot own jobs" in problem(world)
        assert "root cannot own jobs" in world.plan().warnings[0]


def test_a_user_whom_the_schedd_does_not_know_is_a_problem(world: World) -> None:
    world.write()
    (world.folder / "nothing").mkdir()
    with tokens_in(world.folder / "nothing"):
        assert "does not say whom it takes us for" in problem(world)


def test_a_schedd_that_is_down_is_a_problem_with_what_to_do(world: World) -> None:
    world.write()
    world.pool.stop_schedd()
    try:
        (found,) = findings(world, Level.PROBLEM)
    finally:
        world.pool.start_schedd()
    assert "HTCondor" in found.text or "schedd" in found.text
    assert "condor_status -schedd" in found.hint


USER_DATA = """\
    user_data: |
      #cloud-config
      hostname: born-of-a-job
"""


def with_user_data(world: World) -> None:
    world.write(count=1)
    spec: Path = world.specs / "stack.yaml"
    spec.write_text(spec.read_text("utf-8") + USER_DATA, "utf-8")


def test_user_data_reach_the_machine_and_stand_in_no_job(reachable: World) -> None:
    with_user_data(reachable)
    assert findings(reachable, Level.PROBLEM) == []
    assert reachable.apply().ok
    (machine,) = reachable.running()
    client = reachable.clients.ec2._session.client("ec2")
    answer = client.describe_instance_attribute(InstanceId=machine, Attribute="userData")
    assert b"born-of-a-job" in base64.b64decode(answer["UserData"]["Value"])
    (file,) = reachable.home.jobs_folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert reachable.plan().is_empty
    assert reachable.apply(destroy=True).ok


def test_user_data_that_the_jobs_owner_could_not_read_are_told_before_anything_is_submitted(
    world: World,
) -> None:
    if world.pool.user != "extenci-test":
        pytest.skip("the jobs' owner is this user")
    with_user_data(world)
    assert "HTCondor reads user data from" in problem(world)
    result = world.apply()
    assert not result.ok
    assert "HTCondor reads the user data of campus/pool as extenci-test, who has no access" in str(result)
    assert world.jobs() == ()
    assert world.apply(destroy=True).ok
