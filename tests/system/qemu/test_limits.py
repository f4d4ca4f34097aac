"""What is refused, and what is left when the sandbox is killed."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from extenci.sandbox import control
from extenci.sandbox.qemu.acceleration import TCG, Acceleration, runs
from extenci.sandbox.qemu.installation import Installation, find_qemu
from tests.system.qemu.conftest import Cloud, processes, until


def refusal(cloud: Cloud, image: str, **more: object) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        cloud.run(image, **more)
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def test_killing_the_sandbox_ends_its_machines(cloud: Cloud) -> None:
    machine = cloud.run(cloud.stage(None))
    until(lambda: cloud.state(machine) == "running", 20)
    assert len(processes(machine)) == 1
    assert cloud.status.pid is not None
    os.kill(cloud.status.pid, signal.SIGKILL)
    until(lambda: processes(machine) == [], 10)


def test_there_are_as_many_machines_as_memory_allows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has 256 MiB here, and QEMU itself takes 64."""
    monkeypatch.setenv("EXTENCI_SANDBOX_MEMORY", "900")
    home = tmp_path / "small"
    cloud = Cloud(control.start(home), home)
    try:
        image = cloud.stage(None)
        first = cloud.run(image, MaxCount=5, InstanceType="t3.nano")
        assert len(cloud.ec2.describe_instances()["Reservations"][0]["Instances"]) == 2
        code, message = refusal(cloud, image, InstanceType="t3.nano")
        assert code == "InsufficientInstanceCapacity"
        assert "memory for 0 more machines" in message
        cloud.ec2.terminate_instances(InstanceIds=[first])
        until(lambda: processes(first) == [], 20)
        assert refusal(cloud, image, InstanceType="t3.nano", MinCount=2, MaxCount=2)[0] == code
        cloud.run(image, InstanceType="t3.nano")
    finally:
        control.stop(home)


def test_an_accelerator_is_tried_by_running_a_program(tmp_path: Path) -> None:
    """Emulation always works, so that the probe must say so; one that cannot start does not."""
    found = find_qemu()
    assert isinstance(found, Installation)
    assert runs(found, TCG)
    assert not runs(found, Acceleration("none", "xen", "max"))
    silent = tmp_path / "silent"
    silent.write_text("#!/bin/sh\nexit 0\n")
    silent.chmod(0o755)
    assert not runs(replace(found, system=silent), TCG)


def test_other_architectures_and_missing_firmware_are_refused(cloud: Cloud) -> None:
    arm = cloud.stage(None, Architecture="arm64", BootMode="uefi")
    code, message = refusal(cloud, arm, InstanceType="t4g.micro")
    assert (code, "qemu-system-x86_64, which cannot boot" in message) == ("Unsupported", True)
    found = find_qemu()
    assert isinstance(found, Installation)
    if found.uefi is None:
        code, message = refusal(cloud, cloud.stage(None, BootMode="uefi"))
        assert (code, "apt-get install ovmf" in message) == ("Unsupported", True)
    assert cloud.ec2.describe_instances()["Reservations"] == []
