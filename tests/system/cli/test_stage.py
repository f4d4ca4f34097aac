"""`extenci stage` and `extenci unstage` as they are typed, on a real sandbox."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from extenci import api
from extenci.catalog.home import Home
from extenci.cloud.clients import Clients
from extenci.sandbox import control
from tests.disks import add_boot_sector
from tests.program.command import run_extenci, start_extenci

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("home")
    control.start(place)
    yield place
    control.stop(place)


@pytest.fixture
def run(home: Path, tmp_path: Path) -> Run:
    """run("stage", …): the command, where standard input is no terminal."""

    def command(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return run_extenci(
            *words,
            cwd=tmp_path,
            env=surroundings(home) | environment,
        )

    return command


def surroundings(home: Path) -> dict[str, str]:
    return {**os.environ, "EXTENCI_HOME": str(home)}


@pytest.fixture
def disk(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A disk whose content and name no other test has."""
    return make_disk(tmp_path, f"d{abs(hash(request.node.name)) % 10**9}")


def make_disk(folder: Path, name: str, mib: int = 2) -> Path:
    path = folder / f"{name}.raw"
    with path.open("wb") as file:
        file.truncate(64 << 20)
        file.write(os.urandom(mib << 20))
    add_boot_sector(path)
    return path


def calls(home: Path, action: str) -> int:
    lines = control.status(home).calls.read_text("utf-8").splitlines()
    return sum(json.loads(line)["action"] == action for line in lines)


def test_the_images_id_and_nothing_else_is_printed_and_the_same_file_is_found_again(
    run: Run, home: Path, disk: Path
) -> None:
    first = run("stage", disk.name, "sandbox")
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("ami-")
    assert len(first.stdout.splitlines()) == 1
    before = calls(home, "StartSnapshot"), calls(home, "RegisterImage")
    again = run("stage", str(disk), "sandbox")
    assert (again.returncode, again.stdout) == (0, first.stdout)
    assert "was staged already" in again.stderr
    assert (calls(home, "StartSnapshot"), calls(home, "RegisterImage")) == before


def test_json_is_one_document(run: Run, disk: Path) -> None:
    done = run("stage", disk.name, "sandbox", "--format", "json")
    document = json.loads(done.stdout)
    assert (document["format_version"], document["found"]) == (1, False)
    assert (document["address"], document["result"]["ok"]) == (f"sandbox/{disk.stem}", True)
    found = json.loads(run("stage", disk.name, "sandbox", "--format", "json").stdout)
    assert (found["image"], found["found"]) == (document["image"], True)


def test_another_name_and_other_settings_are_registered_again_and_not_uploaded(
    run: Run, home: Path, disk: Path
) -> None:
    first = run("stage", disk.name, "sandbox")
    before = calls(home, "StartSnapshot")
    named = run(
        "stage", disk.name, "sandbox", "--name", f"{disk.stem}-x", "--boot-mode", "uefi", "--size", "3"
    )
    assert named.returncode == 0, named.stderr
    assert named.stdout != first.stdout
    assert calls(home, "StartSnapshot") == before


@pytest.mark.parametrize("method", ["import", "bundle"])
def test_other_methods_stage_too(run: Run, disk: Path, method: str) -> None:
    done = run("stage", disk.name, "sandbox", "--method", method)
    assert done.returncode == 0, done.stderr
    assert run("stage", disk.name, "sandbox", "--method", method).stdout == done.stdout
    gone = run("unstage", done.stdout.strip(), "sandbox", "-y")
    assert gone.returncode == 0, gone.stderr


def test_a_bundle_is_a_disk_again(run: Run, home: Path, disk: Path, tmp_path: Path) -> None:
    staged = run("stage", disk.name, "sandbox", "--method", "bundle")
    assert staged.returncode == 0, staged.stderr
    clients = Clients(api.sandbox_service(Home(home)))
    (image,) = (one for one in clients.ec2.images() if one.id == staged.stdout.strip())
    clients.close()
    done = run("stage", "--unbundle", f"s3://{image.manifest}", "again.raw", "sandbox")
    assert (done.returncode, done.stdout) == (0, "again.raw\n"), done.stderr
    assert (tmp_path / "again.raw").read_bytes() == disk.read_bytes()
    wrong = run("stage", "--unbundle", "no.manifest.xml", "other.raw", "sandbox")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert not (tmp_path / "other.raw").exists()


