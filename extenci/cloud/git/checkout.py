"""A checkout of one's own of a branch's newest commit. Only the commit comes from elsewhere: no
configuration, hook or filter of the repository that it is fetched from."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from threading import Event

from extenci.cloud.git.origin import Origin
from extenci.cloud.git.program import run_git
from extenci.model.errors import GitError

FETCH_SECONDS = 600
CHECKOUT_SECONDS = 600
REF = "refs/extenci/newest"


def take_newest(origin: Origin, folder: Path, stop: Event) -> str:
    """Have a folder hold the newest commit of a branch and nothing else; return its hash. Nobody else may use
    the folder meanwhile. GitError, Interrupted."""
    if not (folder / ".git").is_dir():
        _begin(folder, stop)
    _remove_locks(folder / ".git")
    fetch = ("fetch", "--quiet", "--force", "--no-tags", "--no-recurse-submodules", "--depth=1")
    refspec = f"+refs/heads/{origin.branch}:{REF}"
    run_git(folder, *fetch, "--", origin.url, refspec, stop=stop, seconds=FETCH_SECONDS)
    try:
        return _check_out(folder, stop)
    except GitError:  # a killed one may have left anything
        _begin(folder, stop)
        run_git(folder, *fetch, "--", origin.url, refspec, stop=stop, seconds=FETCH_SECONDS)
        return _check_out(folder, stop)


def root_in(folder: Path, below: Path) -> Path:
    """The spec root in a checkout. GitError where the commit has none there, or a link that leads out."""
    root = folder / below
    real = Path(os.path.realpath(root))
    if not real.is_relative_to(os.path.realpath(folder)):
        raise GitError(f"The folder {below} of the newest commit is a link that leads out of the repository.")
    if not real.is_dir():
        raise GitError(
            f"The newest commit has no folder {below}.", "Name the folder that the specs are in by now."
        )
    return real


def _begin(folder: Path, stop: Event) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    run_git(folder, "init", "--quiet", "--template=", stop=stop, seconds=FETCH_SECONDS, alone=True)


def _check_out(folder: Path, stop: Event) -> str:
    for words in (
        ("checkout", "--quiet", "--force", "--detach", "--no-recurse-submodules", REF),
        ("clean", "--quiet", "-ffdx"),
    ):
        run_git(folder, *words, stop=stop, seconds=CHECKOUT_SECONDS, alone=True)
    return run_git(folder, "rev-parse", "--verify", REF, stop=stop, seconds=CHECKOUT_SECONDS, alone=True)


def _remove_locks(folder: Path) -> None:
    """Remove the lock files that a killed git has left."""
    for path in folder.rglob("*.lock"):
        with suppress(OSError):
            path.unlink()
