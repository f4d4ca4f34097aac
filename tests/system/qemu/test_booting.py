"""Machines boot the bytes that were staged."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from extenci import api
from extenci.catalog.home import Home
from extenci.sandbox import control
from tests.system.qemu.conftest import Cloud, MakeImage, answers, processes, until

SPEC = """\
service: sandbox
images:
  worker: {{source: {image}}}
instances:
  pool: {{image: worker, type: t3.micro, count: 1, key_name: mine, user_data: "{user_data}"}}
"""
USER_DATA = "#!/bin/sh\\necho user data was run"


def test_a_machine_is_logged_in_to_and_ended(tmp_path: Path, cloud: Cloud, image: MakeImage) -> None:
    key = tmp_path / "key"
    key.touch(0o600)
    key.write_text(cloud.ec2.create_key_pair(KeyName="mine", KeyType="ed25519")["KeyMaterial"])
    specs, home = tmp_path / "specs", Home(cloud.home)
    specs.mkdir()
    (specs / "spec.yaml").write_text(SPEC.format(image=image("plain"), user_data=USER_DATA))
    api.apply(api.load([specs], home=home), home=home)
    (reservation,) = cloud.ec2.describe_instances()["Reservations"]
    machine = reservation["Instances"][0]
    name, address = machine["InstanceId"], machine["PublicIpAddress"]
    port = cloud.status.forwards[22]
    assert cloud.status.machines == "qemu"
    assert len(processes(name)) == 1
    assert address.startswith("127.")
    assert not answers(address, port), "nothing listens before the machine does"
    until(lambda: answers(address, port))
    until(lambda: "login:" in cloud.console(name))

    console = cloud.console(name)
    (host_key,) = re.findall(r"^(ssh-ed25519 \S+)", console, re.MULTILINE)
    assert "user data was run" in console
    known = tmp_path / "known_hosts"
    known.write_text(f"[{address}]:{port} {host_key}\n{address} {host_key}\n")
    said = ssh(address, port, key, known, "cat /run/user-data; cat /proc/meminfo; poweroff")
    assert "echo user data was run" in said
    (kib,) = re.findall(r"MemTotal: +(\d+) kB", said)
    assert 900_000 < int(kib) < 1024 * 1024, "a t3.micro has 1 GiB"
    assert not answers(address, cloud.status.forwards[80]), "the machine has no web server"
    until(lambda: cloud.state(name) == "stopped")
    assert processes(name) == []

    cloud.ec2.start_instances(InstanceIds=[name])
    until(lambda: cloud.state(name) == "running")
    assert len(processes(name)) == 1
    api.apply(api.load([specs], home=home), home=home, destroy=True)
    until(lambda: processes(name) == [])
    assert list((cloud.home / "sandbox" / "machines").iterdir()) == []


def ssh(address: str, port: int, key: Path, known: Path, command: str) -> str:
    options = ["BatchMode=yes", "StrictHostKeyChecking=yes", f"UserKnownHostsFile={known}"]
    words = ["ssh", "-F", os.devnull, "-i", str(key), "-p", str(port)]
    words += [part for option in options for part in ("-o", option)]
    done = subprocess.run(
        [*words, f"root@{address}", command], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_machine_without_ssh_server_refuses_connections(cloud: Cloud, image: MakeImage) -> None:
    """Its snapshot goes while it boots, and it is shut down from within at the end."""
    staged = cloud.stage(image("no-ssh"))
    user_data = "#!/bin/sh\n(sleep 5; poweroff -f) &"
    machine = cloud.run(staged, UserData=user_data, InstanceInitiatedShutdownBehavior="terminate")
    (snapshot,) = cloud.ec2.describe_snapshots()["Snapshots"]
    cloud.ec2.deregister_image(ImageId=staged)
    cloud.ec2.delete_snapshot(SnapshotId=snapshot["SnapshotId"])
    address = cloud.instance(machine)["PublicIpAddress"]
    until(lambda: "login:" in cloud.console(machine))
    assert not answers(address, cloud.status.forwards[22])
    until(lambda: cloud.state(machine) == "terminated")
    assert cloud.instance(machine)["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"
    assert "login:" in cloud.console(machine)


def test_a_panic_is_seen_on_the_console(cloud: Cloud, image: MakeImage) -> None:
    machine = cloud.run(cloud.stage(image("panic")), InstanceType="t3.nano")
    until(lambda: "Kernel panic - not syncing" in cloud.console(machine))
    assert cloud.state(machine) == "running"


def test_stopping_the_sandbox_ends_its_machines(cloud: Cloud) -> None:
    machine = cloud.run(cloud.stage(None))
    until(lambda: cloud.state(machine) == "running", 20)
    assert len(processes(machine)) == 1
    control.stop(cloud.home)
    assert processes(machine) == []
