"""HTCondor's bindings wait for daemons that say nothing; who asked is told, and can stop it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Timer

import pytest

from extenci.apply.calls import JournalCalls
from extenci.catalog.home import Home
from extenci.catalog.records import Catalog
from extenci.cloud.aws.answers.waiting import Waiting
from extenci.cloud.condor import client as condor_client
from extenci.cloud.condor.changes import CondorChanges
from extenci.cloud.condor.client import Condor
from extenci.cloud.journalled.condor import JournalledCondor
from extenci.cloud.journalled.intents import Intents
from extenci.model.errors import Interrupted, Unreachable
from extenci.model.record import SUBMIT
from extenci.model.service import CondorAccess, Service


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service whose collector takes connections, and no more."""
    monkeypatch.setenv("CONDOR_CONFIG", "/dev/null")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        access = CondorAccess(pool=f"127.0.0.1:{listener.getsockname()[1]}", schedd="submit")
        yield Service("campus", "us-east-1", condor=access)


def test_a_stop_ends_a_question_within_a_second(silent: Service) -> None:
    stop = Event()
    condor = Condor(silent, stop=stop)
    Timer(1.0, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Interrupted):
        condor.jobs("physics")
    assert 1.0 <= time.monotonic() - began < 2.0
    condor.close()


def test_people_are_told_of_the_silence_and_it_has_an_end(
    silent: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(condor_client, "READ_SECONDS", 3.0)
    told: list[str] = []
    condor = Condor(silent, Waiting(told.append, after=1.0))
    with pytest.raises(Unreachable, match="did not answer for 3 seconds"):
        condor.jobs("physics")
    assert told[0] == "HTCondor at submit has not answered query for 1 s; waiting up to 3 s."
    condor.close()


def test_a_submission_that_a_stop_cuts_off_stays_open_in_the_journal(
    silent: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("extenci.cloud.condor.worker.SETTLE_SECONDS", 2.0)
    stop = Event()
    condor = Condor(silent, stop=stop)
    with Catalog.open(Home(tmp_path)) as catalog:
        catalog.journal.begin_run("run", "physics", "apply", "run")
        intents = Intents(JournalCalls(catalog.journal, lambda: "run", "launch campus/pool", "campus"))
        journalled = JournalledCondor(CondorChanges(condor), condor, intents)
        Timer(0.5, stop.set).start()
        began = time.monotonic()
        with pytest.raises(Interrupted):
            journalled.submit({"universe": "grid"}, 1, token="one", request={}, tags={})
        assert time.monotonic() - began > 2.0
        (intent,) = catalog.journal.unsettled("physics")
        assert (intent.call, intent.token) == (SUBMIT, "one")
    condor.close()


ASKS = """
import sys
from extenci.cloud.condor.client import Condor
from extenci.model.service import CondorAccess, Service
Condor(Service("campus", "us-east-1", condor=CondorAccess(pool=sys.argv[1], schedd="submit"))).jobs("physics")
"""


def children(pid: int) -> list[int]:
    """The children of all threads of a process."""
    files = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(word) for file in files for word in file.read_text().split()]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_process_of_the_bindings_ends_with_its_parent_whatever_it_waits_for(silent: Service) -> None:
    assert silent.condor is not None
    parent = subprocess.Popen([sys.executable, "-c", ASKS, str(silent.condor.pool)])
    deadline = time.monotonic() + 20
    while not (found := children(parent.pid)) and time.monotonic() < deadline:
        time.sleep(0.1)
    (worker,) = found
    time.sleep(2)  # it waits for the collector by now
    assert is_alive(worker)
    os.kill(worker, signal.SIGINT)  # as a terminal sends it to all
    time.sleep(0.3)
    assert is_alive(worker)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 2
    while is_alive(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(worker)


def test_bindings_that_crash_are_told_and_asked_again(silent: Service) -> None:
    stop = Event()
    condor = Condor(silent, stop=stop)
    me = os.getpid()

    def crash() -> None:
        for pid in children(me):
            if b"bindings.py" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGSEGV)

    Timer(1.0, crash).start()
    with pytest.raises(Unreachable, match="SIGSEGV"):
        condor.jobs("physics")
    Timer(1.0, stop.set).start()
    with pytest.raises(Interrupted):
        condor.jobs("physics")
    condor.close()


def test_ctrl_c_ends_a_plan_at_once(silent: Service, tmp_path: Path) -> None:
    assert silent.condor is not None
    specs = tmp_path / "specs"
    services = tmp_path / "home" / "catalog" / "service"
    services.mkdir(parents=True)
    specs.mkdir()
    for kind, text in (("id", "AKIALAB0000000000000"), ("secret", "x" * 40)):
        (tmp_path / kind).write_text(f"{text}\n")
        (tmp_path / kind).chmod(0o600)
    (services / "campus.yaml").write_text(
        f"ec2: http://{silent.condor.pool}\nregion: us-east-1\nlaunch: condor\n"
        f"credentials: {{access_key_file: {tmp_path}/id, secret_key_file: {tmp_path}/secret}}\n"
        f"condor: {{pool: '{silent.condor.pool}', schedd: submit}}\n"
    )
    (specs / "stack.yaml").write_text(
        "service: campus\ninstances:\n  pool: {image: ami-1, type: t3.micro, count: 1}\n"
    )
    said = tmp_path / "said"
    with said.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "extenci", "plan", str(specs)],
            env={**os.environ, "EXTENCI_HOME": str(tmp_path / "home")},
            stdout=file,
            stderr=file,
        )
    deadline = time.monotonic() + 30
    while not children(process.pid) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1)
    assert process.poll() is None, said.read_text()
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 1
    assert time.monotonic() - began < 3.0  # half a second on an idle machine; the bindings wait for 20
    assert "Traceback" not in said.read_text()
