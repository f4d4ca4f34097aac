from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from extenci.image.completeness import qcow2, vhd, vhdx, vmdk
from extenci.image.content.check import find_fault
from extenci.image.recognition import foreign_format
from tests.unit.image.content.layouts import EXTENDED, LINUX, MIB, at, btrfs, ext4, fat, gpt, iso, lvm, mbr

SEEDS = (
    gpt(2000, [(34, 900), (901, 1900)]),
    gpt(2000, [(6, 90)], 4096),
    mbr((LINUX, 1, 99), (EXTENDED, 1, 99)) + mbr((LINUX, 1, 9), (EXTENDED, 2, 9)) * 3,
    ext4(100),
    iso(100),
    fat(100),
    lvm(1000),
    btrfs(1000),
    b"MZ".ljust(60, b"\0") + b"\x40\0\0\0PE\0\0",
    b'{"a": 1}',
)
IMAGES = (
    b"QFI\xfb\0\0\0\3".ljust(200, b"\0"),
    b"KDMV\1\0\0\0".ljust(200, b"\0"),
    b"conectix".ljust(1024, b"\0"),
    b"vhdxfile" + at(192 * 1024 - 8, b"regi".ljust(96, b"\0")),
)
MOST_READ = 4 * MIB


@st.composite
def mutated(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """A seed with some bytes changed, perhaps cut."""
    content = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 6))):
        offset = draw(st.integers(0, len(content) - 1))
        patch = draw(st.binary(min_size=1, max_size=8) | st.just(b"\xff" * 8))
        content[offset : offset + len(patch)] = patch
    return bytes(content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content)


def reader(content: bytes) -> Callable[[int, int], bytes]:
    """Reads of a file, which must not be many, nor at places that the kernel refuses."""
    left = [MOST_READ]

    def read(length: int, offset: int) -> bytes:
        assert 0 <= offset < 1 << 63
        data = content[offset : offset + length]
        left[0] -= len(data) + 1
        assert left[0] > 0
        return data

    return read


@settings(max_examples=300, deadline=None)
@given(mutated(SEEDS) | st.binary(max_size=2000))
def test_no_disk_makes_the_check_fail_or_read_much(content: bytes) -> None:
    find_fault(reader(content), len(content))
    foreign_format(reader(content), len(content))


@settings(max_examples=200, deadline=None)
@given(mutated(IMAGES))
def test_no_image_makes_its_length_endless(content: bytes) -> None:
    for needed in (qcow2.needed_bytes, vmdk.needed_bytes, vhd.needed_bytes, vhdx.needed_bytes):
        with suppress(struct.error):  # its header is cut off
            assert needed(reader(content), len(content)) >= 0
