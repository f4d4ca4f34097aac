"""Measures how long a real HTCondor queue of 10,000 jobs takes to observe: python tests/bench/queue.py [JOBS]

extenci submits the jobs itself. All are idle but 20, the number that HTCondor gives to a service by default.
The medians are printed beside those of HTCondor's own tools for the same jobs in the same run.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

ROOT = Path(__file__).resolve().parents[2]
sys.path[0] = str(ROOT)  # not this folder, whose queue.py would hide Python's

from extenci import api  # noqa: E402
from extenci.catalog.home import Home  # noqa: E402
from extenci.cloud.aws.requests.parameters import LaunchRequest  # noqa: E402
from extenci.cloud.clients import Clients  # noqa: E402
from extenci.cloud.condor.client import Condor, constraint_of  # noqa: E402
from extenci.cloud.condor.job_ads import PROJECTION  # noqa: E402
from extenci.cloud.condor.submission import JobRequest, describe_jobs  # noqa: E402
from extenci.model.desired import Desired  # noqa: E402
from extenci.model.ownership import launch_mark  # noqa: E402
from extenci.model.plan import Plan  # noqa: E402
from extenci.model.work import LaunchWork  # noqa: E402
from extenci.sandbox import control  # noqa: E402
from tests.condor_pool.installation import find_installation  # noqa: E402
from tests.condor_pool.pool import Pool, start_pool  # noqa: E402
from tests.disks import disk_bytes  # noqa: E402

STACK = "default"
SERVICE = "campus"
AT_A_TIME = 20
RUNS = 5
LIMIT = 2.0
SPEC = """\
service: campus
images:
  worker: {{source: worker.raw}}
instances:
  pool: {{image: worker, type: t3.micro, count: {count}, launch: condor, launch_timeout: 10h}}
"""


@dataclass(frozen=True)
class BenchContext:
    """A pool, the sandbox that it launches on, and a spec."""

    folder: Path
    pool: Pool
    home: Home

    def desired(self) -> Desired:
        """Load the spec."""
        return api.load([self.folder / "specs"], home=self.home)

    def write_specs(self, count: int) -> None:
        """Write the spec of a group of `count` machines, and its disk."""
        specs = self.folder / "specs"
        specs.mkdir(exist_ok=True)
        (specs / "stack.yaml").write_text(SPEC.format(count=count), "utf-8")
        with (specs / "worker.raw").open("wb") as file:
            file.truncate(1 << 30)
            file.write(disk_bytes(b"one"))

    def write_service(self) -> None:
        """Write the file of the service: the sandbox, with key files that the jobs' user can read."""
        status = control.status(self.home.path)
        texts = [path.read_text("utf-8") for path in control.key_files(self.home.path)]
        keys = [self.pool.write_key(f"bench-{number}", text) for number, text in enumerate(texts)]
        known = {
            "ec2": status.ec2,
            "s3": status.s3,
            "ebs": status.ebs,
            "credentials": {"access_key_file": str(keys[0]), "secret_key_file": str(keys[1])},
            "condor": {"pool": self.pool.collector, "schedd": self.pool.schedd},
        }
        self.home.services_folder.mkdir(parents=True, exist_ok=True)
        text = "\n".join(f"{key}: {json.dumps(value)}" for key, value in known.items())
        (self.home.services_folder / f"{SERVICE}.yaml").write_text(text + "\n", "utf-8")

    def plan(self) -> Plan:
        """Make a whole plan from the specs, the service and the queue."""
        return api.plan(self.desired(), home=self.home).plan


def fill_queue(context: BenchContext, clients: Clients, count: int) -> None:
    """Submit the jobs that a plan of `count` machines asks for, and wait for those that may start."""
    work = next(one.work for one in context.plan().changes if isinstance(one.work, LaunchWork))
    assert work.count == count
    launch = LaunchRequest(work.image.id or "", work.group.settings, count, "bench", work.tags)
    request = JobRequest("campus/pool", launch, work.tags, launch_mark(work.group))
    clients.unjournalled.condor.submit(describe_jobs(request, clients.service), count)
    while sum(job.machine is not None for job in clients.condor.jobs(STACK)) < min(AT_A_TIME, count):
        time.sleep(1)


