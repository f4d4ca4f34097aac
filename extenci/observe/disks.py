"""Reading the disks that the specs name: once each, and only if they changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from extenci.catalog.disks.block_lists import BlockLists
from extenci.catalog.disks.digests import Digests
from extenci.image.content.check import check_content
from extenci.image.fingerprint import fingerprint, is_settled
from extenci.image.raw import read_open
from extenci.image.sources import Cache, open_source
from extenci.model.address import Address
from extenci.model.desired import Desired, DesiredImage
from extenci.model.errors import DiskError, Problem, SpecError
from extenci.model.version import Disk, is_url, shown_source
from extenci.observe.failures import Failures

Tell = Callable[[str], None]


def desired_images(desired: Desired) -> tuple[DesiredImage, ...]:
    """The images that a selection is about: selected ones, and those that selected groups start from."""
    covered = {spec.address for spec in desired.images if desired.selection.covers(spec.address)}
    for group in desired.instances:
        if isinstance(group.image, Address) and desired.selection.covers(group.address):
            covered.add(group.image)
    return tuple(spec for spec in desired.images if spec.address in covered)


@dataclass(frozen=True)
class Reader:
    """The means to read disks. `cache` gives a service's folder for converted and downloaded sources; the
    findings are kept in `digests` and `block_lists`. A service that a download failed for is noted in
    `failures`."""

    digests: Digests
    block_lists: BlockLists
    cache: Callable[[str], Cache]
    failures: Failures
    tell: Tell = lambda _text: None
    stop: Event | None = None
    clock: Callable[[], float] = time.time


def known_disks(images: Iterable[DesiredImage], digests: Digests) -> dict[Address, Disk]:
    """The disks of pinned images that are known without reading; the others are left out."""
    found = ((spec.address, known_disk(spec, digests)) for spec in images if spec.sha256)
    return {address: disk for address, disk in found if disk is not None}


def known_disk(spec: DesiredImage, digests: Digests) -> Disk | None:
    """A disk as it was read before, if it has not changed since, and its content is known or `raw`; None
    where it must be read."""
    if is_url(spec.source):
        return digests.pinned_disk(spec.sha256, recognised=not spec.raw) if spec.sha256 else None
    try:
        known = digests.cached_disk(spec.source, fingerprint(spec.source), recognised=not spec.raw)
    except DiskError:
        return None
    if known is None or spec.sha256 not in (None, known.sha256):
        return None
    return replace(known, sha256=spec.sha256)


def read_disks(
    images: Iterable[DesiredImage], reader: Reader, *, dispensable: Collection[Address] = ()
) -> dict[Address, Disk]:
    """Each image's disk, read where it must be; a pinned image whose file is missing is left out, as is one
    that is `dispensable`.

    SpecError has a problem for each disk that cannot be read or is none, at the line that names it;
    ServiceError and its kinds where nothing can be downloaded for any service.
    """
    disks: dict[Address, Disk] = {}
    problems: list[Problem] = []
    read: dict[tuple[str, str | None, bool], Disk] = {}
    for spec in images:
        if (spec.sha256 or spec.address in dispensable) and is_missing(spec.source):
            continue
        key = (spec.source, spec.sha256, spec.raw)
        try:
            with reader.failures.noting(spec.address.service):
                if key not in read:
                    read[key] = known_disk(spec, reader.digests) or _read(spec, reader)
                disks[spec.address] = read[key]
        except DiskError as error:
            problems.append(_problem(spec, error))
    if problems:
        raise SpecError(tuple(sorted(problems)))
    return disks


def is_missing(source: str) -> bool:
    """Whether a source is a path without a file. Where that cannot be told, reading it reports why."""
    try:
        if not is_url(source):
            Path(source).stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False


def _read(spec: DesiredImage, reader: Reader) -> Disk:
    before = None if is_url(spec.source) else fingerprint(spec.source)
    with open_source(spec.source, reader.cache(spec.address.service), sha256=spec.sha256) as source:
        recognised = check_content(source, meant=spec.raw)
        reader.tell(f"Reading {shown_source(spec.source)} …")
        with reader.block_lists.record() as writer:
            disk = read_open(source, sha256=spec.sha256, on_block=writer.add, stop=reader.stop)
            writer.keep(disk.digest)
    if before is None and spec.sha256 is not None:
        reader.digests.store_pinned(spec.sha256, disk, recognised=recognised)
    elif before is not None and fingerprint(spec.source) == before and is_settled(before, reader.clock()):
        reader.digests.store(spec.source, before, disk, recognised=recognised)
    return disk


def _problem(spec: DesiredImage, error: DiskError) -> Problem:
    origin = spec.origin
    return Problem(
        origin.file, origin.line, origin.column, " ".join(filter(None, (error.message, error.hint)))
    )


def changed_disks(
    desired: Desired, before: Mapping[Address, Disk], now: Mapping[Address, Disk]
) -> tuple[Address, ...]:
    """The addresses whose disk has changed. A pinned disk that was not read, since it is staged or its file
    is on another machine, has not."""
    pinned = {spec.address for spec in desired.images if spec.sha256}
    everywhere = before.keys() & now.keys()
    compared = everywhere | ((before.keys() | now.keys()) - pinned)
    return tuple(address for address in sorted(compared) if _digest(before, address) != _digest(now, address))


def _digest(disks: Mapping[Address, Disk], address: Address) -> str | None:
    disk = disks.get(address)
    return disk.digest if disk else None
