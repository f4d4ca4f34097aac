"""Which blocks of a disk have to be sent: all, or those that differ from another disk's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from extenci.image.block_list import BlockList, Entry, changed_blocks


@dataclass(frozen=True)
class Difference:
    """The blocks to send so that a snapshot holds a disk: all that are not zeros, or with `before` those that
    differ from a parent's disk."""

    now: BlockList
    before: BlockList | None = None

    def entries(self) -> Iterator[Entry]:
        """The blocks in the order of their indexes."""
        return changed_blocks(self.now.entries(), self.before.entries() if self.before else ())