def peers(context: BenchContext, schedd: Any, mine: str) -> dict[str, Callable[[], object]]:
    """Queries for the same jobs with HTCondor's own tools."""
    query = [
        "condor_q",
        "-allusers",
        "-name",
        context.pool.schedd,
        "-pool",
        context.pool.collector,
        "-constraint",
        mine,
    ]
    projected = [*query, "-json", "-attributes", ",".join(PROJECTION)]

    def run(command: list[str]) -> None:
        text = context.pool.daemons.run(*command)
        assert len(text) > 1000

    return {
        "condor_q -af, the same attributes": partial(run, [*query, "-af", *PROJECTION]),
        "condor_q -json, the same attributes": partial(run, projected),
        "htcondor2 query, the same attributes": partial(schedd.query, mine, list(PROJECTION)),
        "htcondor2 query, whole ads": partial(schedd.query, mine),
    }


def seconds(question: Callable[[], object]) -> float:
    """The wall-clock seconds of one call."""
    begin = time.perf_counter()
    question()
    return time.perf_counter() - begin


def measure(jobs: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The median seconds of each job. The jobs take turns, so that a busy moment affects all alike."""
    for job in jobs.values():
        seconds(job)
    rounds = [{name: seconds(job) for name, job in jobs.items()} for _ in range(RUNS)]
    return {name: statistics.median(one[name] for one in rounds) for name in jobs}


def count_queries(context: BenchContext) -> int:
    """The number of times that a plan queries the schedd for jobs."""
    asked: list[str] = []
    original = Condor.ask

    def counting(condor: Condor, call: str, **more: Any) -> object:
        asked.append(call)
        return original(condor, call, **more)

    with patch.object(Condor, "ask", counting):
        plan = context.plan()
    assert plan.is_empty, plan.changes
    return asked.count("query")


def table(measured: dict[str, float], base: str) -> str:
    """One line for each: its median, and the ratio to the median of `base`."""
    lines = [f"{'query':<40}{'median s':>10}{'ratio':>8}{'limit s':>9}"]
    for name, median in measured.items():
        limit = f"{LIMIT:.2f}" if name == OBSERVING else "-"
        lines.append(f"{name:<40}{median:>10.3f}{median / measured[base]:>8.2f}{limit:>9}")
    return "\n".join(lines)


OBSERVING = "Condor.jobs"


def run(pool: Pool, folder: Path, count: int) -> str:
    """Fill a queue, measure, and return the report."""
    import htcondor2  # noqa: PLC0415 - reads the pool's configuration when it is loaded

    context = BenchContext(folder, pool, Home(folder / "home"))
    api.sandbox_service(context.home)
    try:
        context.write_service()
        context.write_specs(0)
        assert api.apply(context.desired(), home=context.home).ok
        context.write_specs(count)
        clients = Clients(context.desired().services[SERVICE])
        fill_queue(context, clients, count)
        found = htcondor2.Collector(pool.collector).locate(htcondor2.DaemonType.Schedd, pool.schedd)
        mine = constraint_of(STACK, SERVICE)
        jobs: dict[str, Callable[[], object]] = {
            OBSERVING: partial(clients.condor.jobs, STACK),
            "api.plan": context.plan,
            **peers(context, htcondor2.Schedd(found), mine),
        }
        report = table(measure(jobs), "condor_q -json, the same attributes")
        return f"{report}\n{count} jobs; queries of one plan: {count_queries(context)}"
    finally:
        control.stop(context.home.path)


def main(count: int) -> None:
    """Start a pool, and measure."""
    pool = start_pool(find_installation())
    try:
        pool.reconfigure({"GRIDMANAGER_MAX_SUBMITTED_JOBS_PER_RESOURCE_EC2": str(AT_A_TIME)})
        with tempfile.TemporaryDirectory() as folder, pool.as_client():
            print(run(pool, Path(folder), count))
    finally:
        pool.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 10_000)
