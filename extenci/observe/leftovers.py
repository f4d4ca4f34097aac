"""What interrupted runs may have left beside resources, read from the services, the journal and the home."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from extenci.catalog.disks.block_lists import UNFINISHED
from extenci.catalog.home import Home
from extenci.catalog.journal.journal import Journal, MadeKeyPair
from extenci.image.cache import PARTIAL
from extenci.image.sources import disks_folder, downloads_folder
from extenci.model.address import Address
from extenci.model.desired import Desired
from extenci.model.errors import AccessRefused, NotFound
from extenci.model.imports import ImportState
from extenci.model.leftovers import Leftovers, Uploaded
from extenci.model.s3 import StoredObject
from extenci.model.verification import KEY_PAIR_PREFIX

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients

BUNDLED = re.compile(r"(.+)\.(?:part\.[0-9]{2,}|manifest\.xml)")
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


def read_leftovers(
    desired: Desired,
    clients: Mapping[str, Clients],
    journal: Journal,
    home: Home,
    queues: frozenset[str] = frozenset(),
    clock: Callable[[], float] = time.time,
) -> Leftovers:
    """What may be left of the stack on the services that are looked at, and in this home. The lock must be
    held, so that no run of this home is at work; `queues` are the services whose HTCondor is asked.

    ServiceError and its kinds; CatalogError.
    """
    known, now = journal.key_pairs(), clock()
    made = {
        one.name: address
        for one in known
        if one.stack == desired.stack and one.is_over and (address := address_of(one)) is not None
    }
    return Leftovers(
        key_pairs={name: service.ec2.key_pairs(KEY_PAIR_PREFIX) for name, service in sorted(clients.items())},
        made=made,
        key_files=dict(stray_keys(home.keys_folder, known, frozenset(clients), desired.stack, now)),
        job_files=tuple(stray_jobs(home.jobs_folder, desired, clients, queues, now)),
        cache_files=tuple(stray_cached(home.cache_folder, now)),
        upload_files=tuple(stray_uploads(home, now)),
        uploaded={
            name: found
            for name, service in sorted(clients.items())
            if (found := read_uploaded(desired.stack, service, journal.uploaded(desired.stack, name)))
        },
    )


def read_uploaded(stack: str, clients: Clients, begun: Mapping[str, float]) -> Uploaded | None:
    """What lies in S3 of a stack's disks. None where there is no bucket, or these credentials may not look
    into it and nothing was uploaded from here.

    Only keys of disks and of bundles are looked at. Bundles stay as long as their images.
    """
    bucket = clients.service.bucket
    if bucket is None:
        return None
    prefix = f"extenci/{stack}/{clients.service.name}/"
    try:
        listed = tuple(clients.s3.list_objects(bucket, prefix))
        uploads = tuple(one for one in clients.s3.multipart_uploads(bucket, prefix) if is_disk(one.key))
    except (AccessRefused, NotFound):
        if begun:
            raise
        return None
    objects, bundled = tuple(one for one in listed if is_disk(one.key)), tuple(of_bundles(listed))
    tasks = clients.imports.tasks() if objects or uploads else ()
    active = (task for task in tasks if task.state is ImportState.ACTIVE and task.bucket == bucket)
    manifests = {image.manifest for image in clients.ec2.images()} if bundled else set()
    used = (one.key for one in bundled if f"{bucket}/{bundle_of(one.key)}.manifest.xml" in manifests)
    busy = frozenset((*(task.key for task in active), *used))
    mine = {one.key: begun[bundle] for one in bundled if (bundle := bundle_of(one.key)) in begun}
    return Uploaded(bucket, (*objects, *bundled), uploads, {**begun, **mine}, busy)


def of_bundles(objects: Iterable[StoredObject]) -> Iterator[StoredObject]:
    """The objects of bundles, each as old as the newest of its bundle: one may be uploaded for long."""
    found = [one for one in objects if bundle_of(one.key)]
    newest: dict[str, float] = {}
    for one in found:
        bundle = bundle_of(one.key)
        newest[bundle] = max(one.modified, newest.get(bundle, one.modified))
    return (replace(one, modified=newest[bundle_of(one.key)]) for one in found)


def bundle_of(key: str) -> str:
    """What the keys of a bundle begin with; "" for a key that is of none."""
    found = BUNDLED.fullmatch(key)
    return found[1] if found else ""


def is_disk(key: str) -> bool:
    """Whether a key is that of a disk to be imported, or of zeros for one."""
    return key.endswith((".raw", ".raw.zeros"))


def address_of(made: MadeKeyPair) -> Address | None:
    """The address of the change that a key pair was made for (`verify SERVICE/NAME`)."""
    with suppress(ValueError):
        return Address.parse(made.change.partition(" ")[2])
    return None


def stray_keys(
    folder: Path, known: Iterable[MadeKeyPair], services: frozenset[str], stack: str, now: float
) -> Iterator[tuple[str, str]]:
    """Files of private keys by name, without those whose key pair may be where nobody looks now."""
    journalled = {one.name: one for one in known}
    for file in files_in(folder):
        made = journalled.get(file.name)
        if made is None:
            is_stray = is_forgotten(file, now)
        else:
            is_seen = made.stack == stack and made.service in services and made.is_over
            is_stray = is_seen or not made.is_there
        if is_stray:
            yield file.name, str(file)


def stray_jobs(
    folder: Path, desired: Desired, clients: Mapping[str, Clients], queues: frozenset[str], now: float
) -> Iterator[str]:
    """User data that no spec asks for, no job in a queue names, and nobody has written for long; and what is
    left of writing some."""
    wished = set(desired_user_data(desired))
    old = [one for one in files_in(folder) if one.name not in wished and is_forgotten(one, now)]
    if old:
        named = {path for name in sorted(queues) for path in clients[name].condor.user_data_files()}
        yield from (str(file) for file in old if str(file) not in named)


def stray_cached(cache: Path, now: float) -> Iterator[str]:
    """Converted and downloaded disks that were not used for long. What a killed conversion left cannot be
    gone on with, and one at work writes; a download can be gone on with."""
    disks = disks_folder(cache)
    for file in (*files_in(disks), *files_in(downloads_folder(cache))):
        with suppress(FileNotFoundError):  # a plan, which takes no lock, may be at work
            status, is_part = file.stat(), file.name.endswith(PARTIAL)
            used = status.st_mtime if is_part else status.st_atime
            if used < now - (ABANDONED_SECONDS if is_part and file.parent == disks else KEPT_SECONDS):
                yield str(file)


def stray_uploads(home: Home, now: float) -> Iterator[str]:
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
