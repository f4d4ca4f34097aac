"""Spec roots: which folder a path belongs to, its settings, and which files it holds."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from extenci.model.errors import UsageError
from extenci.spec.validation.faults import validate
from extenci.spec.validation.fields import ONE_LINE, Name
from extenci.spec.validation.strict import Strict
from extenci.spec.validation.wording import shown
from extenci.spec.yaml.document import Document, Fault, Mark
from extenci.spec.yaml.load import SUFFIXES, load_document

SETTINGS_FILE = "extenci.yaml"
MISNAMED = "extenci.yml"
SERVICES_FOLDER = "services"
MOST_FILES = 2000
MOST_ENTRIES = 100_000
"""Files and folders below a root; one with more is taken for the wrong folder."""


Pattern = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=ONE_LINE)]


class RootFile(Strict):
    """`extenci.yaml`: the name and the settings of a repository of specs."""

    format: Annotated[int, Field(ge=1, le=1)] = Field(default=1, description="Version of the file formats.")
    stack: Name | None = Field(default=None, description="The stack that owns everything made from here.")
    ignore: Annotated[list[Pattern], Field(max_length=100)] = Field(
        default_factory=list,
        description="YAML files that are not specs: names, paths or folders, with * and ?.",
    )


@dataclass(frozen=True)
class Root:
    """A root's absolute folder, its settings file (None where there is none) and its settings."""

    folder: Path
    settings: Document | None
    stack: str | None
    ignore: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class RootFiles:
    """The spec files and service files of a root, and what is wrong with the folder itself."""

    specs: tuple[Path, ...]
    services: tuple[Path, ...]
    faults: tuple[tuple[Path, str], ...] = ()


def find_root(path: Path) -> Path:
    """The nearest folder at or above a path that has an extenci.yaml, else the path's own folder.

    UsageError where the path does not exist.
    """
    real = resolve_path(path)
    folder = real if real.is_dir() else real.parent
    return next((f for f in (folder, *folder.parents) if os.path.lexists(f / SETTINGS_FILE)), folder)


def resolve_path(path: Path) -> Path:
    """The path with all links followed. UsageError where nothing is there."""
    try:
        real = Path(os.path.realpath(path))
        real.stat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a path"
        raise UsageError(
            f"{shown(path)} cannot be used: {reason}.", "Name a folder of specs, or a file in one."
        ) from None
    return real


def find_common_root(paths: Sequence[Path]) -> Path:
    """The root that all paths share; UsageError where they do not."""
    roots = sorted({find_root(path) for path in paths})
    if len(roots) > 1:
        names = ", ".join(shown(root) for root in roots)
        raise UsageError(
            f"The paths belong to different spec roots: {names}.",
            "Each root is a stack of its own; name paths of one at a time.",
        )
    return roots[0]


def read_root(folder: Path) -> Root:
    """A root's settings."""
    path = folder / SETTINGS_FILE
    if not os.path.lexists(path):
        return Root(folder, None, None)
    if not Path(os.path.realpath(path)).is_relative_to(folder):
        fault = Fault(Mark(), "is a link that leads out of the spec root; copy the file")
        return Root(folder, Document(path, None), None, (), (fault,))
    document = load_document(path)
    settings, faults = validate(RootFile, document)
    if settings is None:
        return Root(folder, document, None, (), tuple(faults))
    return Root(folder, document, settings.stack, tuple(settings.ignore), tuple(faults))


def list_files(root: Root) -> RootFiles:
    """All spec and service files of a root, sorted. Links are followed to files inside the root only."""
    specs: dict[Path, None] = {}
    services: dict[Path, None] = {}
    faults: list[tuple[Path, str]] = []
    for path in _walk(root, faults):
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
        else:
            faults.append(
                (path, f"is in a subfolder of {SERVICES_FOLDER}/; move it up, into {SERVICES_FOLDER}/ itself")
            )
        if len(specs) + len(services) > MOST_FILES:
            raise UsageError(
                f"{shown(root.folder)} holds more than {MOST_FILES} YAML files, too many for a spec root.",
                "Name a folder of specs, or list files other than specs under 'ignore' in extenci.yaml.",
            )
    return RootFiles(tuple(sorted(specs)), tuple(sorted(services)), tuple(faults))


def _walk(root: Root, faults: list[tuple[Path, str]]) -> Iterator[Path]:
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
            faults.append((here, "is a spec root inside another one; move it out, or list it in 'ignore'"))
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not _is_ignored(here / name, root))
        yield from _pick(here, [*folders, *files], root)


def _pick(here: Path, names: Iterable[str], root: Root) -> Iterator[Path]:
    """Paths with the name of a YAML file. Folders are among them; reading one reports the mistake."""
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
