"""How far something on a disk says that the disk reaches."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reach:
    """A claim about a disk's length: `holder` (`its GPT`, `its partition 2`) needs the disk's first `size`
    bytes."""

    size: int
    holder: str


def farthest(reaches: list[Reach]) -> Reach:
    """The claim that needs the longest disk; of equal ones the first."""
    return max(reaches, key=lambda one: one.size)
