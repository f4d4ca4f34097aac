"""Files of this home that interrupted runs left, or that are no longer needed."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from extenci.catalog.disks.block_lists import UNFINISHED
from extenci.catalog.home import Home
from extenci.catalog.journal.key_pairs import MadeKeyPair
from extenci.image.cache import PARTIAL
from extenci.image.sources import disks_folder, downloads_folder
from extenci.model.desired import Desired

KEPT_SECONDS = 30 * 86_400.0
"""How long a file is kept whose use is not known here: a job of another stack may read it, or somebody may
log in to a machine with it."""
ABANDONED_SECONDS = 86_400.0
"""After this time without a write, an unfinished file counts as left behind."""
GIVEN_UP_SECONDS = 4 * 86_400.0
"""After this time without a block, a service has ended an upload (StartSnapshot, `Timeout`: three days at
most)."""
LISTED_SECONDS = 400 * 86_400.0
"""How long the block list of a disk is kept after its last use (80 MiB for 1 TiB): without it, the next
version of an image is sent as a whole."""


def unused_keys(
    folder: Path, known: Iterable[MadeKeyPair], services: frozenset[str], stack: str, now: float
) -> Iterator[tuple[str, str]]:
    """Files of private keys by name, except those whose key pair may be on a service that is not read now."""
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


def unused_job_files(folder: Path, desired: Desired, in_use: Collection[str], now: float) -> Iterator[str]:
    """Files of user data that no spec asks for, that no machine in the making needs (`in_use`), and that were
    not written for long; and unfinished ones."""
    desired_files = set(desired_user_data(desired))
    for one in files_in(folder):
        if one.name not in desired_files and str(one) not in in_use and is_forgotten(one, now):
            yield str(one)


def unused_cache(cache: Path, now: float) -> Iterator[str]:
    """Converted and downloaded disks that were not used for long. An unfinished conversion cannot be resumed,
    so it goes once nobody writes to it; a download can."""
    disks = disks_folder(cache)
    for file in (*files_in(disks), *files_in(downloads_folder(cache))):
        with suppress(FileNotFoundError):  # a plan, which takes no lock, may be at work
            status, is_part = file.stat(), file.name.endswith(PARTIAL)
            used = status.st_mtime if is_part else status.st_atime
            if used < now - (ABANDONED_SECONDS if is_part and file.parent == disks else KEPT_SECONDS):
                yield str(file)


def unused_upload_files(home: Home, now: float) -> Iterator[str]:
    """Notes on uploads that the service has ended by now, block lists of disks that were not staged for long,
    and unfinished files of both."""
    for note in files_in(home.uploads_folder):
        if is_older(note, now, GIVEN_UP_SECONDS):
            yield str(note)
    for blocks in files_in(home.blocks_folder):
        if is_older(blocks, now, ABANDONED_SECONDS if blocks.name.startswith(UNFINISHED) else LISTED_SECONDS):
            yield str(blocks)


def desired_user_data(desired: Desired) -> Iterator[str]:
    """The names of the files with the specs' user data."""
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
    """Whether a file was last written more than `KEPT_SECONDS` ago."""
    return is_older(file, now, KEPT_SECONDS)


def is_older(file: Path, now: float, seconds: float) -> bool:
    """Whether a file was last written more than some seconds ago."""
    with suppress(FileNotFoundError):  # a plan, which takes no lock, may be at work
        return file.stat().st_mtime < now - seconds
    return False
