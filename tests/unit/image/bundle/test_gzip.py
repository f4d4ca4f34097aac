"""gzip files made by several threads."""

from __future__ import annotations

import gzip
import random

import pytest

from extenci.image.bundle.gzip import BLOCK, gzip_stream

WORDS = b" ".join(b"word%d" % number for number in range(4000))


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("length", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK + 77])
def test_gunzip_reads_one_member(length: int, workers: int) -> None:
    """Each block goes on with words of the one before, which is its dictionary."""
    dice = random.Random(length)  # noqa: S311
    text = (WORDS * (length // len(WORDS) + 1))[:length]
    pieces, start = [], 0
    while start < length:
        end = start + dice.choice((1, 512, 70_000, BLOCK, BLOCK + 3))
        pieces.append(text[start:end])
        start = end
    packed = b"".join(gzip_stream(pieces, workers=workers))
    assert gzip.decompress(packed) == text
    assert packed.count(b"\x1f\x8b\x08\x00") == 1
    assert len(packed) <= len(gzip.compress(text, 6)) * 1.05 + 200


def test_a_problem_of_the_source_is_told_and_ends_the_threads() -> None:
    def broken() -> object:
        yield b"x" * BLOCK
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(gzip_stream(broken()))  # type: ignore[arg-type]
