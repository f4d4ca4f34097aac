"""Words for problems: quoting a file, naming kinds of values, guessing what was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from decimal import Decimal
from os import PathLike, fspath
from pathlib import Path

SHOWN = 60
"""The most characters of a file's own text that a message repeats."""

WORDS_COMPARED = 1000


def printable(text: str) -> str:
    """Text without anything that could act on a terminal: other characters as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def quoted(text: str) -> str:
    """Text from a file, in quotes, shortened, fit for a terminal."""
    return f"'{printable(text if len(text) <= SHOWN else text[: SHOWN - 1] + '…')}'"


_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (type(None), "empty"),
    (bool, "true or false"),
    ((int, Decimal), "a number"),
    (str, "text"),
    (list, "a list"),
    (dict, "a mapping"),
)


def kind_of(value: object) -> str:
    """The kind of a value, in the words of someone who writes YAML."""
    return next((words for kind, words in _KINDS if isinstance(value, kind)), "something else")


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?`, or nothing where no known word is close."""
    if len(word) > SHOWN:
        return ""
    words = [other for other, _ in zip(known, range(WORDS_COMPARED), strict=False)]
    close = difflib.get_close_matches(word.lower(), [other.lower() for other in words], n=1, cutoff=0.6)
    found = next((other for other in words if close and other.lower() == close[0]), None)
    return f"; did you mean {quoted(found)}?" if found is not None else ""


def shown(path: str | PathLike[str]) -> str:
    """A file's name for people: relative to the current folder when below it, else absolute."""
    try:
        here = Path.cwd()
    except FileNotFoundError:
        return printable(fspath(path))
    absolute = here / path
    return printable(str(absolute.relative_to(here) if absolute.is_relative_to(here) else absolute))
