"""Makes hostile inputs of good ones: the same seed makes the same input."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence

MOST_CHANGES = 6
LARGEST = 256 * 1024
"""Bytes of an input: the bounds of readers are larger, and tried by inputs of the corpus."""

ACCESS_KEY = "AKIAQ7RK2ZT9XLM4WB0V"
SECRET_KEY = "q7Rk2Zt/9xLm4Wb0VnzYc3Hd8Js6Fp1Gu5TaeKo2"
HEX_KEY = "9f86d081884c7d659a2feaa0c55ad0153c1b7e42"
TOKEN = "ghp_x7Kq2Lm9Zt4Wb8Vn3Yc6Hd1Js5Fp0Gu7TaeR"
CANARIES = (ACCESS_KEY, SECRET_KEY, HEX_KEY, TOKEN)
"""Secrets that no message may repeat, of the forms that programs make."""

TOKENS: tuple[bytes, ...] = (
    b"\0", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\r", b"\n", b"\t", b" ", b"\x1b[31m", b"\x07", b"\x7f",
    "\u202e".encode(), "\u2028".encode(), "\ufffe".encode(), "\U0001f600".encode(), b"\xed\xa0\x80",
    b"\xc0\xaf",
    b"0", b"-1", b"1e999", b"NaN", b"Infinity", b"-0", b"1" * 40, b"9" * 400, b"0x7fffffffffffffff", b"1_000",
    b"2147483648", b"18446744073709551616", b"9223372036854775807", b"null", b"true", b"[]", b"{}", b'""',
    b"~",
    b"../../etc/shadow", b"/dev/zero", b"%s%n", b"${HOME}", b"<!--", b"-->", b"]]>", b"<!DOCTYPE a>", b"&lt;",
    b"&#0;", b"&a;", b"<![CDATA[", b"2026-13-45T99:99:99Z", b"0000-00-00", b"a" * 300, b"," * 50, b'"', b"'",
    *(one.encode() for one in CANARIES),
)  # fmt: skip
"""What has upset readers of many kinds."""

_NUMBERS = (
    0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1,
    2**63, 2**64 - 1,
)  # fmt: skip
_WIDTHS = ("<B", "<H", ">H", "<I", ">I", "<Q", ">Q")
_NESTING = ((b"[", b"]"), (b"{", b"}"), (b'{"a":', b"}"), (b"<a>", b"</a>"), (b"- ", b""), (b"(", b")"))


class Mutator:
    """Makes inputs from a corpus of good ones, with tokens of a format beside those of all."""

    def __init__(self, corpus: Sequence[bytes], tokens: Sequence[bytes] = ()) -> None:
        self._corpus = corpus or (b"",)
        self._tokens = (*TOKENS, *tokens)
        self._kinds: tuple[Callable[[random.Random, bytes], bytes], ...] = (
            self._flip, self._flip, self._cut, self._shorten, self._repeat, self._insert, self._insert,
            self._replace, self._replace, self._splice, self._swap, self._number, self._digits, self._nest,
        )  # fmt: skip

    def input(self, seed: str) -> bytes:
        """The input of a seed."""
        draw = random.Random(seed)  # noqa: S311 - the same for the same seed
        data = draw.choice(self._corpus)
        for _ in range(draw.randint(1, MOST_CHANGES)):
            data = draw.choice(self._kinds)(draw, data)[:LARGEST]
        return data

    def _flip(self, draw: random.Random, data: bytes) -> bytes:
        found = bytearray(data)
        for _ in range(min(draw.choice((1, 1, 2, 8)), len(found))):
            found[draw.randrange(len(found))] ^= 1 << draw.randrange(8)
        return bytes(found)

    def _cut(self, draw: random.Random, data: bytes) -> bytes:
        start, length = _place(draw, data), draw.choice((1, 2, 8, 100, 1000))
        return data[:start] + data[start + length :]

    def _shorten(self, draw: random.Random, data: bytes) -> bytes:
        return data[: _place(draw, data)]

    def _repeat(self, draw: random.Random, data: bytes) -> bytes:
        start, length = _place(draw, data), draw.choice((1, 4, 30, 300))
        piece = data[start : start + length]
        return data[:start] + piece * draw.choice((2, 3, 50)) + data[start + length :]

    def _insert(self, draw: random.Random, data: bytes) -> bytes:
        start = _place(draw, data)
        return data[:start] + draw.choice(self._tokens) + data[start:]

    def _replace(self, draw: random.Random, data: bytes) -> bytes:
        """A word, or some bytes, by a token."""
        start = end = _place(draw, data)
        while end < len(data) and end - start < 60 and data[end : end + 1].isalnum():
            end += 1
        while start > 0 and end - start < 60 and data[start - 1 : start].isalnum():
            start -= 1
        return data[:start] + draw.choice(self._tokens) + data[end:]

    def _splice(self, draw: random.Random, data: bytes) -> bytes:
        other = draw.choice(self._corpus)
        return data[: _place(draw, data)] + other[_place(draw, other) :]

    def _swap(self, draw: random.Random, data: bytes) -> bytes:
        """Two lines change their places."""
        lines = data.splitlines(keepends=True)
        if len(lines) < 2:
            return data[::-1] if draw.random() < 0.1 else data
        one, two = draw.randrange(len(lines)), draw.randrange(len(lines))
        lines[one], lines[two] = lines[two], lines[one]
        return b"".join(lines)

    def _number(self, draw: random.Random, data: bytes) -> bytes:
        """A binary number by one that is at a limit."""
        width = draw.choice(_WIDTHS)
        size = struct.calcsize(width)
        start = _place(draw, data)
        number = draw.choice(_NUMBERS) & ((1 << 8 * size) - 1)
        return data[:start] + struct.pack(width, number) + data[start + size :]

    def _digits(self, draw: random.Random, data: bytes) -> bytes:
        """A number in text by another one."""
        places = [place for place in range(len(data)) if data[place : place + 1].isdigit()]
        if not places:
            return data
        start = end = draw.choice(places)
        while data[end : end + 1].isdigit():
            end += 1
        return data[:start] + draw.choice((b"0", b"-1", b"00", b"1" * 30, b"4294967296", b"1.5")) + data[end:]

    def _nest(self, draw: random.Random, data: bytes) -> bytes:
        (opening, closing), depth = draw.choice(_NESTING), draw.choice((10, 60, 1000, 20_000))
        start = _place(draw, data)
        return data[:start] + opening * depth + closing * depth + data[start:]


def _place(draw: random.Random, data: bytes) -> int:
    return draw.randint(0, len(data))
