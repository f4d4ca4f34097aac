"""Numbers and names of things as parts of a sentence."""

from __future__ import annotations

from collections.abc import Iterable


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
