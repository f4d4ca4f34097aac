"""A YAML document as values that know where they stand.

Anchored nodes are shared, not copied, so a document takes memory for what was written, and `size` and
`height` tell what it would be with every alias written out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path as FilePath

Plain = None | bool | int | Decimal | str | list["Plain"] | dict[str, "Plain"]
"""Values as validation sees them. Numbers with a fraction are Decimal, so that they stay exact."""

Path = tuple[str | int, ...]
"""Keys and indexes that lead from a document's top to a value."""


MOST_FAULTS = 500
"""The most faults of one kind and file that are put into words; nobody reads more."""


@dataclass(frozen=True, order=True, slots=True)
class Mark:
    """A place in a file. Lines and columns count from 1; 0 means the whole file."""

    line: int = 0
    column: int = 0


@dataclass(frozen=True, order=True, slots=True)
class Fault:
    """One thing wrong at one place of a file."""

    mark: Mark
    message: str


class Unreadable(Exception):
    """A file is of no use from here on; `fault` says where and why."""

    def __init__(self, message: str, mark: Mark | None = None) -> None:
        super().__init__(message)
        self.fault = Fault(mark or Mark(), message)


@dataclass(frozen=True, eq=False, slots=True)
class Scalar:
    """Text, a number, true or false, or nothing (None)."""

    mark: Mark
    value: bool | int | Decimal | str | None
    size: int = 1
    height: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class Sequence:
    """A list. `size` counts all values in it, aliases written out; `height` its levels of nesting."""

    mark: Mark
    items: tuple[Node, ...]
    size: int
    height: int


@dataclass(frozen=True, eq=False, slots=True)
class Entry:
    """One key of a mapping, where it stands, and its value."""

    mark: Mark
    node: Node


@dataclass(frozen=True, eq=False, slots=True)
class Mapping:
    """A mapping with text keys, merge keys (`<<`) already followed; `size`, `height` as in Sequence."""

    mark: Mark
    entries: dict[str, Entry]
    size: int
    height: int


Node = Scalar | Sequence | Mapping


@dataclass(frozen=True)
class Document:
    """One YAML file, and what is wrong with it as YAML. `top` is None where nothing of it could be read."""

    path: FilePath
    top: Node | None
    faults: tuple[Fault, ...] = ()


def plain(node: Node) -> Plain:
    """The node as plain values."""
    match node:
        case Scalar():
            return node.value
        case Sequence():
            return [plain(item) for item in node.items]
        case Mapping():
            return {key: plain(entry.node) for key, entry in node.entries.items()}


def locate(top: Node, path: Path) -> tuple[Path, Entry]:
    """The value that a path leads to, and the path that was followed.

    Steps that the document does not have are passed over: they are of the validator's making.
    """
    found: list[str | int] = []
    entry = Entry(top.mark, top)
    for step in path:
        below = child(entry.node, step)
        if below is not None:
            found.append(step)
            entry = below
    return tuple(found), entry


def child(node: Node, step: str | int) -> Entry | None:
    """One step down."""
    match node:
        case Mapping() if isinstance(step, str):
            return node.entries.get(step)
        case Sequence() if isinstance(step, int) and 0 <= step < len(node.items):
            return Entry(node.items[step].mark, node.items[step])
        case _:
            return None


def find_nothings(node: Node, path: Path = ()) -> Iterator[Path]:
    """The paths of all values that are empty (null)."""
    match node:
        case Scalar(value=None):
            yield path
        case Sequence():
            for index, item in enumerate(node.items):
                yield from find_nothings(item, (*path, index))
        case Mapping():
            for key, entry in node.entries.items():
                yield from find_nothings(entry.node, (*path, key))
        case _:
            pass