def test_no_plan_touches_what_was_staged_by_hand(run: Run, disk: Path, tmp_path: Path) -> None:
    staged = run("stage", disk.name, "sandbox").stdout.strip()
    other = make_disk(tmp_path, "other")
    (tmp_path / "specs").mkdir()
    spec = f"service: sandbox\nimages:\n  specced:\n    source: ../{other.name}\n"
    (tmp_path / "specs" / "s.yaml").write_text(spec)
    assert run("trust", "--sources", ".").returncode == 0
    plan = run("plan", "specs")
    assert plan.returncode == 0, plan.stderr
    assert staged not in plan.stdout
    applied = run("apply", "specs", "-y", "--format", "json")
    made = json.loads(applied.stdout)["changes"][0]["made"]["image"]
    refused = run("unstage", made, "sandbox", "-y")
    assert refused.returncode == 1
    assert "is sandbox/specced of the specs of default" in refused.stderr
    assert "Take its entry out of the specs" in refused.stderr
    assert run("destroy", "specs", "-y").returncode == 0
    assert run("stage", disk.name, "sandbox").stdout.strip() == staged


def test_a_file_that_is_pinned_and_staged_need_not_be_there(run: Run, disk: Path) -> None:
    sha256 = hashlib.sha256(disk.read_bytes()).hexdigest()
    first = run("stage", disk.name, "sandbox", "--sha256", sha256)
    assert first.returncode == 0, first.stderr
    disk.unlink()
    again = run("stage", disk.name, "sandbox", "--sha256", sha256.upper())
    assert (again.returncode, again.stdout) == (0, first.stdout), again.stderr
    other = run("stage", disk.name, "sandbox", "--sha256", "0" * 64)
    assert (other.returncode, other.stdout) == (1, "")
    assert f"The source file {disk} is missing" in " ".join(other.stderr.split())


def test_the_command_of_2011_is_the_same(home: Path, disk: Path) -> None:
    words = [
        sys.executable,
        "-c",
        "from extenci.cli.legacy_names import stage; stage()",
        disk.name,
        "sandbox",
    ]
    done = subprocess.run(words, cwd=disk.parent, env=surroundings(home), capture_output=True, check=True)
    assert done.stdout.startswith(b"ami-")


def test_unstage_takes_the_image_and_its_snapshot(run: Run, home: Path, disk: Path) -> None:
    run("stage", disk.name, "sandbox")
    before = set((home / "sandbox" / "disks").iterdir())
    asked = run("unstage", disk.stem, "sandbox")
    assert asked.returncode == 1
    assert "--auto-approve (-y)" in asked.stderr
    done = run("unstage", disk.stem, "sandbox", "-y")
    assert done.returncode == 0, done.stderr
    assert len(before - set((home / "sandbox" / "disks").iterdir())) == 1
    again = run("unstage", disk.stem, "sandbox", "-y")
    assert (again.returncode, again.stdout) == (0, "It was unstaged before, and nothing is left of it.\n")
    gone = run("unstage", "never-there", "sandbox", "-y")
    assert gone.returncode == 1
    assert "There is no image never-there on sandbox." in gone.stderr


