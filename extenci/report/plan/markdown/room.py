"""A page of Markdown of a limited length."""

from __future__ import annotations

from collections.abc import Sequence

BREAK = "\n\n"


class Page:
    """Parts of a page, and the number of characters that are left. Parts stand one blank line apart."""

    def __init__(self, longest: int) -> None:
        self._parts: list[str] = []
        self.left = longest - 1

    def add(self, text: str) -> None:
        """Add a part."""
        self._parts.append(text)
        self.left -= length(text)

    def fits(self, text: str, reserved: int = 0) -> bool:
        """Whether there is room for a part, and for so many characters after it."""
        return length(text) + reserved <= self.left

    def __str__(self) -> str:
        return BREAK.join(self._parts) + "\n"


def length(text: str) -> int:
    """The characters that a part takes of a page."""
    return len(text) + len(BREAK)


def choose(lines: Sequence[str], room: int, ranks: Sequence[int] | None = None) -> list[int]:
    """The places of the lines that fit into so many characters, in order. Where not all do, those of the
    lowest ranks come first."""
    order = range(len(lines)) if ranks is None else sorted(range(len(lines)), key=lambda one: ranks[one])
    chosen: list[int] = []
    for place in order:
        room -= len(lines[place]) + 1
        if room < 0:
            break
        chosen.append(place)
    return sorted(chosen)
