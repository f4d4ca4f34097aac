"""The names in specs, kept for completion in a shell: reading them anew at each key would be felt.

They are kept together with the state of the files and folders that they were read from, and are used only as
long as all of these are as they were. Nothing here imports what reads specs.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from extenci.catalog.files import read_whole, write_whole
from extenci.catalog.home import Home
from extenci.model.errors import CatalogError

FORMAT = 1
MOST_BYTES = 4 << 20
MOST_ROOTS = 20

State = tuple[int, int, int] | None
"""Inode, size in bytes, and time of the last change in ns; None where nothing is there."""


@dataclass(frozen=True)
class FileNames:
    """What one spec file names."""

    state: State
    services: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class KeptNames:
    """The names in the spec files of a root by file, and the state of all else that tells which files these
    are. `is_whole`: no file was left out because time was up."""

    files: Mapping[str, FileNames] = field(default_factory=dict)
    seen: Mapping[str, State] = field(default_factory=dict)
    is_whole: bool = False

    @property
    def is_current(self) -> bool:
        """Whether all is still as it was."""
        states = {**self.seen, **{path: names.state for path, names in self.files.items()}}
        return self.is_whole and all(state_of(path) == state for path, state in states.items())


def state_of(path: str | Path) -> State:
    """The state of a file or folder."""
    try:
        found = os.stat(path)  # noqa: PTH116 - thousands of strings at each key
    except (OSError, ValueError):
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def read_names(home: Home, paths: Iterable[str]) -> KeptNames:
    """What was kept of the specs at these paths; nothing where it cannot be read."""
    try:
        kept = json.loads(read_whole(_file(home, paths), MOST_BYTES))
        if kept["format"] != FORMAT:
            return KeptNames()
        files = {path: _file_names(names) for path, names in kept["files"].items()}
        return KeptNames(files, {path: _state(one) for path, one in kept["seen"].items()}, kept["is_whole"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return KeptNames()


def keep_names(home: Home, paths: Iterable[str], names: KeptNames) -> None:
    """Keep the names, if this user has a home and it can be written to."""
    if not home.path.is_dir():
        return
    content = json.dumps({"format": FORMAT, **asdict(names)}).encode()
    with suppress(OSError, CatalogError):
        file = _file(home, paths)
        home.make(file.parent)
        write_whole(file, content)
        others = sorted(file.parent.iterdir(), key=lambda one: one.stat().st_mtime, reverse=True)
        for old in others[MOST_ROOTS:]:
            old.unlink()


def _file(home: Home, paths: Iterable[str]) -> Path:
    name = hashlib.sha256("\0".join(paths).encode(errors="surrogateescape")).hexdigest()[:32]
    return home.completion_folder / f"{name}.json"


def _file_names(kept: Mapping[str, Any]) -> FileNames:
    return FileNames(
        _state(kept["state"]), tuple(kept["services"]), tuple(kept["images"]), tuple(kept["groups"])
    )


def _state(kept: list[int] | None) -> State:
    return None if kept is None else (kept[0], kept[1], kept[2])
