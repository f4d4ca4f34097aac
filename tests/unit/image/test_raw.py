from __future__ import annotations

import errno
import hashlib
import os
import socket
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extenci.image.raw import Block, blocks, open_disk, read_disk
from extenci.model.errors import DiskChanged, DiskError, Interrupted
from extenci.model.version import BLOCK_BYTES, Disk

EMPTY = hashlib.sha256().hexdigest()
MIB = 1024 * 1024

Writes = list[tuple[int, bytes]]


@st.composite
def sparse_files(draw: st.DrawFn) -> tuple[int, Writes]:
    """A size in bytes, and pieces to write at offsets below it; some pieces are zeros."""
    size = draw(st.integers(1, 5 * BLOCK_BYTES))
    near_edges = st.sampled_from(
        [0, 4096, BLOCK_BYTES - 1, BLOCK_BYTES, 2 * BLOCK_BYTES - 3, 3 * BLOCK_BYTES]
    )
    offsets = st.one_of(near_edges, st.integers(0, size - 1)).map(lambda offset: offset % size)
    lengths = st.sampled_from([1, 100, 4096, BLOCK_BYTES, BLOCK_BYTES + 1])
    writes = draw(st.lists(st.tuples(offsets, lengths, st.sampled_from([b"\0", b"x", b"\xff"])), max_size=6))
    return size, [(offset, byte * min(length, size - offset)) for offset, length, byte in writes]


def write_sparse(path: Path, size: int, writes: Writes) -> None:
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.truncate(size)
        for offset, data in writes:
            file.seek(offset)
            file.write(data)


def naive_blocks(content: bytes) -> Iterator[tuple[int, bytes]]:
    for index in range(-(-len(content) // BLOCK_BYTES)):
        data = content[index * BLOCK_BYTES : (index + 1) * BLOCK_BYTES].ljust(BLOCK_BYTES, b"\0")
        if any(data):
            yield index, data


def naive_disk(content: bytes) -> Disk:
    found = list(naive_blocks(content))
    digest = hashlib.sha256()
    for index, data in found:
        digest.update(index.to_bytes(8, "big"))
        digest.update(hashlib.sha256(data).digest())
    return Disk(digest.hexdigest(), len(content), len(found))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sparse_files())
def test_any_sparse_file_reads_as_a_naive_reader_reads_it(tmp_path: Path, case: tuple[int, Writes]) -> None:
    path = tmp_path / "disk.raw"
    write_sparse(path, *case)
    content = path.read_bytes()
    assert [(block.index, block.data) for block in blocks(path)] == list(naive_blocks(content))
    assert all(block.sha256 == hashlib.sha256(block.data).digest() for block in blocks(path))
    assert read_disk(path) == naive_disk(content)
    sha256 = hashlib.sha256(content).hexdigest()
    assert read_disk(path, sha256=sha256).sha256 == sha256


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sparse_files())
def test_holes_zeros_trailing_zeros_name_and_time_do_not_matter(
    tmp_path: Path, case: tuple[int, Writes]
) -> None:
    sparse, dense, longer = tmp_path / "a.raw", tmp_path / "other name", tmp_path / "longer.raw"
    write_sparse(sparse, *case)
    dense.write_bytes(sparse.read_bytes())
    os.utime(dense, (1, 1))
    longer.write_bytes(sparse.read_bytes() + bytes(BLOCK_BYTES + 17))
    assert read_disk(sparse) == read_disk(dense)
    assert read_disk(longer).digest == read_disk(sparse).digest


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sparse_files(), st.data())
def test_one_changed_byte_changes_the_digest(
    tmp_path: Path, case: tuple[int, Writes], data: st.DataObject
) -> None:
    path, other = tmp_path / "disk.raw", tmp_path / "other.raw"
    write_sparse(path, *case)
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 0x40
    other.write_bytes(content)
    assert read_disk(other).digest != read_disk(path).digest


def test_the_digest_is_the_same_for_ever(tmp_path: Path) -> None:
    """Digests are kept in tags and records: this number may never change."""
    path = tmp_path / "disk.raw"
    write_sparse(path, 3 * BLOCK_BYTES + 1, [(BLOCK_BYTES, b"extenci"), (3 * BLOCK_BYTES, b"!")])
    assert read_disk(path) == Disk(GOLDEN, 3 * BLOCK_BYTES + 1, 2)


GOLDEN = "3459f07c4994cd4d643630ead8884b936bb859fd31aad517d88940b865c76539"


def test_the_same_block_elsewhere_is_another_disk(tmp_path: Path) -> None:
    path, moved = tmp_path / "disk.raw", tmp_path / "moved.raw"
    write_sparse(path, 2 * BLOCK_BYTES, [(0, b"x")])
    write_sparse(moved, 2 * BLOCK_BYTES, [(BLOCK_BYTES, b"x")])
    assert read_disk(path).digest != read_disk(moved).digest


def test_a_disk_of_zeros_has_no_blocks(tmp_path: Path) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(bytes(3 * BLOCK_BYTES))
    assert read_disk(path) == Disk(EMPTY, 3 * BLOCK_BYTES, 0)


def test_holes_are_never_read(tmp_path: Path) -> None:
    """64 TiB at the speed of memory would take an hour. tmpfs and ext4 alike take such sizes."""
    path = tmp_path / "huge.raw"
    size = 8 * 1024**4
    write_sparse(path, size, [(size - 5, b"x")])
    assert read_disk(path).blocks == 1


