"""The whole of it: staged, booted by a real HTCondor, checked, confirmed by a person, and used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from extenci import api
from extenci.catalog.home import Home
from extenci.cloud.clients import Clients
from extenci.model.outcome import Status
from extenci.model.ownership import Role
from extenci.sandbox import control
from tests.condor_pool.pool import Pool
from tests.system.qemu.conftest import MakeImage
from tests.system.qemu.test_verify import World, in_a_terminal


@pytest.fixture
def world(tmp_path: Path, condor_pool: Pool) -> Iterator[World]:
    home = Home(tmp_path / "home")
    clients = Clients(api.sandbox_service(home))
    status = control.status(home.path)
    texts = [path.read_text("utf-8") for path in control.key_files(home.path)]
    keys = [
        str(condor_pool.write_key(f"{tmp_path.name}-{number}", text)) for number, text in enumerate(texts)
    ]
    known = {
        "ec2": status.ec2,
        "s3": status.s3,
        "ebs": status.ebs,
        "launch": "condor",
        "credentials": {"access_key_file": keys[0], "secret_key_file": keys[1]},
        "condor": {"pool": condor_pool.collector, "schedd": condor_pool.schedd},
    }
    home.services_folder.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{key}: {json.dumps(value)}\n" for key, value in known.items())
    (home.services_folder / "campus.yaml").write_text(text)
    with condor_pool.as_client():
        yield World(tmp_path, home, clients)
    clients.close()
    control.stop(home.path)


def test_an_image_is_tried_through_htcondor_confirmed_and_used_and_a_bad_one_is_not(
    world: World, image: MakeImage
) -> None:
    world.write(image("plain"), confirm=True, service="campus")
    shown, status = in_a_terminal(world, ["apply", "-y", str(world.specs)], "yes\n")
    assert status == 0, shown
    assert len(world.machines(Role.POOL)) == 1
    assert world.plan().is_empty
    world.agree_that_nothing_is_left()
    jobs = Clients(api.load([world.specs], home=world.home).services["campus"]).condor.jobs("default")
    assert [job.machine for job in jobs] == [world.machines(Role.POOL)[0].id]

    before = world.machines(Role.POOL)[0].id
    world.write(image("no-ssh"), timeout="40s", service="campus")
    result = world.apply()

    (failed,) = [one for one in result.outcomes if one.status is Status.FAILED]
    assert "tcp 22" in failed.message
    assert "login:" in failed.message
    assert len(world.clients.ec2.images()) == 1
    assert [one.id for one in world.machines(Role.POOL)] == [before]
    world.agree_that_nothing_is_left()

    desired = api.load([world.specs], home=world.home)
    assert api.apply(desired, home=world.home, destroy=True).ok
    assert world.machines(Role.POOL) == []
    assert world.clients.ec2.images() == ()
