"""A sandbox as an EC2 resource of a real HTCondor: jobs submitted by hand, machines seen with boto3."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import htcondor2

from extenci.model.service import SandboxStatus
from tests.condor_pool.pool import Pool

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

PATIENCE_SECONDS = 60.0
IDLE, RUNNING, HELD = 1, 2, 5
SHOWN = [
    "ClusterId",
    "ProcId",
    "JobStatus",
    "GridJobStatus",
    "GridJobId",
    "HoldReason",
    "HoldReasonCode",
    "HoldReasonSubCode",
    "EC2InstanceName",
    "EC2KeyPair",
    "EC2ServerType",
]


def parameters_of(tags: Mapping[str, str]) -> dict[str, str]:
    """Submit commands that send tags in RunInstances itself."""
    sent = {"Version": "2016-11-15", "TagSpecification.1.ResourceType": "instance"}
    for number, (key, value) in enumerate(tags.items(), 1):
        sent[f"TagSpecification.1.Tag.{number}.Key"] = key
        sent[f"TagSpecification.1.Tag.{number}.Value"] = value
    named = {f"ec2_parameter_{name.replace('.', '_')}": value for name, value in sent.items()}
    return {"ec2_parameter_names": ", ".join(sent), **named}


@dataclass(frozen=True)
class Queue:
    """One test's view of the queue and the machines."""

    pool: Pool
    sandbox: SandboxStatus
    ec2: EC2Client
    image: str
    keys: tuple[Path, Path]

    @property
    def schedd(self) -> htcondor2.Schedd:
        """Found anew each time: a schedd that was restarted has another address."""
        kind = htcondor2.DaemonType.Schedd
        return htcondor2.Schedd(htcondor2.Collector(self.pool.collector).locate(kind, self.pool.schedd))

    def submit(self, count: int = 1, tags: Mapping[str, str] | None = None, **changed: str) -> int:
        """Submits one cluster and gives its number."""
        description = {
            "universe": "grid",
            "grid_resource": f"ec2 {self.sandbox.ec2}",
            "executable": "extenci",
            "transfer_executable": "false",
            "WantNameTag": "false",
            "ec2_access_key_id": str(self.keys[0]),
            "ec2_secret_access_key": str(self.keys[1]),
            "ec2_ami_id": self.image,
            "ec2_instance_type": "t3.micro",
            **parameters_of(tags or {}),
            **changed,
        }
        return int(self.schedd.submit(htcondor2.Submit(description), count=count).cluster())

    def jobs(self, cluster: int) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self.schedd.query(f"ClusterId == {cluster}", SHOWN)
        return found

    def job(self, cluster: int) -> Mapping[str, Any]:
        (one,) = self.jobs(cluster)
        return one

    def act(self, action: htcondor2.JobAction, cluster: int) -> None:
        self.schedd.act(action, f"ClusterId == {cluster}")

    def machines(self, *ids: str) -> list[Mapping[str, Any]]:
        pages = self.ec2.get_paginator("describe_instances").paginate(InstanceIds=list(ids))
        return [one for page in pages for some in page["Reservations"] for one in some["Instances"]]

    def states(self, name: str) -> Counter[str]:
        """How many machines with the tag `extenci:name` are in which state."""
        mine = [
            one for one in self.machines() if {"Key": "extenci:name", "Value": name} in one.get("Tags", [])
        ]
        return Counter(one["State"]["Name"] for one in mine)

    def until_running(self, cluster: int, count: int = 1) -> None:
        def run() -> bool:
            jobs = self.jobs(cluster)
            settled = [
                one for one in jobs if one["JobStatus"] == RUNNING and one["GridJobStatus"] == "running"
            ]
            return len(settled) == count

        self.until(run)

    def until_held(self, cluster: int) -> Mapping[str, Any]:
        self.until(lambda: self.job(cluster)["JobStatus"] == HELD)
        return self.job(cluster)

    def until_gone(self, cluster: int) -> None:
        self.until(lambda: not self.jobs(cluster))

    def until(self, question: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not question():
            assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS:.0f} s; {self.last_words()}"
            time.sleep(0.2)

    def last_words(self) -> str:
        log = self.pool.log_folder / f"GridmanagerLog.{self.pool.user}"
        return log.read_text("utf-8", "replace")[-2000:] if log.exists() else "there was no gridmanager"

    def calls(self, since: float = 0) -> Counter[str]:
        """EC2 actions that the sandbox has been asked for, since then, successfully or not."""
        lines = (json.loads(line) for line in self.sandbox.calls.read_text("utf-8").splitlines())
        return Counter(one["action"] for one in lines if one["service"] == "ec2" and one["time"] >= since)
