"""Sparse files as disks."""

from __future__ import annotations

from pathlib import Path

import pytest

from extenci.sandbox.state.disks import BLOCK_BYTES, SparseDisk

DATA = b"data".ljust(BLOCK_BYTES, b"\0")
OTHER = b"other".ljust(BLOCK_BYTES, b"\0")
ZEROS = bytes(BLOCK_BYTES)


def stored(disk: SparseDisk) -> int:
    return disk.path.stat().st_blocks * 512


def test_a_disk_is_as_long_as_its_volume_and_empty(tmp_path: Path) -> None:
    disk = SparseDisk(tmp_path / "a.raw", 3)
    assert disk.path.stat().st_size == 3 << 30
    assert disk.blocks == 3 * 2048
    assert stored(disk) == 0
    assert disk.path.stat().st_mode & 0o077 == 0


def test_zeros_take_no_room_but_overwrite_data(tmp_path: Path) -> None:
    disk = SparseDisk(tmp_path / "a.raw", 1)
    disk.write(1, ZEROS)
    assert stored(disk) == 0
    disk.write(2047, DATA)
    assert disk.read(2047) == DATA
    disk.write(2047, ZEROS)
    assert disk.read(2047) == ZEROS


def test_a_disk_takes_over_anothers_content_and_its_holes(tmp_path: Path) -> None:
    parent = SparseDisk(tmp_path / "a.raw", 1)
    parent.write(0, DATA)
    parent.write(2047, OTHER)
    child = SparseDisk(tmp_path / "b.raw", 2)
    with parent.path.open("rb") as source:
        child.take_over(source.fileno(), {0, 2047})
    assert (child.read(0), child.read(1), child.read(2047)) == (DATA, ZEROS, OTHER)
    assert child.read(4095) == ZEROS
    assert stored(child) <= 2 * BLOCK_BYTES
    child.write(0, ZEROS)
    assert child.read(0) == ZEROS
    assert parent.read(0) == DATA


def test_a_sealed_disk_can_be_read_but_not_written(tmp_path: Path) -> None:
    disk = SparseDisk(tmp_path / "a.raw", 1)
    disk.write(0, DATA)
    disk.seal()
    assert disk.read(0) == DATA
    with pytest.raises(OSError, match="Bad file descriptor"):
        disk.write(0, OTHER)


def test_a_removed_disk_is_gone(tmp_path: Path) -> None:
    disk = SparseDisk(tmp_path / "a.raw", 1)
    disk.remove()
    assert list(tmp_path.iterdir()) == []
    disk.remove()
