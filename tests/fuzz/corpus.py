"""The corpus: good inputs, and those that once broke something, in `corpus/READER/`."""

from __future__ import annotations

import hashlib
from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"
LARGEST_FILE = 64 * 1024
LARGEST = 500 * 1024
"""Bytes of all files."""


def read_corpus(reader: str, folder: Path = FOLDER) -> tuple[bytes, ...]:
    """The inputs of a reader, in the order of their names."""
    return tuple(path.read_bytes() for path in sorted((folder / reader).glob("*")) if path.is_file())


def keep(reader: str, data: bytes, folder: Path) -> Path:
    """Keep an input in a folder of the same form, under its hash."""
    path = folder / reader / hashlib.sha256(data).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
