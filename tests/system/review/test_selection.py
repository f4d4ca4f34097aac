"""--target and --exclude as they are typed."""

from __future__ import annotations

import subprocess

from tests.system.review.conftest import SPEC, Repository


def said(done: subprocess.CompletedProcess[str]) -> str:
    """The result on one line."""
    return " ".join(done.stdout.split())


def test_what_matches_nothing_is_an_error_that_names_what_was_meant(repository: Repository) -> None:
    for command in (["plan"], ["apply", "-y"], ["destroy", "-y"], ["plan", "--destroy"]):
        for option in ("--target", "--exclude"):
            done = repository.run(*command, option, "sandbox/pol")
            assert (done.returncode, done.stdout) == (1, ""), command
            assert "sandbox/pol matches nothing" in done.stderr
            assert "Did you mean sandbox/pool?" in done.stderr
    verified = repository.run("verify", "sandbox/wroker")
    assert verified.returncode == 1
    assert "Did you mean sandbox/worker?" in verified.stderr
    bare = repository.run("plan", "--target", "pool")
    assert "Write SERVICE/NAME, such as sandbox/pool." in bare.stderr


def test_what_the_specs_no_longer_have_can_be_selected_while_it_is_owned(repository: Repository) -> None:
    assert repository.run("apply", "-y").returncode == 0
    repository.write(SPEC.partition("instances:")[0])
    kept = repository.run("plan", "--exclude", "sandbox/pool")
    assert kept.stdout.startswith("Nothing to do: what is selected on sandbox matches the specs.")
    done = repository.run("apply", "-y", "--target", "sandbox/pool")
    assert "2 machines terminated" in done.stdout
    gone = repository.run("apply", "-y", "--target", "sandbox/pool")
    assert gone.returncode == 1
    assert "matches nothing" in gone.stderr


def test_what_depends_on_the_excluded_is_left_out_and_told(repository: Repository) -> None:
    done = repository.run("apply", "-y", "--exclude", "sandbox/worker")
    assert (done.returncode, repository.running()) == (0, set())
    assert "sandbox/pool is left out, too: it is launched from sandbox/worker" in " ".join(
        done.stdout.split()
    )
    assert repository.run("apply", "-y").returncode == 0

    repository.make_disk(size=128 << 20)
    repository.write(SPEC.replace("worker.raw}", "worker.raw, size: 2}").replace("count: 2", "count: 3"))
    before = repository.running()
    grown = repository.run("apply", "-y", "--exclude", "sandbox/worker")
    assert grown.returncode == 0
    assert before < repository.running()
    assert len(repository.cloud.ec2.images()) == 1


def test_destroy_leaves_the_excluded_and_what_it_needs(repository: Repository) -> None:
    assert repository.run("apply", "-y").returncode == 0
    done = repository.run("destroy", "-y", "--exclude", "sandbox/pool")
    assert done.returncode == 0
    assert "sandbox/worker is left out, too" in said(done)
    assert len(repository.running()) == 2
    assert repository.run("destroy", "-y", "--exclude", "sandbox/worker").returncode == 0
    assert not repository.running()
    assert len(repository.cloud.ec2.images()) == 1
