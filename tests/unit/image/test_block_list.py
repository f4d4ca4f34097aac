from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from extenci.image.block_list import ZERO_SHA256, BlockList, Entry, changed_blocks
from extenci.image.digest import Digest

disks = st.dictionaries(
    st.integers(0, 30), st.sampled_from([hashlib.sha256(bytes([n])).digest() for n in range(3)]), max_size=20
)


def entries(disk: Mapping[int, bytes]) -> list[Entry]:
    return [Entry(index, disk[index]) for index in sorted(disk)]


@given(now=disks, before=disks)
def test_what_changed_written_over_the_one_disk_makes_it_the_other(
    now: dict[int, bytes], before: dict[int, bytes]
) -> None:
    made = dict(before)
    changed = list(changed_blocks(entries(now), entries(before)))
    for entry in changed:
        if entry.is_zero:
            del made[entry.index]
        else:
            made[entry.index] = entry.sha256
    assert made == now
    assert [entry.index for entry in changed] == sorted({entry.index for entry in changed})


@given(disk=disks)
def test_nothing_changed_between_equal_disks_and_everything_beside_nothing(disk: dict[int, bytes]) -> None:
    assert list(changed_blocks(entries(disk), entries(disk))) == []
    assert list(changed_blocks(entries(disk), ())) == entries(disk)
    assert [entry.sha256 for entry in changed_blocks((), entries(disk))] == [ZERO_SHA256] * len(disk)


def test_a_list_reads_as_it_was_written_and_hashes_to_the_digest(tmp_path: Path) -> None:
    disk = {index * 3: os.urandom(32) for index in range(10_000)}
    digest = Digest()
    for entry in entries(disk):
        digest.add(entry.index, entry.sha256)
    path = tmp_path / "list"
    path.write_bytes(b"".join(entry.to_bytes() for entry in entries(disk)))
    with path.open("rb") as file:
        found = BlockList(file.fileno())
        assert list(found.entries()) == entries(disk)
        assert (len(found), found.last(), found.digest()) == (10_000, entries(disk)[-1], digest.hexdigest())


def test_the_list_of_a_disk_of_zeros_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.touch()
    with path.open("rb") as file:
        found = BlockList(file.fileno())
        assert (len(found), found.last(), list(found.entries())) == (0, None, [])
        assert found.digest() == Digest().hexdigest()
