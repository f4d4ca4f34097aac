"""The spec and service files of a root."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from extenci.model.errors import UsageError
from extenci.spec.root import SERVICES_FOLDER, SETTINGS_FILE, Root
from extenci.spec.words import shown
from extenci.spec.yaml.load import SUFFIXES

MISNAMED = "extenci.yml"
MOST_FILES = 20_000
MOST_ENTRIES = 100_000
"""Files and folders below a root; one with more is taken for the wrong folder."""


@dataclass(frozen=True)
class RootFiles:
    """A root's service files, its other YAML files, and what is wrong with the folder itself. `roots` are
    those below a folder that is no root itself."""

    yaml: tuple[Path, ...]
    services: tuple[Path, ...]
    faults: tuple[tuple[Path, str], ...] = ()
    roots: tuple[Path, ...] = ()


def list_files(root: Root) -> RootFiles:
    """All YAML files of a root, sorted. Links are followed to files inside the root only."""
    specs: dict[Path, None] = {}
    services: dict[Path, None] = {}
    faults: list[tuple[Path, str]] = []
    roots: list[Path] = []
    for path in _walk(root, faults, roots):
        real = Path(os.path.realpath(path))
        if path == root.folder / MISNAMED:
            faults.append((path, f"must be called {SETTINGS_FILE}"))
        elif not real.is_relative_to(root.folder):
            faults.append(
                (path, "is a link that leads out of the spec root; copy the file, or list it in 'ignore'")
            )
        elif path.relative_to(root.folder).parts[0] != SERVICES_FOLDER:
            specs[real] = None
        elif path.parent.parent == root.folder:
            services[path] = None
        elif root.settings is not None:
            faults.append(
                (path, f"is in a subfolder of {SERVICES_FOLDER}/; move it up, into {SERVICES_FOLDER}/ itself")
            )
        if len(specs) + len(services) > MOST_FILES:
            raise UsageError(
                f"{shown(root.folder)} holds more than {MOST_FILES:,} YAML files, too many for a spec root.",
                "Name a folder of specs, or list files other than specs under 'ignore' in extenci.yaml.",
            )
    return RootFiles(tuple(sorted(specs)), tuple(sorted(services)), tuple(faults), tuple(roots))


def _walk(root: Root, faults: list[tuple[Path, str]], roots: list[Path]) -> Iterator[Path]:
    looked_at = 0

    def note(error: OSError) -> None:
        faults.append((Path(error.filename), f"cannot be read: {error.strerror}"))

    for folder, folders, files in os.walk(root.folder, onerror=note):
        here = Path(folder)
        looked_at += len(folders) + len(files)
        if looked_at > MOST_ENTRIES:
            raise UsageError(
                f"{shown(root.folder)} holds more than {MOST_ENTRIES:,} files, too many for a spec root.",
                "Name a folder of specs, or a file in one.",
            )
        if here != root.folder and SETTINGS_FILE in files:
            if root.settings is None:
                roots.append(here)
            else:
                faults.append(
                    (here, "is a spec root inside another one; move it out, or list it in 'ignore'")
                )
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not _is_ignored(here / name, root))
        yield from _pick(here, files, root)


def _pick(here: Path, names: Iterable[str], root: Root) -> Iterator[Path]:
    """Paths with the name of a YAML file."""
    for name in sorted(names):
        path = here / name
        if name.endswith(SUFFIXES) and path != root.folder / SETTINGS_FILE and not _is_ignored(path, root):
            yield path


def _is_ignored(path: Path, root: Root) -> bool:
    if path.name.startswith("."):
        return True
    relative = path.relative_to(root.folder).as_posix()
    return any(
        fnmatch.fnmatchcase(relative if "/" in pattern.rstrip("/") else path.name, pattern.rstrip("/"))
        for pattern in root.ignore
    )