def test_an_image_that_machines_run_from_stays(run: Run, disk: Path, tmp_path: Path) -> None:
    image = run("stage", disk.name, "sandbox").stdout.strip()
    (tmp_path / "specs").mkdir()
    group = f"service: sandbox\ninstances:\n  pool: {{image: {image}, type: t3.micro, count: 1}}\n"
    (tmp_path / "specs" / "s.yaml").write_text(group)
    assert run("apply", "specs", "-y").returncode == 0
    refused = run("unstage", image, "sandbox", "-y")
    assert refused.returncode == 1
    assert f"1 machine runs from {image}" in refused.stderr
    assert "(sandbox/pool)" in refused.stderr
    assert run("destroy", "specs", "-y").returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("stage", "no.raw", "sandbox"), "no.raw does not exist"),
        (("stage", ".", "sandbox"), "is not a file"),
        (("stage", "https://example.org/d.raw", "sandbox"), "--sha256"),
        (("stage", "ftp://example.org/d.raw", "sandbox"), "not a URL to stage from"),
        (("stage", "DISK", "sandbx"), "There is no service 'sandbx'"),
        (("stage", "DISK", "sandbox", "--sha256", "abc"), "is not a SHA-256"),
        (("stage", "DISK", "sandbox", "--sha256", "0" * 64), "SHA-256"),
        (("stage", "DISK", "sandbox", "--name", "a b"), "cannot be an image's name"),
        (("stage", "DISK", "sandbox", "--method", "magic"), "magic"),
        (("stage", "DISK", "sandbox", "--size", "0"), "--size"),
        (("stage", "DISK", "sandbox", "extra"), "extra"),
        (("stage", "DISK"), "SERVICE"),
        (("unstage", "x", "sandbx", "-y"), "There is no service 'sandbx'"),
    ],
)
def test_wrong_use_is_told_and_prints_nothing(
    run: Run, disk: Path, words: tuple[str, ...], said: str
) -> None:
    done = run(*(disk.name if word == "DISK" else word for word in words), NO_COLOR="1")
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr


def test_what_is_interrupted_is_gone_on_with(run: Run, home: Path, tmp_path: Path) -> None:
    disk = make_disk(tmp_path, "cut", mib=40)
    control.start(home, "PutSnapshotBlock: slow 2s after 10")
    words = ("stage", disk.name, "sandbox")
    with start_extenci(*words, cwd=tmp_path, env=surroundings(home), stderr=subprocess.DEVNULL) as child:
        deadline = time.monotonic() + 20
        started = calls(home, "PutSnapshotBlock")
        while calls(home, "PutSnapshotBlock") < started + 10:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        assert child.wait(20) == 1
    control.start(home, "none")
    begun = calls(home, "StartSnapshot")
    done = run("stage", disk.name, "sandbox")
    assert done.returncode == 0, done.stderr
    assert calls(home, "StartSnapshot") == begun


@pytest.fixture
def full_home(home: Path, tmp_path: Path) -> Iterator[Path]:
    """A catalog with a service `campus`, which is the sandbox, on a disk that is all but full."""
    place = tmp_path / "full"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        status, (access, secret) = control.status(home), control.key_files(home)
        folder = place / "catalog" / "service"
        folder.mkdir(parents=True)
        (folder / "campus.yaml").write_text(
            f"ec2: {status.ec2}\ns3: {status.s3}\nebs: {status.ebs}\nregion: us-east-1\n"
            f"credentials: {{access_key_file: {access}, secret_key_file: {secret}}}\n"
        )
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)  # noqa: S607


def fill(folder: Path, leave: int = 0) -> None:
    """Leave so many bytes free, to within a page."""
    with (folder / "filling").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    if leave:
        os.truncate(folder / "filling", (folder / "filling").stat().st_size - leave)


@pytest.mark.parametrize("leave", [0, 12288, 28672, 36864])
def test_a_full_disk_under_the_catalog_is_told_and_nothing_is_lost(
    run: Run, home: Path, full_home: Path, disk: Path, leave: int
) -> None:
    """Wherever it becomes full: while the disk is read, before the first call, or between two of them."""
    other = make_disk(disk.parent, f"other-{disk.stem}")
    assert run("stage", other.name, "campus", EXTENCI_HOME=str(full_home)).returncode == 0
    fill(full_home, leave)
    done = run("stage", disk.name, "campus", EXTENCI_HOME=str(full_home))
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "No space left on device" in done.stderr or "the disk is full" in done.stderr, done.stderr
    (full_home / "filling").unlink()
    again = run("stage", disk.name, "campus", EXTENCI_HOME=str(full_home))
    assert again.returncode == 0, again.stderr
    cloud = Clients(api.sandbox_service(Home(home)))
    snapshots = [one for one in cloud.ec2.snapshots("default") if one.marks and one.marks.name == disk.stem]
    images = [one for one in cloud.ec2.images() if one.id == again.stdout.strip()]
    cloud.close()
    assert len(snapshots) == len(images) == 1
