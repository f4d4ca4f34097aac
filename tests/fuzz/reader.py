"""A reader under test, and what it must keep to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from extenci.model.errors import ExtenciError
from extenci.report.text.safe import UNSAFE, is_unsafe, lines_of
from tests.fuzz.mutation import CANARIES

Read = Callable[[bytes], "Iterable[str] | None"]
"""Reads one input. What it returns are texts that people see; what it raises must be an ExtenciError."""
Open = Callable[[Path], AbstractContextManager[Read]]
"""Prepares a reader in a folder of its own, which is in memory and empty."""

MOST_SECONDS = 2.0
MOST_BYTES = 300 * 1024**2
"""Of memory, of the whole process."""
LONGEST_MESSAGE = 200_000
"""Characters: 500 problems of one file."""
_SHOWN_OF_SECRET = 12
_FOREIGN = re.compile(
    r"pydantic|ruamel|botocore|urllib3|sqlite3\.|Traceback|defect of extenci|<class |object at 0x|\w+Error\(|"
    r"validation error|None\b.{0,20}NoneType|subscriptable|has no attribute|'str' object|codec can't"
)
"""Words of libraries and of Python, which say nothing to people."""


@dataclass(frozen=True)
class Reader:
    """A reader: its name, how it is prepared, and the tokens of its format. `hidden` are the secrets that it
    knows, whole, where its inputs come from a service, whose words are shown; else any part of a canary is
    one."""

    name: str
    open: Open
    tokens: tuple[bytes, ...] = ()
    hidden: tuple[str, ...] = ()


class Broken(AssertionError):
    """A promise that an input broke; the text says which one."""


def read_safely(reader: Reader, read: Read, data: bytes) -> None:
    """Read an input; Broken where anything but a value or an error in plain words comes of it."""
    try:
        texts = list(read(data) or ())
    except ExtenciError as error:
        check_message(f"{error.message}\n{error.hint}", reader.hidden, data)
        check_text("\n".join(lines_of(str(error), 100, "")))
        return
    except Broken:
        raise
    except BaseException as error:
        raise Broken(f"{type(error).__name__}: {error}"[:300]) from error
    for text in texts:
        check_text(text)


def check_message(text: str, hidden: tuple[str, ...] = (), data: bytes = b"") -> None:
    """Broken unless a message of an error may be shown to anybody."""
    if not text.strip():
        raise Broken("an error without words")
    if len(text) > LONGEST_MESSAGE:
        raise Broken(f"a message of {len(text):,} characters")
    if found := _FOREIGN.search(text):
        start = max(0, found.start() - 60)
        raise Broken(f"not plain: {text[start : found.end() + 60]!r}")
    for secret in hidden:
        if secret in text:
            raise Broken(f"a secret: {text[:160]!r}")
    if not hidden:
        check_secrets(text, data)


def check_text(text: str) -> None:
    """Broken if a text has characters that act on a terminal."""
    unsafe = {one for one in set(text) - set("\n\t") if is_unsafe(one)}
    if unsafe:
        raise Broken(f"of the categories {sorted(UNSAFE)}: {sorted(unsafe)!r}")


def check_secrets(text: str, data: bytes) -> None:
    """Broken if a text has a part of a secret that could help to guess it. Secrets that are not whole in the
    input, since it was changed there, are none."""
    for secret in CANARIES:
        for start in range(0, len(secret) - _SHOWN_OF_SECRET, 4):
            part = secret[start : start + _SHOWN_OF_SECRET]
            if (place := text.find(part)) >= 0 and data.count(part.encode()) == data.count(secret.encode()):
                raise Broken(f"a secret: {text[max(0, place - 80) : place + 60]!r}")
