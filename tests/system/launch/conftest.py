"""One user's home, sandbox and specs, whose machines are launched by a real HTCondor."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import htcondor2
import pytest

from extenci import api
from extenci.catalog.home import Home
from extenci.cloud.clients import Clients
from extenci.model.observed import Job, Machine
from extenci.model.outcome import Result
from extenci.model.plan import Plan
from extenci.sandbox import control
from tests.condor_pool.pool import Pool
from tests.disks import disk_bytes

SPEC = """\
service: campus
images:
  worker: {{source: worker.raw}}
instances:
  pool:
    image: worker
    type: {type}
    count: {count}
    launch: {launch}
    launch_timeout: {launch_timeout}
    update: {{max_unavailable: {max_unavailable}}}
    tags: {{team: high energy, price: "5$ (net)"}}
"""


@dataclass
class World:
    """A stack on the service `campus`: a sandbox, this home's or another's (`cloud`), whose machines HTCondor
    launches."""

    folder: Path
    home: Home
    pool: Pool
    cloud: Home | None = None
    services: dict[str, Clients] = field(default_factory=dict)

    @property
    def specs(self) -> Path:
        return self.folder / "specs"

    def write(self, count: int = 3, **more: object) -> None:
        known = {
            "launch": "condor",
            "launch_timeout": "2m",
            "max_unavailable": 10,
            "type": "t3.micro",
            **more,
        }
        self.specs.mkdir(exist_ok=True)
        (self.specs / "stack.yaml").write_text(SPEC.format(count=count, **known))

    def write_nothing(self) -> None:
        (self.specs / "stack.yaml").write_text("service: campus\n")

    def write_service(self, **changed: object) -> None:
        """The service's file. Its keys are copies that the jobs' user can read."""
        cloud = (self.cloud or self.home).path
        status = control.status(cloud)
        texts = [path.read_text("utf-8") for path in control.key_files(cloud)]
        keys = [
            self.pool.write_key(f"{self.folder.name}-{number}", text) for number, text in enumerate(texts)
        ]
        known = {
            "ec2": status.ec2,
            "s3": status.s3,
            "ebs": status.ebs,
            "credentials": {"access_key_file": str(keys[0]), "secret_key_file": str(keys[1])},
            "condor": {"pool": self.pool.collector, "schedd": self.pool.schedd},
            **changed,
        }
        self.home.services_folder.mkdir(parents=True, exist_ok=True)
        text = "\n".join(f"{key}: {json.dumps(value)}" for key, value in known.items())
        (self.home.services_folder / "campus.yaml").write_text(text + "\n")

    def make_disk(self, content: bytes = b"one") -> None:
        self.specs.mkdir(exist_ok=True)
        with (self.specs / "worker.raw").open("wb") as file:
            file.truncate(1 << 30)
            file.write(disk_bytes(content))

    def plan(self, *, destroy: bool = False) -> Plan:
        return api.plan(api.load([self.specs], home=self.home), home=self.home, destroy=destroy).plan

    def apply(self, *, destroy: bool = False, **options: object) -> Result:
        chosen = replace(api.DEFAULTS, **options)  # type: ignore[arg-type]
        desired = api.load([self.specs], home=self.home)
        return api.apply(desired, home=self.home, destroy=destroy, options=chosen)

    @property
    def clients(self) -> Clients:
        if "campus" not in self.services:
            desired = api.load([self.specs], home=self.home)
            self.services["campus"] = Clients(desired.services["campus"])
        return self.services["campus"]

    def jobs(self) -> tuple[Job, ...]:
        return self.clients.condor.jobs("default")

    def running(self) -> dict[str, Machine]:
        return {one.id: one for one in self.clients.ec2.machines("default") if not one.state.is_gone}

    def calls(self) -> list[dict[str, object]]:
        """Every request that the sandbox has had."""
        text = control.status(self.home.path).calls.read_text()
        return [json.loads(line) for line in text.splitlines()]

    def agree(self, count: int) -> None:
        """Jobs, machines and tags are `count` and belong together, and nothing is left to do."""
        jobs, machines = self.jobs(), self.running()
        assert len(jobs) == len(machines) == count
        assert {job.machine for job in jobs} == set(machines)
        for machine in machines.values():
            assert machine.tags["extenci:name"] == "pool"
            assert machine.tags["team"] == "high energy"
            assert machine.tags["price"] == "5$ (net)"
        assert self.plan().is_empty, self.plan()

    def leave_nothing(self) -> None:
        """Ends all jobs while their service can still be reached: HTCondor would try for long."""
        collector = htcondor2.Collector(self.pool.collector)
        schedd = htcondor2.Schedd(collector.locate(htcondor2.DaemonType.Schedd, self.pool.schedd))
        schedd.act(htcondor2.JobAction.Remove, "true", "end of the test")
        self.until(lambda: not schedd.query("true", ["ClusterId"]), 30)

    def until(self, question: Callable[[], object], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not question():
            assert time.monotonic() < deadline, f"not within {seconds:.0f} s"
            time.sleep(0.2)


@pytest.fixture
def boot_seconds() -> str:
    """How long a machine is pending. A test that parametrizes this says otherwise."""
    return "0.2"


@pytest.fixture
def world(
    condor_pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, boot_seconds: str
) -> Iterator[World]:
    monkeypatch.setenv("EXTENCI_SANDBOX_BOOT_SECONDS", boot_seconds)
    made = World(tmp_path, Home(tmp_path / "home"), condor_pool)
    api.sandbox_service(made.home)
    made.write_service()
    made.make_disk()
    with condor_pool.as_client():
        yield made
        made.leave_nothing()
    for clients in made.services.values():
        clients.close()
    control.stop(made.home.path)


@pytest.fixture
def reachable(world: World, condor_pool: Pool) -> Iterator[World]:
    """A world whose home is in a folder that the jobs' owner can enter, as pytest's own are not."""
    folder = condor_pool.folder / f"home-of-{world.folder.name}"
    made = replace(world, home=Home(folder), services={})
    api.sandbox_service(made.home)
    made.write_service()
    yield made
    made.leave_nothing()
    for clients in made.services.values():
        clients.close()
    control.stop(folder)
    shutil.rmtree(folder)
