"""Ctrl-C, services that do not answer, and records that cannot be kept."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from threading import Event, Timer

import pytest

from extenci import api
from extenci.catalog.lock import hold
from extenci.catalog.records import Catalog
from extenci.model.errors import Interrupted
from extenci.model.outcome import Ended, Progress, Status
from extenci.model.plan import Plan
from tests.program.command import start_extenci
from tests.system.main_job.conftest import World


@pytest.fixture
def silent(world: World) -> Iterator[socket.socket]:
    """A service `campus` that takes connections and never says a word."""
    api.sandbox_service(world.home)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        world.write_service("campus", ec2=url)
        world.write(service="campus")
        world.make_disk()
        yield listener


def test_a_stop_ends_the_wait_for_the_lock(world: World) -> None:
    world.write()
    world.make_disk()
    stop = Event()
    stop.set()
    with hold(world.home, "default", "another apply"), pytest.raises(Interrupted, match="lock"):
        world.apply(lock_timeout=60.0, stop=stop)


def test_a_stop_is_heeded_while_a_service_does_not_answer(world: World, silent: socket.socket) -> None:
    desired, stop = api.load([world.specs], home=world.home), Event()
    Timer(0.5, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Interrupted):
        api.plan(desired, home=world.home, stop=stop)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("command", ["plan", "status", "apply -y", "destroy -y"])
def test_ctrl_c_ends_a_command_whose_service_does_not_answer(
    world: World, silent: socket.socket, command: str
) -> None:
    process = start_extenci(
        *command.split(),
        str(world.specs),
        env={**os.environ, "EXTENCI_HOME": str(world.home.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    silent.settimeout(30)
    first = silent.accept()  # only now does it wait for an answer
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=10)
    first[0].close()
    assert process.returncode == 1
    assert "interrupted" in said.lower()
    assert "Traceback" not in said


def test_a_stop_while_a_person_is_asked_about_leaves_all_as_it_is(world: World) -> None:
    world.write()
    world.make_disk()
    stop = Event()

    def approve(_plan: Plan) -> bool:
        stop.set()
        return True

    with pytest.raises(Interrupted):
        world.apply(approve=approve, stop=stop)
    assert not world.cloud.ec2.images()


def test_a_snapshot_of_a_killed_run_is_found_before_anyone_is_asked(world: World) -> None:
    api.sandbox_service(world.home)
    world.write_service("campus", tags="after")
    world.write(service="campus")
    world.make_disk()
    with Catalog.open(world.home) as catalog:
        catalog.journal.begin_run("dead", "default", "extenci apply")
        catalog.journal.begin(
            "StartSnapshot",
            run="dead",
            change="stage campus/worker",
            service="campus",
            token="never-answered",
            request={"gib": 1, "name": "worker"},
        )

    result = world.apply(approve=lambda _plan: True)

    assert result.ok
    assert world.plan().is_empty


def test_what_was_done_is_told_when_the_catalog_fails_at_the_end(world: World) -> None:
    world.write()
    world.make_disk()

    def damage(event: Progress) -> None:
        if isinstance(event, Ended) and event.change.id == "launch sandbox/pool":
            with sqlite3.connect(world.home.database) as connection:
                connection.execute("DROP TABLE applied")

    result = world.apply(listener=damage)

    assert [outcome.status for outcome in result.outcomes] == [Status.DONE, Status.DONE]
    assert result.unrecorded
    assert not result.ok
    assert not replace(result, unrecorded="").unrecorded
