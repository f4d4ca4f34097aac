"""Words for problems: quoting a file, naming kinds of values, guessing what was meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from itertools import islice, pairwise
from os import PathLike, fspath
from pathlib import Path

from extenci.model.text import WORDS_COMPARED, closest
from extenci.spec.validation.other_names import find_name_here

SHOWN = 60
"""The most characters of a file's own text that a message repeats."""

REVEALED = 4
"""The characters of what may be a secret that a message repeats."""

_PART = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9+][A-Za-z0-9/+]{39,}(?![A-Za-z0-9/+=])|[A-Za-z0-9+=_]{16,}")
"""The first are at least as long as secret keys of AWS, which have slashes in them."""
_HEXADECIMAL = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}")
_ACCESS_KEY = re.compile(r"A[KS]IA[A-Z0-9]{12,}")
"""Access keys of AWS (IAM User Guide, "IAM identifiers")."""


def printable(text: str) -> str:
    """Text without anything that could act on a terminal: other characters as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def quoted(text: str, most: int = SHOWN) -> str:
    """Text from a file, in quotes, shortened to `most` characters, fit for a terminal. Of a part that may be
    a secret only the beginning is shown, wherever in a file it stands."""
    text = _PART.sub(lambda part: hide(part[0]), text)
    return f"'{printable(text if len(text) <= most else text[: most - 1] + '…')}'"


def hide(part: str) -> str:
    """A part of a text, or only its first characters where it looks like a key, a token or a password made
    by a program."""
    return f"{part[:REVEALED]}…" if looks_secret(part) else part


def looks_secret(part: str) -> bool:
    """Whether a part of a text holds, or is long and as irregular as, what programs make: hexadecimal digits,
    or letters of both cases mixed with digits. Words and names that people think of are not."""
    if _ACCESS_KEY.search(part) or any(map(_is_mixed, _HEXADECIMAL.findall(part))):
        return True
    if not all(any(map(kind, part)) for kind in (str.islower, str.isupper, str.isdigit)):
        return False
    turns = sum(_kind_of_character(one) != _kind_of_character(two) for one, two in pairwise(part))
    return turns * 3 >= len(part)


def _is_mixed(digits: str) -> bool:
    """Whether hexadecimal digits are of both kinds: else they are a number, or a word."""
    return not digits.isdigit() and not digits.isalpha()


def _kind_of_character(character: str) -> int:
    return 0 if character.islower() else 1 if character.isupper() else 2


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
    """`; did you mean 'x'?`: a known word that other tools call so, else a close one; nothing where there is
    none."""
    words = list(islice(known, WORDS_COMPARED))
    found = find_name_here(word, words) or closest(word, words)
    return f"; did you mean {quoted(found)}?" if found is not None else ""


def shown(path: str | PathLike[str]) -> str:
    """A file's name for people: relative to the current folder when below it, else absolute."""
    try:
        here = Path.cwd()
    except FileNotFoundError:
        return printable(fspath(path))
    absolute = here / path
    return printable(str(absolute.relative_to(here) if absolute.is_relative_to(here) else absolute))
