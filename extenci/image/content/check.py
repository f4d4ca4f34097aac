"""Judges whether a raw disk is one: known by its content, and as long as that says.

Only the first sectors and those that its tables name are read.
"""

from __future__ import annotations

from dataclasses import dataclass

from extenci.image.content.file_systems import (
    HEAD_BYTES,
    ZFS_BYTES,
    ZFS_OFFSET,
    FileSystem,
    find_file_system,
    find_iso,
    is_zfs,
)
from extenci.image.content.gpt import find_gpt
from extenci.image.content.mbr import Entry, has_signature, reaches, read_entries
from extenci.image.content.not_disks import is_text
from extenci.image.content.reach import Reach, farthest
from extenci.image.formats import Unusable, refusal
from extenci.image.problems import shown
from extenci.image.raw import RawDisk
from extenci.image.read_at import ReadAt, reader_of
from extenci.image.recognition import format_of_start
from extenci.model.errors import DiskError
from extenci.spec.words import quoted

_ISO_SLACK = 255 * 63 * 512
"""Bytes that partitions of an ISO image may reach past its end: isohybrid rounds them up to cylinders."""
_MEANT = (
    "If it is meant to be staged as it is, write `raw: true` beside its source (or give the command `--raw`)."
)
_UNKNOWN_HINT = f"Check whether this is the right file, and whether it was written completely. {_MEANT}"
_CUT_HINT = f"Check whether it was written, or downloaded, completely. {_MEANT}"
_GPT_HINT = f"Repair it (`sgdisk --verify` tells more), or make the disk again. {_MEANT}"
_ISO_HINT = f"Install from it onto a disk first: a machine needs a disk to boot from. {_MEANT}"


@dataclass(frozen=True)
class Fault:
    """Why a disk must not be staged unless that is meant: the end of a sentence, and what to do."""

    text: str
    hint: str


def check_content(disk: RawDisk, *, meant: bool) -> bool:
    """Whether the content of a disk is known to be one. DiskError if it is not, unless it is `meant` to be
    staged as it is; and in any case if it is known to be something else."""
    read = reader_of(disk.path, disk.descriptor)
    known = format_of_start(read)
    if known is not None and isinstance(known.way, Unusable):
        raise refusal(disk.path, known)
    fault = find_fault(read, disk.size)
    if fault is not None and not meant:
        raise DiskError(f"The disk {shown(disk.path)} {fault.text}.", fault.hint)
    return fault is None


def find_fault(read: ReadAt, size: int) -> Fault | None:
    """Why a disk of `size` bytes is not known to be a whole one; None if it is."""
    head = read(HEAD_BYTES, 0)
    boots, iso, system = has_signature(head), find_iso(head), find_file_system(head)
    if iso is not None and not boots:
        return Fault("is an ISO 9660 CD image, which does not boot as a disk", _ISO_HINT)
    entries = () if system is not None and system.begins_with_code else read_entries(head)
    is_protective = any(entry.is_protective for entry in entries)
    gpt = find_gpt(read, size) if is_protective or not boots else None
    if is_protective and gpt is None and iso is None:
        return _fault_without_gpt(entries, size)
    claims = [*(gpt.reaches() if gpt is not None else ()), *reaches(read, entries)]
    slack = _ISO_SLACK if iso is not None else 0
    if claims and farthest(claims).size > size + slack:
        return _cut(farthest(claims), size)
    if claims and iso is None:
        return None
    return _fault_without_table(read, iso or system, boots=boots, size=size)


def _fault_without_table(read: ReadAt, system: FileSystem | None, *, boots: bool, size: int) -> Fault | None:
    """The fault of a disk without partitions, by the file system that fills it."""
    if system is not None and system.size is not None and system.size > size:
        return _cut(Reach(system.size, system.name), size)
    if system is not None or boots or is_zfs(read(ZFS_BYTES, ZFS_OFFSET)):
        return None
    text = f"has no boot sector, partition table or file system that is known: {_look(read)}"
    return Fault(text, _UNKNOWN_HINT)


def _fault_without_gpt(entries: tuple[Entry, ...], size: int) -> Fault:
    """The fault of a disk whose MBR says that there is a GPT, where none with right checksums is found."""
    said = max(entry.end for entry in entries if entry.is_protective) * 512
    if size < said < 0xFFFFFFFF * 512:
        return _cut(Reach(said, "its partition table"), size)
    return Fault("has a damaged GPT (partition table): both copies have wrong checksums", _GPT_HINT)


def _cut(claim: Reach, size: int) -> Fault:
    return Fault(
        f"is cut off: {claim.holder} needs {claim.size:,} bytes, but the disk has {size:,}", _CUT_HINT
    )


def _look(read: ReadAt) -> str:
    """How a disk begins, in words that people know."""
    head = read(4096, 0)
    known = format_of_start(read)
    if not any(head):
        return "it begins with nothing but zeros"
    if head.startswith(b"LUKS\xba\xbe"):
        return "it begins with a LUKS header, since it is encrypted as a whole"
    if head[4086:4096] in (b"SWAPSPACE2", b"SWAP-SPACE"):
        return "it is swap space"
    if known is not None:
        return f"its content is {known.name}"
    if is_text(head):
        return f"it begins with the text {quoted(head.decode('utf-8', 'replace'), 24)}"
    return f"it begins with the bytes {head[:12].hex(' ')}"
