"""`extenci history` as it is typed, after real runs on the sandbox."""

from __future__ import annotations

import json
import subprocess

from tests.system.manage.conftest import Place

SPEC = """\
service: sandbox
images:
  worker: {source: worker.raw}
instances:
  pool: {image: worker, type: t3.micro, count: 2, user_data: "a password: hunter2"}
"""


def commit(place: Place) -> str:
    def git(*words: str) -> str:
        identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
        done = subprocess.run(
            ["git", *identity, *words],  # noqa: S607 - that of PATH
            cwd=place.specs,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "the lab")
    return git("rev-parse", "HEAD")


def test_what_was_applied_is_told_with_its_commit_and_its_calls(place: Place) -> None:
    assert "Nothing was changed yet" in place.done("history")
    place.disk("worker")
    (place.specs / "lab.yaml").write_text(SPEC)
    revision = commit(place)
    place.done("apply", "-y")
    (place.specs / "lab.yaml").write_text(SPEC.replace("count: 2", "count: 1"))
    place.done("apply", "-y")
    assert place.run("apply", "-y").returncode == 0  # has nothing to do, and is no run to tell of
    lines = place.done("history").splitlines()
    assert len(lines) == 3
    assert "1 terminated" in lines[1]
    assert f"{revision[:8]}+" in lines[1]
    assert "1 staged, 2 launched" in lines[2]
    newest, oldest = json.loads(place.done("history", "--format", "json"))["runs"]
    assert (newest["dirty"], oldest["dirty"], oldest["commit"]) == (True, False, revision)
    assert oldest["outcome"] == "done"
    detail = place.done("history", oldest["id"][:8])
    assert "RunInstances" in detail
    assert "launch sandbox/pool" in detail
    assert "hunter2" not in detail
    run = json.loads(place.done("history", oldest["id"], "--format", "json"))["run"]
    (launch,) = [one for one in run["calls"] if one["call"] == "RunInstances"]
    assert len(launch["made"]) == 2
    unknown = place.run("history", "0000")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert place.run("destroy", "-y").returncode == 0
