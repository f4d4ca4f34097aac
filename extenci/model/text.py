"""Numbers and names of things as parts of a sentence."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import islice

LONGEST_WORD = 60
WORDS_COMPARED = 1000


def counted(number: int, noun: str) -> str:
    """`1 machine`, `2 machines`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(names: Iterable[object], most: int = 3) -> str:
    """`a, b and c`; with more than one name past `most`: `a, b, c and 2 more`."""
    known = [str(name) for name in names]
    if len(known) > most + 1:
        known[most:] = [f"{len(known) - most} more"]
    return joined(known, "and")


def either(words: Iterable[str]) -> str:
    """`a, b or c`, all of them."""
    return joined(list(words), "or")


def joined(words: list[str], last: str) -> str:
    """Words with commas between them and a conjunction before the last."""
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that somebody may have meant; None where none is close. Of many, the first are
    compared."""
    if len(word) > LONGEST_WORD:
        return None
    words = list(islice(known, WORDS_COMPARED))
    close = difflib.get_close_matches(word.lower(), [other.lower() for other in words], n=1, cutoff=0.6)
    return next((other for other in words if close and other.lower() == close[0]), None)
