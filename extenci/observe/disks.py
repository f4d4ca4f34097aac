"""The disks that the specs name, read once each, and not at all while they are unchanged."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Event

from extenci.catalog.block_lists import BlockLists
from extenci.catalog.digests import Digests
from extenci.image.fingerprint import fingerprint, is_settled
from extenci.image.raw import read_disk
from extenci.model.errors import DiskError, Problem, SpecError
from extenci.model.versions import Disk
from extenci.model.wishes import ImageWish, Wishes
from extenci.model.words import Address

Telling = Callable[[str], None]


def wished_images(wishes: Wishes) -> tuple[ImageWish, ...]:
    """The images that a selection is about: selected ones, and those that selected groups start from."""
    covered = {wish.address for wish in wishes.images if wishes.selection.covers(wish.address)}
    for group in wishes.instances:
        if isinstance(group.image, Address) and wishes.selection.covers(group.address):
            covered.add(group.image)
    return tuple(wish for wish in wishes.images if wish.address in covered)


def read_disks(
    images: Iterable[ImageWish],
    digests: Digests,
    *,
    block_lists: BlockLists | None = None,
    tell: Telling = lambda _text: None,
    stop: Event | None = None,
    clock: Callable[[], float] = time.time,
) -> dict[Address, Disk]:
    """What is known of each image's disk; a pinned image whose file is missing is left out. What is read is
    written down in `block_lists`.

    SpecError has a problem for each disk that cannot be read, at the place that names it.
    """
    disks: dict[Address, Disk] = {}
    problems: list[Problem] = []
    read: dict[tuple[str, str | None], Disk] = {}
    for wish in images:
        if wish.sha256 and not Path(wish.source).exists():
            continue
        key = (wish.source, wish.sha256)
        try:
            if key not in read:
                read[key] = _read(wish, digests, block_lists or BlockLists(), tell, stop, clock)
            disks[wish.address] = read[key]
        except DiskError as error:
            problems.append(_problem(wish, error))
    if problems:
        raise SpecError(tuple(sorted(problems)))
    return disks


def _read(
    wish: ImageWish,
    digests: Digests,
    block_lists: BlockLists,
    tell: Telling,
    stop: Event | None,
    clock: Callable[[], float],
) -> Disk:
    before = fingerprint(wish.source)
    known = digests.cached_disk(wish.source, before)
    if known is not None and (wish.sha256 is None or known.sha256 == wish.sha256):
        return known if wish.sha256 else replace(known, sha256=None)
    tell(f"Reading {wish.source} …")
    with block_lists.record() as writer:
        disk = read_disk(wish.source, sha256=wish.sha256, on_block=writer.add, stop=stop)
        writer.keep(disk.digest)
    if fingerprint(wish.source) == before and is_settled(before, clock()):
        digests.store(wish.source, before, disk)
    return disk


def _problem(wish: ImageWish, error: DiskError) -> Problem:
    origin = wish.origin
    return Problem(
        origin.file, origin.line, origin.column, " ".join(filter(None, (error.message, error.hint)))
    )


def changed_disks(before: Mapping[Address, Disk], now: Mapping[Address, Disk]) -> tuple[Address, ...]:
    """Addresses whose disk is not what it was."""
    return tuple(
        address
        for address in sorted({*before, *now})
        if (before[address].digest if address in before else None)
        != (now[address].digest if address in now else None)
    )
