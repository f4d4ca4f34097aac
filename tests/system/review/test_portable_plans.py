"""Plans made in one checkout and home, and applied in another."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from extenci.sandbox import control
from tests.system.review.conftest import SPEC, Repository

SERVICE = """\
ec2: {ec2}
s3: {s3}
ebs: {ebs}
credentials: {{access_key_file: {access}, secret_key_file: {secret}}}
"""


def git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-C", str(folder), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def describe_service(home: Path, sandbox: Path) -> None:
    """The service `campus` in a home: the sandbox of a home, with keys of its own."""
    status, (access, secret) = control.status(sandbox), control.key_files(sandbox)
    own = [home / "keys" / path.name for path in (access, secret)]
    for path, copy in zip((access, secret), own, strict=True):
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    folder = home / "catalog" / "service"
    folder.mkdir(parents=True, exist_ok=True)
    text = SERVICE.format(ec2=status.ec2, s3=status.s3, ebs=status.ebs, access=own[0], secret=own[1])
    (folder / "campus.yaml").write_text(text)


@pytest.fixture
def checkouts(repository: Repository, tmp_path: Path) -> tuple[Repository, Repository]:
    """Two clones of one repository, each with a home of its own, on one service."""
    control.start(repository.home)
    other = Repository(tmp_path / "elsewhere" / "clone", tmp_path / "second home")
    for one in (repository, other):
        describe_service(one.home, repository.home)
    specs = Repository(repository.folder / "specs", repository.home)
    specs.write(SPEC.replace("sandbox", "campus"))
    specs.write("stack: shared\n", "extenci.yaml")
    specs.make_disk()
    (repository.folder / "stack.yaml").unlink()
    shutil.rmtree(repository.folder / "disks")
    git(repository.folder, "init", "--quiet")
    git(repository.folder, "add", ".")
    git(repository.folder, "commit", "--quiet", "-m", "specs")
    other.folder.parent.mkdir()
    git(tmp_path, "clone", "--quiet", str(repository.folder), str(other.folder))
    return repository, other


def move(plan: Path, to: Repository) -> Path:
    """The plan as it comes out of an archive of artifacts."""
    assert str(plan.parent) not in plan.read_text().replace(json.dumps(str(plan.parent / "specs")), "")
    return Path(shutil.move(plan, to.folder / "downloaded.plan"))


def test_a_plan_is_applied_in_another_checkout_and_home(checkouts: tuple[Repository, Repository]) -> None:
    here, there = checkouts
    made = here.run("plan", "specs", "--out", "pool.plan")
    commit = git(here.folder, "rev-parse", "HEAD")
    assert f"Saved to pool.plan, made from commit {commit[:12]}. Apply" in made.stderr
    plan = move(here.folder / "pool.plan", there)
    shutil.rmtree(here.folder)

    done = there.run("apply", plan, "-y")

    assert done.returncode == 0, done.stderr
    assert "1 image staged, 2 machines launched" in done.stdout
    assert f"from commit {commit[:12]}" in done.stderr
    again = there.run("apply", plan, "-y")
    assert (again.returncode, "already applied" in again.stderr) == (1, True)


def test_a_second_home_without_records_goes_by_the_tags(checkouts: tuple[Repository, Repository]) -> None:
    here, there = checkouts
    assert here.run("apply", "specs", "-y").returncode == 0
    for one in checkouts:
        path = one.folder / "specs" / "stack.yaml"
        path.write_text("# a comment\n" + path.read_text().replace("count: 2", "count: 4"))
    made = here.run("plan", "specs", "--out", "pool.plan")
    assert "with changes that are not committed" in made.stderr
    assert "count 2 → 4" in made.stdout
    done = there.run("apply", move(here.folder / "pool.plan", there), "specs", "-y")
    assert "2 machines launched" in done.stdout, done.stderr
    assert here.run("plan", "specs", "--detailed-exitcode").returncode == 0


def test_it_is_refused_where_anything_differs(checkouts: tuple[Repository, Repository]) -> None:
    here, there = checkouts
    here.run("plan", "specs", "--out", "pool.plan")
    plan = move(here.folder / "pool.plan", there)
    specs = Repository(there.folder / "specs", there.home)
    spec, service = specs.folder / "stack.yaml", there.home / "catalog" / "service" / "campus.yaml"

    def refused(what: str) -> None:
        done = there.run("apply", plan, "-y")
        assert (done.returncode, done.stdout) == (1, "")
        assert what in done.stderr

    text = spec.read_text()
    spec.write_text(text.replace("count: 2", "count: 3"))
    refused("campus/pool: count 2 → 3")
    spec.write_text(text.replace("pool:", "puddle:"))
    refused("campus/pool: not in the specs any more")
    spec.write_text(text)
    described = service.read_text()
    service.write_text(described + "region: elsewhere\n")
    refused("campus: the service is described differently now")
    service.write_text(described)
    disk = specs.make_disk(size=65 << 20)
    os.utime(disk, (1_100_000_000, 1_100_000_000))
    with disk.open("r+b") as file:
        file.seek(2 << 20)
        file.write(b"other")
    refused("campus/worker: the disk's content changed")
    disk.unlink()
    refused("worker.raw")
    specs.make_disk()
    (specs.folder / "extenci.yaml").write_text("stack: another\n")
    aside = here.folder.rename(here.folder.with_name("aside"))
    refused("The specs of the plan (stack shared) are not here")
    aside.rename(here.folder)
    (specs.folder / "extenci.yaml").write_text("stack: shared\n")
    assert here.run("apply", "specs", "--target", "campus/worker", "-y").returncode == 0
    refused("stage campus/worker: not needed any more")


def test_an_older_plan_file_is_refused(repository: Repository) -> None:
    repository.run("plan", "--out", "a.plan")
    plan = repository.folder / "a.plan"
    plan.write_text(plan.read_text().replace('"format_version": 3', '"format_version": 2'))
    assert "written by an older extenci" in repository.run("apply", "a.plan", "-y").stderr
