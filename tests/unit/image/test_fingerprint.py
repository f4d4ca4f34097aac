from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from extenci.image.fingerprint import Fingerprint, fingerprint, is_settled
from extenci.model.errors import DiskError


def test_a_fingerprint_changes_with_size_time_and_file(tmp_path: Path) -> None:
    path, other = tmp_path / "a", tmp_path / "b"
    path.write_bytes(b"1")
    other.write_bytes(b"1")
    seen = {fingerprint(path), fingerprint(other)}
    path.write_bytes(b"22")
    seen.add(fingerprint(path))
    os.utime(path, ns=(5, 5))
    seen.add(fingerprint(path))
    assert len(seen) == 4


def test_a_fingerprint_stays_when_nothing_happens(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"1")
    before = fingerprint(path)
    path.read_bytes()
    assert fingerprint(str(path)) == before


def test_other_content_with_the_same_time_is_another_file(tmp_path: Path) -> None:
    """As where a build gives all files one time."""
    path = tmp_path / "a"
    path.write_bytes(b"1")
    os.utime(path, ns=(5, 5))
    before = fingerprint(path)
    time.sleep(0.02)  # more than the kernel's clock needs to go on
    with path.open("r+b") as file:
        file.write(b"2")
    os.utime(path, ns=(5, 5))
    assert fingerprint(path) != before


@pytest.mark.parametrize(
    ("now", "settled"), [(1000.0, False), (1001.9, False), (1002.1, True), (999.0, False), (500.0, False)]
)
def test_a_file_written_in_the_last_two_seconds_is_not_settled(now: float, settled: bool) -> None:
    assert is_settled(Fingerprint(1, 1000 * 10**9, 2, 3, 4), now) is settled


def test_a_missing_file_has_no_fingerprint(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match="does not exist"):
        fingerprint(tmp_path / "no")
