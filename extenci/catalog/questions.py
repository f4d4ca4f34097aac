"""Runs whose command asks a person about a test VM.

The lock of the stack is free meanwhile, so that it does not tell whether the command is alive. Another lock
does, which the kernel releases when the command dies.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from extenci.catalog.home import Home
from extenci.catalog.lock import unusable

STALE_SECONDS = 86_400.0
"""The age from which the file of a command that died is removed."""


@contextmanager
def hold_question(home: Home, run: str) -> Iterator[None]:
    """Say that the command of a run is alive while the block runs. CatalogError where the file cannot be
    locked."""
    home.make(home.locks_folder)
    path = home.question(run)
    try:
        file = path.open("wb")
    except OSError as error:
        raise unusable(path, error) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            raise unusable(path, error) from error
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def asking_runs(home: Home) -> frozenset[str]:
    """The runs whose commands ask a person now, or will."""
    return frozenset(path.stem for path in home.locks_folder.glob(home.question("*").name) if is_held(path))


def is_held(path: Path) -> bool:
    """Whether a command holds the lock of a file. Where that cannot be told, it is taken to be held."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            if path.stat().st_mtime < time.time() - STALE_SECONDS:
                path.unlink(missing_ok=True)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
