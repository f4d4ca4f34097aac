"""Git repositories of tests, with no configuration of this machine's."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

NOBODY = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
PERSON = ("-c", "user.name=ann", "-c", "user.email=ann@example.edu")
HARMLESS = ("core.hooksPath=/dev/null", "core.fsmonitor=")


def git(folder: Path, *words: str, settings: tuple[str, ...] = HARMLESS) -> str:
    """What git says in a folder; it must succeed."""
    command = ["git", "-C", str(folder), *PERSON, *(word for one in settings for word in ("-c", one)), *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | NOBODY)
    return done.stdout.strip()


def make_remote(folder: Path) -> Path:
    """A bare repository."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "--bare", "-b", "main")
    return folder


def make_clone(folder: Path, remote: Path) -> Path:
    """An empty clone that follows the remote's branch main."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "remote", "add", "origin", str(remote))
    return folder


def push(folder: Path, message: str = "change", branch: str = "main") -> str:
    """Commit everything and push it; the commit's hash."""
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    git(folder, "push", "-q", "origin", f"HEAD:{branch}")
    return git(folder, "rev-parse", "HEAD")
