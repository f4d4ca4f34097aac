"""The tests' own HTCondor: it must neither disturb others nor outlive its tests."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.condor_pool.daemons import is_alive
from tests.condor_pool.installation import find_installation
from tests.condor_pool.pool import Pool, start_pool

HOLDER = """
import sys, time
from tests.condor_pool.installation import find_installation
from tests.condor_pool.pool import start_pool
pool = start_pool(find_installation())
print(pool.folder, *pool.pids(), flush=True)
time.sleep(600)
"""
REPOSITORY = Path(__file__).parents[3]


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_a_pool_ends_with_the_process_that_started_it(condor_pool: Pool, ending: signal.Signals) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER], cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with holder:
        assert holder.stdout is not None
        folder, *pids = holder.stdout.readline().decode().split()
        assert len(pids) >= 3
        holder.send_signal(ending)
    deadline = time.monotonic() + 10
    while any(is_alive(int(pid)) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    shutil.rmtree(folder)


def test_several_run_at_once_and_leave_nothing(condor_pool: Pool) -> None:
    begun = time.monotonic()
    other = start_pool(find_installation())
    assert time.monotonic() - begun < 5
    assert other.collector != condor_pool.collector
    pids = other.pids()
    other.stop()
    assert not any(is_alive(pid) for pid in pids)
    assert not other.folder.exists()
    assert condor_pool.pids("condor_schedd")


def test_its_environment_makes_a_client_of_any_process(condor_pool: Pool) -> None:
    program = (
        "import htcondor2 as h; s = h.Schedd(); "
        "s.submit(h.Submit({'universe': 'grid', 'grid_resource': 'ec2 http://127.0.0.1:9', 'executable': 'x',"
        " 'transfer_executable': 'false', 'ec2_access_key_id': '/x', 'ec2_secret_access_key': '/x',"
        " 'ec2_ami_id': 'ami-0', 'hold': 'true', 'My.Marker': '\"mine\"'})); "
        "print(s.query('Marker == \"mine\"', ['Owner'])[0]['Owner']); "
        "s.act(h.JobAction.Remove, 'Marker == \"mine\"')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | condor_pool.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == condor_pool.user


def test_settings_reach_the_daemons_and_go_again(condor_pool: Pool) -> None:
    def value() -> str:
        return condor_pool.daemons.ask("condor_config_val", "-schedd", "MAX_JOBS_PER_OWNER").strip()

    before = value()
    condor_pool.reconfigure({"MAX_JOBS_PER_OWNER": "77"})
    assert value() == "77"
    condor_pool.reconfigure({})
    assert value() == before
