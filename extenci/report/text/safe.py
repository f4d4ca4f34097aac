"""Make text from elsewhere safe to print, and break it into lines.

Names, tags and reasons may come from a cloud, hence from anyone. Characters that move the cursor, change
colours, break lines or turn the writing direction are shown as escapes, so that no tag can forge a line of
a plan.
"""

from __future__ import annotations

import textwrap
import unicodedata

UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of control, format and surrogate characters, and of line separators."""


def safe(text: object, *, layout: str = "") -> str:
    """The text with each unsafe character as a backslash escape, except for those of `layout`."""
    found = str(text)
    if found.isascii() and found.isprintable():
        return found
    unsafe = {ord(one): escape(one) for one in set(found) - set(layout) if is_unsafe(one)}
    return found.translate(unsafe) if unsafe else found


def is_unsafe(character: str) -> bool:
    """Whether a terminal could do something other than show the character."""
    return unicodedata.category(character) in UNSAFE


def escape(character: str) -> str:
    """`\\x1b`, `\\n`, `\\u202e`."""
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def paragraph(text: object, width: int, first: str = "", rest: str | None = None) -> list[str]:
    """Lines of at most `width` characters: `first` before the first of them, `rest` before the others."""
    rest = " " * len(first) if rest is None else rest
    return textwrap.wrap(
        safe(text),
        width=max(width, len(rest) + 20),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]


def lines_of(text: str, width: int, indent: str) -> list[str]:
    """A message that may have several lines, each wrapped and indented."""
    return [line for part in text.splitlines() for line in paragraph(part, width, indent)]
