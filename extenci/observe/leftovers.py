"""Files of this home that interrupted runs may have left, or that nobody needs any more."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from extenci.catalog.disks.block_lists import UNFINISHED
from extenci.catalog.home import Home
from extenci.catalog.journal.key_pairs import MadeKeyPair
from extenci.image.cache import PARTIAL
from extenci.image.sources import disks_folder, downloads_folder
from extenci.model.desired import Desired

KEPT_SECONDS = 30 * 86_400.0
"""How long a file is kept of which nothing is known here: a job of another stack's may read it, or a machine
may be logged in to with it."""
ABANDONED_SECONDS = 86_400.0
"""After which a file in the making that was not written to is taken for left behind."""
GIVEN_UP_SECONDS = 4 * 86_400.0
"""After which a service has ended an upload into which no block came: three days at most (StartSnapshot,
`Timeout`)."""
LISTED_SECONDS = 400 * 86_400.0
"""How long the block list of a disk is kept after it was used, which is 80 MiB for 1 TiB: without it, the
next version of an image is sent as a whole."""


def unused_keys(
    folder: Path, known: Iterable[MadeKeyPair], services: frozenset[str], stack: str, now: float
) -> Iterator[tuple[str, str]]:
    """Files of private keys by name, without those whose key pair may be where nobody looks now."""
    journalled = {one.name: one for one in known}
    for file in files_in(folder):
        made = journalled.get(file.name)
        if made is None:
            is_left_behind = is_forgotten(file, now)
        else:
            is_seen = made.stack == stack and made.service in services and made.is_over
            is_left_behind = is_seen or not made.is_there
        if is_left_behind:
            yield file.name, str(file)


def unused_job_files(
    folder: Path, desired: Desired, in_use: Callable[[], frozenset[str]], now: float
) -> Iterator[str]:
    """User data that no spec asks for, no machine in the making needs (`in_use` tells their paths), and
    nobody has written for long; and partial files of some."""
    wished = set(desired_user_data(desired))
    old = [one for one in files_in(folder) if one.name not in wished and is_forgotten(one, now)]
    if old:
        named = in_use()
        yield from (str(file) for file in old if str(file) not in named)


def unused_cache(cache: Path, now: float) -> Iterator[str]:
    """Converted and downloaded disks that were not used for long. What a killed conversion left cannot be
    gone on with, and one at work writes; a download can be gone on with."""
    disks = disks_folder(cache)
    for file in (*files_in(disks), *files_in(downloads_folder(cache))):
        with suppress(FileNotFoundError):  # a plan, which takes no lock, may be at work
            status, is_part = file.stat(), file.name.endswith(PARTIAL)
            used = status.st_mtime if is_part else status.st_atime
            if used < now - (ABANDONED_SECONDS if is_part and file.parent == disks else KEPT_SECONDS):
                yield str(file)


def unused_upload_files(home: Home, now: float) -> Iterator[str]:
    """Notes on uploads that the service has given up by now, lists of disks of which nothing was staged for
    long, and what is left of writing some."""
    for note in files_in(home.uploads_folder):
        if is_older(note, now, GIVEN_UP_SECONDS):
            yield str(note)
    for blocks in files_in(home.blocks_folder):
        if is_older(blocks, now, ABANDONED_SECONDS if blocks.name.startswith(UNFINISHED) else LISTED_SECONDS):
            yield str(blocks)


def desired_user_data(desired: Desired) -> Iterator[str]:
    """The names of the files that the specs' user data lie in."""
    settings = [group.settings for group in desired.instances]
    settings += [image.verify.settings for image in desired.images if image.verify]
    for one in settings:
        if one.user_data:
            yield hashlib.sha256(base64.b64decode(one.user_data)).hexdigest()


def files_in(folder: Path) -> list[Path]:
    """The files of a folder, which need not exist."""
    try:
        return sorted(one for one in folder.iterdir() if one.is_file() and not one.is_symlink())
    except FileNotFoundError:
        return []


def is_forgotten(file: Path, now: float) -> bool:
    """Whether a file was written so long ago that nobody can be waiting for it."""
    return is_older(file, now, KEPT_SECONDS)


def is_older(file: Path, now: float, seconds: float) -> bool:
    """Whether a file was last written more than some seconds ago."""
    with suppress(FileNotFoundError):  # a plan, which takes no lock, may be at work
        return file.stat().st_mtime < now - seconds
    return False
