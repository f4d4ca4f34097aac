"""Reads long tables of numbers, piece by piece."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator
from typing import Literal

from extenci.image.read_at import ReadAt

_PIECE = 1 << 19
"""Bytes that are read at a time."""

Width = Literal[4, 8]
Order = Literal["little", "big"]


def read_table(read: ReadAt, offset: int, count: int, width: Width, order: Order) -> Iterator[int]:
    """The numbers that are not zero of a table of `count`, each `width` bytes long, at an offset of a file.
    The table ends where the file does."""
    for numbers in read_pieces(read, offset, count, width, order):
        yield from filter(None, numbers)


def read_pieces(read: ReadAt, offset: int, count: int, width: Width, order: Order) -> Iterator[array[int]]:
    """The numbers of a table in pieces; see `read_table`."""
    left = count * width
    while left > 0:
        data = read(min(left, _PIECE), offset)
        data = data[: len(data) // width * width]
        if not data:
            return
        numbers = array("I" if width == 4 else "Q", data)
        if order != sys.byteorder:
            numbers.byteswap()
        yield numbers
        left -= len(data)
        offset += len(data)
