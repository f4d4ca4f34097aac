"""Colours of text: ANSI codes, or none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """The code that begins each kind of text, and the one that ends them all; all empty for plain text."""

    heading: str = ""
    add: str = ""
    change: str = ""
    remove: str = ""
    faint: str = ""
    good: str = ""
    warning: str = ""
    alarm: str = ""
    end: str = ""

    def paint(self, code: str, text: str) -> str:
        """The text in a colour of this palette."""
        return f"{code}{text}{self.end}" if code and text else text


PLAIN = Palette()

COLOUR = Palette(
    heading="\x1b[1m",
    add="\x1b[32m",
    change="\x1b[33m",
    remove="\x1b[31m",
    faint="\x1b[2m",
    good="\x1b[32m",
    warning="\x1b[33m",
    alarm="\x1b[1;31m",
    end="\x1b[0m",
)
"""Only those of the eight basic colours that both light and dark terminals show well."""
