"""The git repository that a spec root is in, as the `git` program tells of it, where both are there."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from extenci.model.plan import Checkout

SECONDS = 15
"""The longest that git may take. Large repositories on slow storage have their state left unknown."""


def read_checkout(root: Path, here: Path) -> Checkout:
    """Where a spec root is, seen from a folder and within its repository, and its commit."""
    top = find_top(root)
    return Checkout(
        root=str(root),
        below_folder=below(root, Path(os.path.realpath(here))),
        below_top=below(root, top) if top else "",
        commit=ask(root, "rev-parse", "--verify", "--quiet", "HEAD") if top else "",
        dirty=bool(top and ask(root, "status", "--porcelain", "--", ".")),
    )


def find_top(folder: Path) -> Path | None:
    """The top folder of the repository that a folder is in; None where it is in none, or there is no git."""
    found = ask(folder, "rev-parse", "--show-toplevel")
    return Path(os.path.realpath(found)) if found else None


def below(path: Path, folder: Path) -> str:
    """A path relative to a folder above it, `.` for the folder itself, "" where it is elsewhere."""
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else ""


def ask(folder: Path, *words: str) -> str:
    """The answer of git; "" where it has none. It changes nothing, and starts no program that the repository
    names as its monitor."""
    command = ["git", "-c", "core.fsmonitor=false", "-C", str(folder), *words]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            timeout=SECONDS,
            check=True,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return os.fsdecode(done.stdout).strip("\n")
