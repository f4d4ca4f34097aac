"""How a disk is cut into the parts of an S3 upload. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from extenci.image.block_list import Entry
from extenci.model.version import BLOCK_BYTES

PART_BLOCKS = 16
"""Blocks of a part where that makes no more than `MOST_PARTS`: 8 MiB."""
MOST_PARTS = 10_000
"""S3 User Guide, "Amazon S3 multipart upload limits"."""


@dataclass(frozen=True)
class UploadPart:
    """A part: its number (from 1), the index of its first block, how many blocks it has, and those of them
    that are not all zeros."""

    number: int
    first: int
    blocks: int
    entries: tuple[Entry, ...]

    @property
    def size(self) -> int:
        """Bytes."""
        return self.blocks * BLOCK_BYTES


@dataclass(frozen=True)
class PartPlan:
    """A disk of `blocks` blocks, cut into parts of `part_blocks`; the last may have fewer.

    The same disk is always cut in the same way, so that an interrupted upload can be resumed.
    """

    blocks: int
    part_blocks: int

    @property
    def size(self) -> int:
        """Bytes of the object."""
        return self.blocks * BLOCK_BYTES

    @property
    def part_bytes(self) -> int:
        """Bytes of every part but the last."""
        return self.part_blocks * BLOCK_BYTES

    @property
    def count(self) -> int:
        """How many parts there are."""
        return -(-self.blocks // self.part_blocks)

    def parts(self, entries: Iterable[Entry]) -> Iterator[UploadPart]:
        """The parts in order, given the blocks that are not all zeros in the order of their indexes. No more
        than one part is held at a time."""
        rest = iter(entries)
        entry = next(rest, None)
        for number in range(self.count):
            first = number * self.part_blocks
            end = min(first + self.part_blocks, self.blocks)
            inside: list[Entry] = []
            while entry is not None and entry.index < end:
                inside.append(entry)
                entry = next(rest, None)
            yield UploadPart(number + 1, first, end - first, tuple(inside))


def plan_parts(last: Entry | None) -> PartPlan:
    """Cut a disk whose last block with data is `last` (None: it is all zeros).

    Zeros at its end are left out: a volume that is larger than its snapshot ends in zeros, too.
    """
    blocks = last.index + 1 if last is not None else 1
    return PartPlan(blocks, max(PART_BLOCKS, -(-blocks // MOST_PARTS)))
