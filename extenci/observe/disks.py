"""The disks that the specs name, read once each, and not at all while they are unchanged."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from extenci.catalog.disks.block_lists import BlockLists
from extenci.catalog.disks.digests import Digests
from extenci.image.fingerprint import fingerprint, is_settled
from extenci.image.raw import read_open
from extenci.image.sources import Cache, open_source
from extenci.model.address import Address
from extenci.model.desired import ImageWish, Wishes
from extenci.model.errors import DiskError, Problem, SpecError
from extenci.model.source import is_url, shown_source
from extenci.model.version import Disk

Telling = Callable[[str], None]


def wished_images(wishes: Wishes) -> tuple[ImageWish, ...]:
    """The images that a selection is about: selected ones, and those that selected groups start from."""
    covered = {wish.address for wish in wishes.images if wishes.selection.covers(wish.address)}
    for group in wishes.instances:
        if isinstance(group.image, Address) and wishes.selection.covers(group.address):
            covered.add(group.image)
    return tuple(wish for wish in wishes.images if wish.address in covered)


@dataclass(frozen=True)
class Reader:
    """With what disks are read. `cache` tells where and how the sources of a service's images are converted
    and downloaded; what is read is written down in `digests` and `block_lists`."""

    digests: Digests
    block_lists: BlockLists
    cache: Callable[[str], Cache]
    tell: Telling = lambda _text: None
    stop: Event | None = None
    clock: Callable[[], float] = time.time


def known_disks(images: Iterable[ImageWish], digests: Digests) -> dict[Address, Disk]:
    """What is known of the disks of pinned images without reading anything; the others are left out."""
    found = ((wish.address, known_disk(wish, digests)) for wish in images if wish.sha256)
    return {address: disk for address, disk in found if disk is not None}


def known_disk(wish: ImageWish, digests: Digests) -> Disk | None:
    """What reading a source found that has not changed since, None where it is to be read."""
    if is_url(wish.source):
        return digests.pinned_disk(wish.sha256) if wish.sha256 else None
    try:
        known = digests.cached_disk(wish.source, fingerprint(wish.source))
    except DiskError:
        return None
    if known is None or wish.sha256 not in (None, known.sha256):
        return None
    return replace(known, sha256=wish.sha256)


def read_disks(images: Iterable[ImageWish], reader: Reader) -> dict[Address, Disk]:
    """What is known of each image's disk; a pinned image whose file is missing is left out.

    SpecError has a problem for each disk that cannot be read, at the place that names it; ServiceError and
    its kinds where one cannot be downloaded.
    """
    disks: dict[Address, Disk] = {}
    problems: list[Problem] = []
    read: dict[tuple[str, str | None], Disk] = {}
    for wish in images:
        if wish.sha256 and is_missing(wish.source):
            continue
        key = (wish.source, wish.sha256)
        try:
            if key not in read:
                read[key] = known_disk(wish, reader.digests) or _read(wish, reader)
            disks[wish.address] = read[key]
        except DiskError as error:
            problems.append(_problem(wish, error))
    if problems:
        raise SpecError(tuple(sorted(problems)))
    return disks


def is_missing(source: str) -> bool:
    """Whether a source is a path where nothing is. One that cannot be looked at is told by reading it."""
    try:
        if not is_url(source):
            Path(source).stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False


def _read(wish: ImageWish, reader: Reader) -> Disk:
    before = None if is_url(wish.source) else fingerprint(wish.source)
    with open_source(wish.source, reader.cache(wish.address.service), sha256=wish.sha256) as source:
        reader.tell(f"Reading {shown_source(wish.source)} …")
        with reader.block_lists.record() as writer:
            disk = read_open(source, sha256=wish.sha256, on_block=writer.add, stop=reader.stop)
            writer.keep(disk.digest)
    if before is None and wish.sha256 is not None:
        reader.digests.store_pinned(wish.sha256, disk)
    elif before is not None and fingerprint(wish.source) == before and is_settled(before, reader.clock()):
        reader.digests.store(wish.source, before, disk)
    return disk


def _problem(wish: ImageWish, error: DiskError) -> Problem:
    origin = wish.origin
    return Problem(
        origin.file, origin.line, origin.column, " ".join(filter(None, (error.message, error.hint)))
    )


def changed_disks(
    wishes: Wishes, before: Mapping[Address, Disk], now: Mapping[Address, Disk]
) -> tuple[Address, ...]:
    """Addresses whose disk is not what it was. A pinned one is what it was, too, where nobody had to read it
    (it is staged), or could (its file is on another machine)."""
    pinned = {wish.address for wish in wishes.images if wish.sha256}
    everywhere = before.keys() & now.keys()
    compared = everywhere | ((before.keys() | now.keys()) - pinned)
    return tuple(address for address in sorted(compared) if _digest(before, address) != _digest(now, address))


def _digest(disks: Mapping[Address, Disk], address: Address) -> str | None:
    disk = disks.get(address)
    return disk.digest if disk else None
