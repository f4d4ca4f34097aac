"""The names that can be completed in a shell: addresses and services.

They are read from the specs at the time, also from specs that have mistakes, and kept as long as no file
changes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from extenci.catalog.completion import FileNames, KeptNames, keep_names, read_names, state_of
from extenci.catalog.home import Home
from extenci.model.errors import ExtenciError

if TYPE_CHECKING:
    from extenci.spec.root import Root

MOST_SECONDS = 1.0
"""Of reading specs. What was not read until then is read when words are completed again."""

MOST_FOLDERS = 2000


@dataclass(frozen=True)
class SpecNames:
    """The names in the specs of a root: services, and the addresses (SERVICE/NAME) of images and groups."""

    services: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


def spec_names(paths: Sequence[Path] = (), *, home: Home | None = None) -> SpecNames:
    """The names in the specs of the root of `paths`, sorted; none where there is no root."""
    home = home or Home.find()
    keys = sorted({os.path.realpath(path) for path in paths or [Path()]})
    kept = read_names(home, keys)
    if not kept.is_current:
        try:
            kept = _read([Path(key) for key in keys], kept)
        except (ExtenciError, OSError):
            return SpecNames()
        keep_names(home, keys, kept)
    return _sorted(kept)


def service_names(paths: Sequence[Path] = (), *, home: Home | None = None) -> tuple[str, ...]:
    """The names of all services that can be named: this user's, those of the specs, and the sandbox."""
    from extenci.catalog.services.files import service_files  # noqa: PLC0415 - addresses do not need them

    home = home or Home.find()
    known = {"sandbox", *spec_names(paths, home=home).services}
    with suppress(ExtenciError):
        known |= set(service_files(home))
    return tuple(sorted(known))


def _sorted(kept: KeptNames) -> SpecNames:
    services: set[str] = set()
    images: set[str] = set()
    groups: set[str] = set()
    for one in kept.files.values():
        services.update(one.services)
        images.update(f"{service}/{name}" for service in one.services for name in one.images)
        groups.update(f"{service}/{name}" for service in one.services for name in one.groups)
    return SpecNames(tuple(sorted(services)), tuple(sorted(images)), tuple(sorted(groups)))


def _read(paths: list[Path], kept: KeptNames) -> KeptNames:
    """Read the specs anew, but for files that are as they were. ExtenciError where there are none."""
    from extenci.spec.files.recognition import find_candidates  # noqa: PLC0415 - only where files changed
    from extenci.spec.files.root_files import list_files  # noqa: PLC0415
    from extenci.spec.root import find_common_root, read_root  # noqa: PLC0415

    begun = time.monotonic()
    root = read_root(find_common_root(paths))
    listed = list_files(root)
    seen = {str(path): state_of(path) for path in _surroundings(root)}
    # The name of a service is read as that of a file would be, and each file of services/ is a service.
    files = {str(path): FileNames(state_of(path), (path.stem,)) for path in listed.services}
    for spec in find_candidates(listed.yaml, ()):
        path, state = str(spec), state_of(spec)
        before = kept.files.get(path)
        if before is not None and before.state == state:
            files[path] = before
        elif time.monotonic() - begun < MOST_SECONDS:
            files[path] = _read_file(spec)
        else:
            return KeptNames(files, seen, is_whole=False)
    return KeptNames(files, seen, is_whole=True)


def _read_file(path: Path) -> FileNames:
    from extenci.model.address import Kind  # noqa: PLC0415
    from extenci.spec.spec_file import read_spec_file  # noqa: PLC0415
    from extenci.spec.yaml.load import load_document  # noqa: PLC0415

    state = state_of(path)
    document = read_spec_file(load_document(path))
    names = {kind: tuple(one.name for one in document.entries if one.kind is kind) for kind in Kind}
    services = tuple(named.name for named in document.services)
    return FileNames(state, services, names[Kind.IMAGE], names[Kind.INSTANCES])


def _surroundings(root: Root) -> Iterator[Path]:
    """What tells which files are specs: the settings of the root, and all of its folders."""
    from extenci.spec.root import SETTINGS_FILE  # noqa: PLC0415

    for folder in (root.folder, *root.folder.parents):
        yield folder / SETTINGS_FILE
    for count, (folder_name, below, _) in enumerate(os.walk(root.folder)):
        below[:] = sorted(name for name in below if not name.startswith("."))
        yield Path(folder_name)
        if count >= MOST_FOLDERS:
            return
