"""The blocks of a disk as they were planned: listed, read, and compared with what the disk holds now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from extenci.image.block_list import BlockList, Entry
from extenci.image.digest import ZERO_BLOCK, Digest
from extenci.image.problems import other_content, shown
from extenci.image.raw import Block, RawDisk
from extenci.model.errors import DiskError
from extenci.model.version import BLOCK_BYTES, GIB
from extenci.stage.context import StageContext, StageRequest


@contextmanager
def listed(disk: RawDisk, request: StageRequest, context: StageContext) -> Iterator[BlockList]:
    """The block list of the planned disk. Where none is known, the disk is read for it: DiskChanged where its
    content is another by now."""
    with context.block_lists.find(request.version.digest) as known:
        if known is not None:
            yield known
            return
    digest = Digest()
    with context.block_lists.record() as writer:
        for block in disk.blocks(context.stop):
            digest.add(block.index, block.sha256)
            writer.add(block.index, block.sha256)
        if digest.hexdigest() != request.version.digest:
            raise other_content(request.source)
        yield writer.keep(digest.hexdigest())


def read_block(disk: RawDisk, entry: Entry, request: StageRequest) -> Block:
    """A block that was planned. DiskChanged where the disk has another there by now."""
    if entry.is_zero:
        return zero_block(entry)
    return checked_block(disk.block(entry.index), entry, request)


def zero_block(entry: Entry) -> Block:
    """A block of zeros, which need not be read."""
    return Block(entry.index, ZERO_BLOCK, entry.sha256)


def checked_block(data: bytes, entry: Entry, request: StageRequest) -> Block:
    """Data read from the disk, as the planned block. DiskChanged where it differs from the plan."""
    if hashlib.sha256(data).digest() != entry.sha256:
        raise other_content(request.source)
    return Block(entry.index, data, entry.sha256)


def is_known(disk: RawDisk, request: StageRequest, context: StageContext) -> bool:
    """Whether the planned blocks' checksums were made from this very file, by its fingerprint."""
    return context.digest_of(request.source, disk.fingerprint) == request.version.digest


def check_fits(blocks: BlockList, request: StageRequest) -> None:
    """DiskError where a disk has data beyond the end of the volume that its image is to have."""
    gib = request.version.registration.gib
    last = blocks.last()
    if last is not None and last.index >= gib * GIB // BLOCK_BYTES:
        raise DiskError(
            f"The disk {shown(request.source)} has data beyond the {gib} GiB that its image is to have.",
            "Raise `size` in the image's spec, or leave it out.",
        )
