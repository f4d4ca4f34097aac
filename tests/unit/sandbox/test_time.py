"""What changes with time alone: snapshots that are given up, machines that boot, end and are forgotten."""

from __future__ import annotations

import hashlib
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from extenci.sandbox.state.cloud import Cloud

BLOCK = bytes(524288)
DIGEST = hashlib.sha256(BLOCK).digest()


@pytest.fixture
def respond(cloud: Cloud) -> Any:
    """respond(Action, parameters…): the XML that EC2 answers."""
    from extenci.sandbox.ec2.service import Ec2Service  # noqa: PLC0415
    from extenci.sandbox.http.listener import HttpRequest  # noqa: PLC0415
    from extenci.sandbox.http.query import write_query  # noqa: PLC0415

    service = Ec2Service(cloud)

    def ask(action: str, **parameters: str) -> str:
        body = write_query({"Action": action} | {k.replace("_", "."): v for k, v in parameters.items()})
        request = HttpRequest("POST", "/", "", {"host": "127.0.0.1"}, body)
        answer = service.answer(request, service.read(request))
        assert answer.status == 200, answer.body
        return answer.body.decode()

    return ask


def test_a_snapshot_that_is_not_completed_in_time_fails(cloud: Cloud, now: list[float]) -> None:
    """StartSnapshot, Timeout: the minutes after which a snapshot is cancelled when no blocks are put and it
    is not completed; each put starts the time anew."""
    from extenci.sandbox.state.snapshots import DiskSnapshot, NotPending  # noqa: PLC0415

    snapshot = DiskSnapshot(cloud, 1, "", timeout_minutes=10)
    now[0] += 599
    snapshot.put(0, BLOCK, DIGEST)
    now[0] += 599
    assert snapshot.status == "pending"
    now[0] += 2
    assert snapshot.status == "error"
    with pytest.raises(NotPending):
        snapshot.put(1, BLOCK, DIGEST)
    with pytest.raises(NotPending):
        snapshot.seal()


def test_a_completed_snapshot_does_not_fail_later(cloud: Cloud, now: list[float]) -> None:
    from extenci.sandbox.state.snapshots import DiskSnapshot  # noqa: PLC0415

    snapshot = DiskSnapshot(cloud, 1, "", timeout_minutes=10)
    snapshot.seal()
    snapshot.complete(0.2)
    assert snapshot.status == "pending"
    now[0] += 0.2
    assert snapshot.status == "completed"
    now[0] += 10_000
    assert snapshot.status == "completed"


def test_completing_waits_for_blocks_under_way(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    from extenci.sandbox.state.snapshots import DiskSnapshot  # noqa: PLC0415

    snapshot = DiskSnapshot(cloud, 1, "")
    writing, go_on = threading.Event(), threading.Event()

    def slow_write(index: int, data: bytes) -> None:
        writing.set()
        go_on.wait(10)

    monkeypatch.setattr(snapshot.disk, "write", slow_write)
    putting = threading.Thread(target=snapshot.put, args=(0, BLOCK, DIGEST))
    sealing = threading.Thread(target=snapshot.seal)
    putting.start()
    assert writing.wait(10)
    sealing.start()
    time.sleep(0.05)
    assert sealing.is_alive()
    go_on.set()
    sealing.join(10)
    putting.join(10)
    assert not sealing.is_alive()
    assert set(snapshot.written) == {0}


def test_a_machine_is_forgotten_an_hour_after_its_end(cloud: Cloud, now: list[float], respond: Any) -> None:
    """User Guide: a terminated instance stays visible for about an hour. Its client token is remembered
    longer, and answers with the dead machine."""
    from extenci.sandbox.state.snapshots import DiskSnapshot, add_snapshot  # noqa: PLC0415

    snapshot = DiskSnapshot(cloud, 1, "")
    snapshot.seal()
    snapshot.complete(0)
    add_snapshot(cloud, snapshot, {})
    image = respond(
        "RegisterImage",
        Name="worker",
        Architecture="x86_64",
        VirtualizationType="hvm",
        EnaSupport="true",
        RootDeviceName="/dev/xvda",
        BlockDeviceMapping_1_DeviceName="/dev/xvda",
        BlockDeviceMapping_1_Ebs_SnapshotId=snapshot.id,
    ).partition("<imageId>")[2][:21]
    launch = {
        "ImageId": image,
        "InstanceType": "t3.micro",
        "MinCount": "2",
        "MaxCount": "2",
        "ClientToken": "once",
    }
    first = respond("RunInstances", **launch)
    ended, stays = (part[:19] for part in first.split("<instanceId>")[1:])
    now[0] += 0.5
    assert respond("DescribeInstances").count("<name>running</name>") == 2
    respond("TerminateInstances", InstanceId_1=ended)
    now[0] += 0.2
    assert respond("DescribeInstances").count("<name>terminated</name>") == 1
    now[0] += 3598
    assert ended in respond("DescribeInstances")
    now[0] += 2
    seen = respond("DescribeInstances")
    assert ended not in seen
    assert stays in seen
    again = respond("RunInstances", **launch)
    assert ended in again
    assert stays in again
    assert respond("DescribeInstances").count("<instanceId>") == 1
