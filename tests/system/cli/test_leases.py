"""Two homes at once on one cloud: one of them changes it, wherever the lease is kept."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from extenci.catalog.home import Home
from extenci.cloud.clients import Clients
from extenci.cloud.leases.key_pair import KeyPairStore
from extenci.sandbox import control
from extenci.spec.services.file import read_service
from tests.disks import disk_bytes
from tests.program.command import start_extenci

Start = Callable[..., "subprocess.Popen[str]"]

KINDS = {"tag": "lock: tag\n", "s3": "lock: s3\n", "as it is": "", "import": "stage: import\n"}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Specs of three machines on a sandbox of somebody else's home."""
    theirs, folder = tmp_path / "theirs", tmp_path / "specs"
    monkeypatch.setenv("EXTENCI_SANDBOX_MACHINES", "simulated")
    cloud = control.start(theirs)
    keys = theirs / "sandbox" / "keys"
    folder.mkdir()
    for file in service_files(folder):
        file.parent.mkdir(parents=True)
        file.write_text(
            f"ec2: {cloud.ec2}\ns3: {cloud.s3}\nebs: {cloud.ebs}\nregion: us-east-1\nbucket: extenci\n"
            f"credentials: {{access_key_file: {keys}/access, secret_key_file: {keys}/secret}}\n"
        )
    (folder / "tiny.raw").write_bytes(disk_bytes())
    (folder / "pool.yaml").write_text(
        "service: cloud\nimages: {tiny: {source: tiny.raw}}\n"
        "instances: {pool: {image: tiny, type: t3.micro, count: 3}}\n"
    )
    yield folder
    control.stop(theirs)


@pytest.fixture
def start(root: Path, tmp_path: Path) -> Start:
    """Starts a command in a home."""

    def begin(home: str, *words: str) -> subprocess.Popen[str]:
        return start_extenci(
            words[0],
            root,
            *words[1:],
            env={**os.environ, "EXTENCI_HOME": str(tmp_path / home), "COLUMNS": "200"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return begin


def service_files(root: Path) -> list[Path]:
    """The file of the service in each of two homes."""
    return [root.parent / home / "catalog" / "service" / "cloud.yaml" for home in ("laptop", "runner")]


def clients_of(root: Path) -> Clients:
    return Clients(read_service(service_files(root)[0]))


def lock_by(root: Path, kind: str) -> None:
    for file in service_files(root):
        file.write_text(file.read_text() + KINDS[kind])


def kill_at_launch(process: subprocess.Popen[str]) -> None:
    """Kill a command as soon as it says that it launches."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("launch"):
            process.kill()
            break
    process.communicate()


@pytest.mark.parametrize("kind", KINDS)
def test_two_homes_at_once_launch_no_machine_twice(root: Path, start: Start, kind: str) -> None:
    lock_by(root, kind)
    both = [start(home, "apply", "-y", "--lock-timeout", "2m") for home in ("laptop", "runner")]
    told = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    clients = clients_of(root)
    assert len(clients.ec2.machines("default")) == 3
    assert len(clients.ec2.images()) == 1
    assert clients.ec2.key_pairs("extenci") == ()
    assert not list(clients.s3.list_objects("extenci", "extenci-leases/"))


def test_without_a_lease_a_second_look_ends_what_is_too_many(root: Path, start: Start) -> None:
    for file in service_files(root):
        file.write_text(file.read_text() + "lock: none\n")
    image = start("laptop", "apply", "-y", "--target", "cloud/tiny")
    image.communicate(timeout=60)
    assert image.returncode == 0
    both = [start(home, "apply", "-y") for home in ("laptop", "runner")]
    told = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    running = [one for one in clients_of(root).ec2.machines("default") if not one.state.is_gone]
    assert len(running) == 3, told


@pytest.mark.parametrize("kind", ["tag", "s3"])
def test_a_killed_command_holds_up_others_but_not_its_own_home(root: Path, start: Start, kind: str) -> None:
    lock_by(root, kind)
    kill_at_launch(start("laptop", "apply", "-y"))

    refused = start("runner", "apply", "-y")
    _, said = refused.communicate(timeout=60)
    assert refused.returncode == 1
    assert "The stack default is being changed on cloud by" in said
    assert "extenci unlock" in said

    again = start("laptop", "apply", "-y")
    again.communicate(timeout=120)
    assert again.returncode == 0
    assert len(clients_of(root).ec2.machines("default")) == 3


def test_a_lease_that_could_not_be_tagged_before_the_kill_is_known_by_its_key(
    root: Path, start: Start, tmp_path: Path
) -> None:
    clients, home = clients_of(root), Home(tmp_path / "laptop")
    home.make(home.leases_folder)
    store = KeyPairStore(
        clients.ec2, clients.unjournalled.ec2, clients.abilities,
        ec2=clients.service.ec2_url, name="extenci-lease-default", folder=home.leases_folder,
    )  # fmt: skip
    clients.unjournalled.ec2.import_key_pair("extenci-lease-default", store.keys.make(), {})

    refused = start("runner", "apply", "-y")
    assert "its lease ends 120 seconds after the last renewal" in refused.communicate(timeout=60)[1]
    applied = start("laptop", "apply", "-y")
    applied.communicate(timeout=120)
    assert applied.returncode == 0
    assert clients.ec2.key_pairs("extenci") == ()


def test_a_lease_is_ended_by_unlock(root: Path, start: Start) -> None:
    kill_at_launch(start("laptop", "apply", "-y"))
    asked = start("runner", "unlock")
    shown, said = asked.communicate(timeout=60)
    assert asked.returncode == 1
    assert "the key pair extenci-lease-default" in shown
    assert "--auto-approve" in said
    ended = start("runner", "unlock", "-y")
    assert ended.communicate(timeout=60)[0].startswith("Ended: the lease on cloud")
    after = start("runner", "unlock")
    assert after.communicate(timeout=60)[0] == "Nobody holds a lease of the stack default.\n"
    applied = start("runner", "apply", "-y")
    applied.communicate(timeout=120)
    assert applied.returncode == 0
    assert len(clients_of(root).ec2.machines("default")) == 3
