"""The loop of GitOps, by the installed command."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path

import pytest

from tests.repositories import git, push
from tests.system.gitops.conftest import Team

METRIC = re.compile(r'extenci_reconcile_[a-z_]+\{root="[^"]*",stack="specs"[^}]*\} -?[0-9.]+')


def until(holds: object, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.1)


def test_each_pass_takes_the_newest_commit_and_mends_drift(team: Team) -> None:
    first = team.run("reconcile", "specs")
    assert (first.returncode, len(team.running())) == (0, 2), first.stderr
    commit = git(team.clone, "rev-parse", "HEAD")[:12]
    assert f"stack specs at main {commit}: 1 image staged, 2 machines launched.\n" in first.stdout
    team.change("count: 2", "count: 3")
    (team.clone / "sandbox.yaml").write_text("nonsense\n")  # what is not committed does not count
    found = team.run("reconcile", "specs", "--once", "--detect")
    assert (found.returncode, len(team.running())) == (2, 2)
    assert found.stdout.endswith(": pending: 1 machine to launch.\n")
    assert team.run("reconcile", "specs").returncode == 0
    assert len(team.running()) == 3
    assert (team.clone / "sandbox.yaml").read_text() == "nonsense\n"
    git(team.clone, "checkout", "-q", ".")
    team.cloud.unjournalled.ec2.terminate([min(team.running())])
    mended = team.run("reconcile", "specs", "--metrics", "metrics.prom", "--format", "json")
    assert len(team.running()) == 3
    (line,) = mended.stdout.splitlines()
    document = json.loads(line)
    assert (document["status"], document["ok"], document["branch"]) == ("applied", True, "main")
    lines = (team.folder / "metrics.prom").read_text().splitlines()
    assert all(METRIC.fullmatch(one) for one in lines if not one.startswith("#"))
    assert any(re.fullmatch(r"extenci_reconcile_ok\{.*\} 1", one) for one in lines)
    assert (team.folder / "metrics.prom").stat().st_mode & 0o777 == 0o644
    status = team.run("status", "specs").stdout
    assert re.search(r"Reconciled \S+ \S+ UTC at main [0-9a-f]{12}:\n  \S", status)
    assert (
        json.loads(team.run("status", "specs", "--format", "json").stdout)["last_pass"]["status"] == "applied"
    )


def test_what_needs_a_person_is_left_and_the_rest_is_done(team: Team) -> None:
    assert team.run("reconcile", "specs").returncode == 0
    team.change("count: 2", "count: 12")
    assert team.run("reconcile", "specs").returncode == 0
    team.change("count: 12", "count: 2")
    left = team.run("reconcile", "specs")
    assert left.returncode == 1
    assert "Left for a person:" in left.stdout
    assert "--force" in left.stdout
    assert left.stdout.endswith(": 1 past a limit.\n")
    assert len(team.running()) == 12
    team.change("    keep: 1", "    keep: 1\n    verify: {type: t3.micro, confirm: true}")
    team.change("count: 2", "count: 12")
    waits = team.run("reconcile", "specs")
    assert waits.returncode == 3, waits.stdout
    assert "extenci confirm sandbox/hello --yes" in " ".join(waits.stdout.split())


def test_what_is_wrong_is_told_and_the_last_state_stays(team: Team) -> None:
    assert team.run("reconcile", "specs").returncode == 0
    team.change("count: 2", "count: many")
    wrong = team.run("reconcile", "specs")
    assert (wrong.returncode, len(team.running())) == (1, 2)
    assert "Not done:" in wrong.stdout
    assert "sandbox.yaml:" in wrong.stdout
    (team.remote / "HEAD").unlink()
    gone = team.run("reconcile", "specs", "--metrics", "metrics.prom")
    assert gone.returncode == 1
    assert "`git fetch` failed" in gone.stdout
    assert " 0\n" in (team.folder / "metrics.prom").read_text()


def test_the_loop_follows_commits_alone_and_ends_at_sigterm(team: Team, tmp_path: Path) -> None:
    errors = (tmp_path / "errors").open("w")
    with team.start("reconcile", "specs", "--interval", "1s", stderr=errors) as loop:
        until(lambda: len(team.running()) == 2 if (team.home / "sandbox").exists() else False)
        second = team.run("reconcile", "specs")
        assert second.returncode == 1
        assert "is being reconciled by" in second.stderr
        team.change("count: 2", "count: 3")
        until(lambda: len(team.running()) == 3)
        loop.send_signal(signal.SIGTERM)
        began = time.monotonic()
        output, _ = loop.communicate(timeout=60)
        assert loop.returncode == 0
        assert time.monotonic() - began < 30  # seconds, on a machine that is busy with tests
    errors.close()
    assert "machines launched." in output
    assert team.run("reconcile", "specs").returncode == 0


def test_a_folder_outside_of_git_is_taken_as_it_is(team: Team) -> None:
    plain = team.folder / "plain"
    assert team.run("init", "plain").returncode == 0
    done = team.run("reconcile", "plain")
    assert done.returncode == 0, done.stderr
    assert re.search(r"UTC: stack plain: 1 image staged, 2 machines launched\.\n$", done.stdout)
    assert plain.is_dir()


def test_another_branch_is_followed_by_name(team: Team) -> None:
    git(team.clone, "checkout", "-q", "-b", "production")
    (team.clone / "sandbox.yaml").write_text((team.clone / "sandbox.yaml").read_text().replace("2\n", "1\n"))
    push(team.clone, branch="production")
    git(team.clone, "checkout", "-q", "main")
    done = team.run("reconcile", "specs", "--branch", "production", "--detect")
    assert " at production " in done.stdout
    missing = team.run("reconcile", "specs", "--branch", "nothing")
    assert (missing.returncode, "failed" in missing.stdout) == (1, True)


@pytest.mark.parametrize(
    "words", [("--once", "--interval", "1m"), ("--interval", "0s"), ("--metrics", "no/such/folder/x.prom")]
)
def test_what_makes_no_sense_is_refused_before_anything_is_done(team: Team, words: tuple[str, ...]) -> None:
    done = team.run("reconcile", "specs", *words)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert not (team.home / "reconcile").exists()
