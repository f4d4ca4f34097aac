"""The git repository around a spec root."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from extenci.model.plan import Checkout
from extenci.observe.checkout import find_top, read_checkout


def git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-C", str(folder), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_the_commit_and_whether_files_of_the_root_differ(tmp_path: Path) -> None:
    root = tmp_path / "env" / "specs"
    root.mkdir(parents=True)
    assert read_checkout(root, tmp_path / "env") == Checkout(str(root), "specs")
    git(tmp_path, "init", "--quiet")
    assert read_checkout(root, tmp_path) == Checkout(str(root), "env/specs", "env/specs")
    (root / "a.yaml").write_text("service: sandbox\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "x")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert read_checkout(root, root) == Checkout(str(root), ".", "env/specs", commit)
    (tmp_path / "elsewhere").touch()
    assert not read_checkout(root, root).dirty
    (root / "b.yaml").touch()
    dirty = read_checkout(root, Path("/"))
    assert (dirty.dirty, dirty.below_folder) == (True, str(root)[1:])
    assert str(dirty) == f"commit {commit[:12]} with changes that are not committed"


def test_without_the_program_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "--quiet")
    assert find_top(tmp_path) == tmp_path
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_top(tmp_path) is None
    assert read_checkout(tmp_path, tmp_path) == Checkout(str(tmp_path), ".")


def test_a_monitor_that_a_repository_names_is_not_started(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    trace = tmp_path.parent / "started"
    program = tmp_path / "monitor"
    program.write_text(f"#!/bin/sh\ntouch {trace}\n")
    program.chmod(0o755)
    git(tmp_path, "config", "core.fsmonitor", str(program))
    assert read_checkout(tmp_path, tmp_path).dirty is True
    assert not trace.exists()
