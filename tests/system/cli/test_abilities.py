"""Services that lack something, or do not answer, as the command line tells of them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from extenci.model.service import SandboxStatus
from extenci.sandbox import control
from tests.disks import disk_bytes
from tests.program.command import run_extenci

Run = Callable[..., "subprocess.CompletedProcess[str]"]
LACKING = "ebs-direct,paging,tag-on-create,list-multipart-uploads"
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxStatus]:
    """A sandbox of somebody else's home, which lacks some abilities."""
    place = tmp_path / "theirs"
    monkeypatch.setenv("EXTENCI_SANDBOX_MACHINES", "simulated")
    yield control.start(place, without=LACKING)
    control.stop(place)


@pytest.fixture
def root(cloud: SandboxStatus, tmp_path: Path) -> Path:
    """Specs for that cloud, which launch one machine of a staged disk."""
    folder = tmp_path / "specs"
    (folder / "services").mkdir(parents=True)
    keys = tmp_path / "theirs" / "sandbox" / "keys"
    credentials = f"credentials: {{access_key_file: {keys}/access, secret_key_file: {keys}/secret}}\n"
    endpoints = f"ec2: {cloud.ec2}\ns3: {cloud.s3}\nebs: {cloud.ebs}\nregion: us-east-1\nbucket: extenci\n"
    (folder / "services" / "cloud.yaml").write_text(endpoints + credentials)
    (folder / "services" / "dead.yaml").write_text(f"ec2: {NOBODY}\nregion: us-east-1\n{credentials}")
    (folder / "tiny.raw").write_bytes(disk_bytes(os.urandom(1 << 20)))
    (folder / "pool.yaml").write_text(
        "service: cloud\nimages: {tiny: {source: tiny.raw}}\n"
        "instances: {pool: {image: tiny, type: t3.micro, count: 1}}\n"
    )
    return folder


@pytest.fixture
def run(root: Path, cloud: SandboxStatus, tmp_path: Path) -> Run:
    trusted = f"{cloud.ec2} {cloud.s3} {cloud.ebs} {NOBODY} file:{tmp_path / 'theirs'}"

    def command(*words: str, at: Path = root) -> subprocess.CompletedProcess[str]:
        return run_extenci(
            words[0],
            at,
            *words[1:],
            env={
                **os.environ,
                "EXTENCI_HOME": str(tmp_path / "mine"),
                "EXTENCI_TRUST": trusted,
                "COLUMNS": "80",
            },
        )

    return command


def stage_by(root: Path, method: str) -> None:
    file = root / "services" / "cloud.yaml"
    file.write_text(f"{file.read_text()}stage: {method}\n")


def test_doctor_finds_out_what_a_service_lacks_and_what_its_settings_need(run: Run) -> None:
    examined = run("doctor", "--write", "--format", "json")
    document = json.loads(examined.stdout)
    found = document["abilities"]["cloud"]
    assert found["ebs-direct"]["has"] is False
    assert found["ebs-direct"]["source"] == "probed"
    assert found["paging"]["has"] is False
    assert found["list-multipart-uploads"]["has"] is False
    assert found["include-disabled"]["has"] is True
    assert found["tag-on-create-image"]["has"] is None
    problems = [one for one in document["findings"] if one["level"] == "problem"]
    assert [one["text"] for one in problems] == [
        "Disks cannot be staged by `ebs`: the service lacks ebs-direct."
    ]
    assert "an object was stored in the bucket extenci, read and deleted" in examined.stdout
    assert examined.returncode == 1


def test_a_plan_that_needs_what_is_lacking_is_refused_with_what_to_set(run: Run) -> None:
    planned = run("plan")
    assert (planned.returncode, planned.stdout) == (1, "")
    assert "lacks the ability ebs-direct" in planned.stderr
    assert "Set `stage: import` or `stage: bundle` in" in planned.stderr


def test_a_service_that_lacks_what_its_changes_need_stops_no_other(run: Run, root: Path) -> None:
    cloud = root / "services" / "cloud.yaml"
    (root / "services" / "other.yaml").write_text(cloud.read_text() + "stage: import\n")
    (root / "other.yaml").write_text("service: other\nimages: {tiny: {source: tiny.raw}}\n")
    applied = run("apply", "--auto-approve")
    assert applied.returncode == 1
    assert "1 image staged" in applied.stdout
    assert "Left out, so nothing was done there:\n  cloud\n" in applied.stdout
    assert "ebs-direct" in applied.stdout


def test_tags_that_the_service_drops_are_put_on_and_nothing_is_made_twice(run: Run, root: Path) -> None:
    stage_by(root, "import")
    applied = run("apply", "--auto-approve")
    assert applied.returncode == 0, applied.stderr
    assert run("plan", "--detailed-exitcode").returncode == 0
    document = json.loads(run("doctor", "--format", "json").stdout)
    assert document["abilities"]["cloud"]["tag-on-create-image"]["has"] is False
    assert document["abilities"]["cloud"]["create-tags"] == {
        "has": True,
        "source": "learned",
        "detail": "0 of 1 lacked their tags when read back",
    }
    destroyed = run("destroy", "--auto-approve")
    assert "1 machine terminated, 1 image unstaged" in destroyed.stdout


def test_a_service_that_cannot_be_read_stops_no_other(run: Run, root: Path) -> None:
    stage_by(root, "import")
    (root / "dead.yaml").write_text(
        "service: dead\ninstances: {p: {image: ami-12345678, type: t3.micro, count: 1}}\n"
    )
    planned = run("plan", "--format", "json")
    document = json.loads(planned.stdout)
    assert planned.returncode == 1
    assert document["services"] == ["cloud"]
    assert [one["service"] for one in document["unread"]] == ["dead"]
    applied = run("apply", "--auto-approve")
    assert applied.returncode == 1
    assert "1 image staged, 1 machine launched" in applied.stdout
    assert "Left out, so nothing was done there:\n  dead\n" in applied.stdout
    status = run("status")
    assert status.returncode == 1
    assert "cloud/pool: 1 desired, 1 running" in status.stdout
    assert run("gc", "--auto-approve").returncode == 1
    destroyed = run("destroy", "--auto-approve")
    assert destroyed.returncode == 1
    assert "1 machine terminated, 1 image unstaged" in destroyed.stdout


def test_a_saved_plan_is_applied_where_its_services_answer(run: Run, root: Path, tmp_path: Path) -> None:
    stage_by(root, "import")
    (root / "dead.yaml").write_text(
        "service: dead\ninstances: {p: {image: ami-12345678, type: t3.micro, count: 1}}\n"
    )
    file = tmp_path / "saved.plan"
    assert run("plan", "--out", str(file)).returncode == 1
    applied = run("apply", "--auto-approve", at=file)
    assert applied.returncode == 1
    assert "1 image staged, 1 machine launched" in applied.stdout, applied.stderr
    assert "Left out, so nothing was done there:\n  dead\n" in applied.stdout
    assert "1 machine terminated" in run("destroy", "--auto-approve").stdout