def test_memory_does_not_grow_with_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(os.urandom(24 * MIB))
    tracemalloc.start()
    try:
        read_disk(path)
        assert tracemalloc.get_traced_memory()[1] < 3 * MIB
    finally:
        tracemalloc.stop()


def test_where_the_file_system_knows_no_holes_all_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lseek(*_: object) -> int:
        raise OSError(errno.EINVAL, "Invalid argument")

    path = tmp_path / "disk.raw"
    write_sparse(path, 3 * BLOCK_BYTES + 9, [(BLOCK_BYTES, b"x"), (3 * BLOCK_BYTES, b"y")])
    with_holes = read_disk(path)
    monkeypatch.setattr(os, "lseek", lseek)
    assert read_disk(path) == with_holes


def test_a_wrong_sha256_is_refused_with_both_named(tmp_path: Path) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(b"content")
    with pytest.raises(DiskError) as caught:
        read_disk(path, sha256="0" * 64)
    assert "0" * 64 in str(caught.value)
    assert hashlib.sha256(b"content").hexdigest() in str(caught.value)


def test_sha256_may_be_written_in_capitals(tmp_path: Path) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(b"content")
    sha256 = hashlib.sha256(b"content").hexdigest()
    assert read_disk(path, sha256=sha256.upper()).sha256 == sha256


def test_progress_ends_at_the_size(tmp_path: Path) -> None:
    path = tmp_path / "disk.raw"
    write_sparse(path, 4 * BLOCK_BYTES, [(0, b"x"), (BLOCK_BYTES, b"y")])
    seen: list[tuple[int, int]] = []
    read_disk(path, on_progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (4 * BLOCK_BYTES, 4 * BLOCK_BYTES)
    assert seen == sorted(seen)


def test_reading_stops_when_told(tmp_path: Path) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(os.urandom(4 * BLOCK_BYTES))
    stop = Event()
    reading = blocks(path, stop=stop)
    assert next(reading).index == 0
    stop.set()
    with pytest.raises(Interrupted):
        next(reading)


def test_hashing_a_long_hole_stops_when_told(tmp_path: Path) -> None:
    path = tmp_path / "disk.raw"
    write_sparse(path, 1024**4, [(0, b"x")])
    stop = Event()
    with pytest.raises(Interrupted):
        read_disk(path, sha256="0" * 64, stop=stop, on_progress=lambda *_: stop.set())


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def rewrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"other")
    os.utime(path, ns=(0, 12345))


def cut_to_one_block(path: Path) -> None:
    os.truncate(path, BLOCK_BYTES)


@pytest.mark.parametrize("change", [append, rewrite, cut_to_one_block])
def test_a_change_while_reading_is_noticed(tmp_path: Path, change: object) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(os.urandom(4 * BLOCK_BYTES))
    os.utime(path, (1, 1))
    reading = blocks(path)
    next(reading)
    assert callable(change)
    change(path)
    with pytest.raises(DiskChanged, match="changed while it was read"):
        list(reading)


def test_a_disk_replaced_while_reading_is_read_as_it_was(tmp_path: Path) -> None:
    path, new = tmp_path / "disk.raw", tmp_path / "new.raw"
    content = os.urandom(2 * BLOCK_BYTES)
    path.write_bytes(content)
    new.write_bytes(os.urandom(2 * BLOCK_BYTES))
    reading = blocks(path)
    found: list[Block] = [next(reading)]
    new.replace(path)
    found.extend(reading)
    assert b"".join(block.data for block in found) == content


def refusal(path: Path | str) -> DiskError:
    with pytest.raises(DiskError) as caught:
        read_disk(path)
    return caught.value


def test_a_missing_file_is_named_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert refusal("./no.raw").message == "The disk ./no.raw does not exist."


def test_a_folder_is_no_disk(tmp_path: Path) -> None:
    assert refusal(tmp_path).message == f"The disk {tmp_path} is a folder, not a file."


def test_a_fifo_is_refused_without_waiting(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    assert refusal(path).message == f"The disk {path} is a FIFO, not a file."


def test_a_socket_is_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # names of sockets are at most 107 bytes
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        assert refusal("s").message == "The disk s is a socket, not a file."


def test_a_character_device_is_no_disk() -> None:
    assert refusal("/dev/zero").message == "The disk /dev/zero is a character device, not a file."


def test_an_empty_file_is_no_disk(tmp_path: Path) -> None:
    path = tmp_path / "empty.raw"
    path.touch()
    assert refusal(path).message == f"The disk {path} is empty: it has 0 bytes."


def test_a_link_in_a_circle_is_no_disk(tmp_path: Path) -> None:
    path = tmp_path / "loop"
    path.symlink_to(path)
    assert "cannot be read" in refusal(path).message


def test_a_path_with_a_nul_is_no_path() -> None:
    assert refusal("a\0b").message == "The disk 'a\\x00b' cannot be read: this is not a valid path."


def test_a_file_without_permission_says_so(tmp_path: Path) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(b"x")
    path.chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        assert "permission denied" in refusal(path).message
    finally:
        os.seteuid(user)


def test_an_unreadable_sector_names_the_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = os.pread

    def pread(descriptor: int, length: int, offset: int) -> bytes:
        if offset == BLOCK_BYTES:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(descriptor, length, offset)

    path = tmp_path / "disk.raw"
    path.write_bytes(b"x" * 2 * BLOCK_BYTES)
    monkeypatch.setattr(os, "pread", pread)
    assert refusal(path).message == f"The disk {path} cannot be read at byte 524288: Input/output error."


def test_nothing_stays_open(tmp_path: Path) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(b"x")
    with open_disk(path) as disk:
        descriptor = disk.descriptor
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
