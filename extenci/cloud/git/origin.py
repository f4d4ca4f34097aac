"""Where the commits of a spec root come from: the remote that its repository follows."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from extenci.cloud.git.program import run_git
from extenci.model.errors import GitError

SECONDS = 15
DEFAULT_REMOTE = "origin"
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|[^/]+:|[A-Za-z0-9]+::")
"""A URL, `HOST:PATH` of ssh, or a transport (gitremote-helpers(7))."""


@dataclass(frozen=True)
class Origin:
    """A branch of a repository, by the URL or folder to fetch it from, and the spec root's path in it."""

    url: str
    branch: str
    below: Path


def find_origin(root: Path, branch: str | None, stop: Event) -> Origin | None:
    """The origin of a spec root; None where it is in no git repository. Without a branch, it is the one that
    is checked out there; without a remote, the repository itself. GitError, Interrupted."""
    top = next((one for one in (root, *root.parents) if os.path.lexists(one / ".git")), None)
    if top is None:
        if branch is not None:
            raise GitError(
                f"{root} is in no git repository, so it has no branch {branch}.",
                "Leave out --branch to take the folder as it is.",
            )
        return None
    branch = branch or _current_branch(top, stop)
    run_git(top, "check-ref-format", f"refs/heads/{branch}", stop=stop, seconds=SECONDS)
    remote = _ask(top, stop, "config", "--get", f"branch.{branch}.remote") or DEFAULT_REMOTE
    url = _ask(top, stop, "config", "--get", f"remote.{remote}.url") or str(top)
    if not _ELSEWHERE.match(url):
        url = os.path.realpath(top / url)
    return Origin(url, branch, root.relative_to(top))


def _current_branch(top: Path, stop: Event) -> str:
    try:
        return run_git(top, "symbolic-ref", "--short", "HEAD", stop=stop, seconds=SECONDS)
    except GitError as error:
        raise GitError(
            f"The branch to follow is not known: {error.message}", "Name it: --branch main."
        ) from error


def _ask(top: Path, stop: Event, *words: str) -> str:
    """The answer of git; "" where it has none."""
    try:
        return run_git(top, *words, stop=stop, seconds=SECONDS)
    except GitError:
        return ""
