from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from extenci.image.block_list import Entry
from extenci.image.raw import RawDisk, open_disk
from extenci.model.errors import DiskChanged, DiskError
from extenci.model.version import BLOCK_BYTES
from extenci.stage.shared_reading import SharedReader, SharedReading

BLOCKS = 100
ENTRIES = [Entry(index, bytes(32)) for index in range(BLOCKS)]


@dataclass(frozen=True)
class CountingDisk(RawDisk):
    """A disk that tells how often each of its blocks was read."""

    reads: Counter[int] = field(default_factory=Counter)

    def block(self, index: int) -> bytes:
        self.reads[index] += 1
        return super().block(index)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[CountingDisk]:
    path = tmp_path / "disk.raw"
    path.write_bytes(os.urandom(BLOCK_BYTES) + bytes((BLOCKS - 1) * BLOCK_BYTES))
    with open_disk(path) as opened:
        yield CountingDisk(opened.path, opened.descriptor, opened.fingerprint)


def all_of(reader: SharedReader) -> list[int]:
    order = [entry.index for entry in reader.in_order(lambda: ENTRIES)]
    for index in order:
        reader.block(index)
    return order


def test_a_reader_alone_reads_each_block_once_and_in_order(disk: CountingDisk) -> None:
    with SharedReading().joined(disk) as reader:
        assert all_of(reader) == list(range(BLOCKS))
        assert reader.block(0) == disk.block(0)
    assert disk.reads == Counter(range(BLOCKS)) + Counter({0: 2})


def test_two_that_keep_pace_read_the_disk_once(disk: CountingDisk) -> None:
    sharing, pace = SharedReading(), threading.Barrier(2, timeout=10)

    def read() -> None:
        with sharing.joined(disk) as reader:
            pace.wait()
            for entry in reader.in_order(lambda: ENTRIES):
                reader.block(entry.index)
                if entry.index % 10 == 0:
                    pace.wait()
            pace.wait()

    other = threading.Thread(target=read)
    other.start()
    read()
    other.join(10)
    assert disk.reads == Counter(range(BLOCKS))


def test_one_that_joins_later_begins_where_the_other_is_and_reads_what_it_missed(disk: CountingDisk) -> None:
    sharing = SharedReading()
    with sharing.joined(disk) as first:
        for index in range(60):
            first.block(index)
        with sharing.joined(disk) as second:
            assert second.start == 59
            for index in range(59, BLOCKS):
                second.block(index)
                first.block(index)
            order = [entry.index for entry in second.in_order(lambda: ENTRIES)]
    assert order == [*range(59, BLOCKS), *range(59)]
    assert max(disk.reads[index] for index in range(60, BLOCKS)) == 1


def test_one_that_falls_behind_reads_for_itself_and_nobody_waits(disk: CountingDisk) -> None:
    sharing = SharedReading(window=8)
    with sharing.joined(disk) as fast, sharing.joined(disk) as slow:
        assert all_of(fast) == list(range(BLOCKS))
        assert all_of(slow) == list(range(BLOCKS))
    assert disk.reads == Counter([*range(BLOCKS)] * 2)


def test_a_window_holds_no_more_than_it_may(disk: CountingDisk) -> None:
    sharing = SharedReading(window=8)
    with sharing.joined(disk) as one, sharing.joined(disk):
        all_of(one)
        (group,) = sharing._groups.values()
        assert len(group.blocks) == 8
    assert sharing._groups == {}


@pytest.mark.parametrize("error", [DiskError("broken"), DiskChanged("other")])
def test_who_waits_for_a_block_that_cannot_be_read_is_told(
    disk: CountingDisk, error: DiskError, monkeypatch: pytest.MonkeyPatch
) -> None:
    sharing, reading, go_on = SharedReading(), threading.Event(), threading.Event()
    told: list[DiskError] = []

    def fail(_disk: Any, _index: int) -> bytes:
        reading.set()
        go_on.wait(10)
        raise error

    monkeypatch.setattr(CountingDisk, "block", fail)

    def read(reader: SharedReader) -> None:
        try:
            reader.block(3)
        except DiskError as problem:
            told.append(problem)

    with sharing.joined(disk) as one, sharing.joined(disk) as other:
        threads = [threading.Thread(target=read, args=(reader,)) for reader in (one, other)]
        threads[0].start()
        assert reading.wait(10)
        threads[1].start()
        go_on.set()
        for thread in threads:
            thread.join(10)
    assert told == [error, error]
