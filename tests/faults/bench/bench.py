"""Where tries are made, one after the other: a cloud, a network before it, and what others have there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.condor_pool.pool import Pool
from tests.faults.bench.state import BUCKET, State, Truth
from tests.faults.network.network import Network
from tests.matrix.clouds.sandbox import Sandbox, sandbox


@dataclass
class Bench:
    """A cloud that runs, seen from both sides. `foreign` is what is there and nobody may touch."""

    folder: Path
    sandbox: Sandbox
    network: Network
    truth: Truth
    foreign: State
    pool: Pool | None

    def holds(self, made: str, content: bytes) -> bool | None:
        """Whether the cloud's own disk of a snapshot or a bundled image begins with this content, and holds
        nothing else. None where that id has no disk."""
        path = self.sandbox.home / "sandbox" / "disks" / f"{made}.raw"
        if not path.exists():
            return None
        with path.open("rb") as file:
            return file.read(len(content)) == content and not any(file.read(1 << 20))


@contextmanager
def open_bench(folder: Path, pool: Pool | None) -> Iterator[Bench]:
    """A bench while it is used."""
    with sandbox(folder / "cloud") as one:
        network = Network({"ec2": one.ec2, "s3": one.s3, "ebs": one.ebs}, folder / "network")
        truth = Truth(one.ec2, one.s3)
        try:
            _settle_others(truth)
            yield Bench(folder, one, network, truth, truth.state(), pool)
        finally:
            network.stop()
            truth.close()


def _settle_others(truth: Truth) -> None:
    """Somebody's things without extenci's tags, and things of another stack."""
    for stack in ("", "somebody-elses"):
        marks = (
            {"extenci:stack": stack, "extenci:service": "cloud", "extenci:name": "worker"} if stack else {}
        )
        tags = [{"Key": key, "Value": value} for key, value in (marks or {"Name": "database"}).items()]
        image = truth.ec2.register_image(
            Name=f"image of {stack or 'nobody'}",
            Architecture="x86_64",
            EnaSupport=True,
            VirtualizationType="hvm",
            RootDeviceName="/dev/sda1",
            BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": _snapshot(truth)}}],
        )["ImageId"]
        machine = truth.ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.micro")
        machine_id = machine["Instances"][0]["InstanceId"]
        truth.ec2.create_tags(Resources=[image, machine_id], Tags=tags)  # type: ignore[arg-type]
        prefix = f"extenci@{stack}@cloud@worker" if stack else "backups/database"
        truth.s3.put_object(Bucket=BUCKET, Key=f"{prefix}.part.0", Body=b"theirs")
        truth.s3.create_multipart_upload(Bucket=BUCKET, Key=f"{prefix}.unfinished")
        truth.ec2.create_key_pair(KeyName=f"key of {stack or 'nobody'}")
    time.sleep(0.3)  # until their machines run


def _snapshot(truth: Truth) -> str:
    volume = truth.ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    snapshot = truth.ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    while truth.ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]["State"] != "completed":
        time.sleep(0.05)
    return snapshot
