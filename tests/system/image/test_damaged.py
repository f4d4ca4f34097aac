"""Images whose tables or ends are damaged: refused, in little time and memory, and never read as zeros."""

from __future__ import annotations

import os
import resource
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from extenci.image.programs import MOST_STDERR_BYTES, find_program, run_program
from extenci.image.sources import Cache, open_source
from extenci.model.errors import DiskError
from tests.system.image.disk_files import age, make_source, need

Cached = Callable[[], list[str]]
CLUSTER = 65_536


def refusal(source: Path, cache: Cache) -> str:
    with pytest.raises(DiskError) as caught, open_source(str(source), cache):
        pass
    return caught.value.message


def qcow2_header(size: int, level_1: tuple[int, int], snapshots: tuple[int, int] = (0, 0)) -> bytes:
    """A header with (entries, offset) of the first table and of the snapshots; see qcow2.rst."""
    start = struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", 3, 0, 0, 16, size, 0, *level_1, CLUSTER, 1, *snapshots)
    return (start + struct.pack(">QQQII", 0, 0, 0, 4, 104)).ljust(CLUSTER, b"\0")


def endless_qcow2(path: Path) -> Path:
    """1.3 MiB, a few hundred bytes when packed, of which `qemu-img check` has a billion lines to say: 131,072
    entries on one table, of which all entries are wrong."""
    entries = 131_072
    counts = struct.pack(">H", 1) * (4 + entries * 8 // CLUSTER)
    path.write_bytes(
        qcow2_header(entries * 8192 * CLUSTER, (entries, 4 * CLUSTER))
        + struct.pack(">Q", 2 * CLUSTER).ljust(CLUSTER, b"\0")
        + counts.ljust(CLUSTER, b"\0")
        + struct.pack(">Q", 0x1200) * 8192
        + struct.pack(">Q", 3 * CLUSTER) * entries
    )
    return age(path)


def test_an_image_with_endless_errors_is_refused_in_little_time(
    tmp_path: Path, cache: Cache, cached: Cached
) -> None:
    need("qemu-img")
    began = time.monotonic()
    assert "too many errors were found in it" in refusal(endless_qcow2(tmp_path / "disk"), cache)
    assert time.monotonic() - began < 20
    assert cached() == []


def test_what_a_program_says_of_errors_takes_bounded_memory() -> None:
    with run_program(["/bin/sh", "-c", "while :; do echo nonsense nonsense; done >&2"]) as program:
        while (status := program.wait(0.2)) is None:
            assert not program.says_too_much
        assert os.fstat(program._stderr).st_size <= MOST_STDERR_BYTES + 4096
    assert status == -9
    assert program.process.returncode == -9


def test_an_image_with_endless_snapshots_is_refused(tmp_path: Path, cache: Cache, cached: Cached) -> None:
    """`qemu-img info` has some 300 bytes of JSON for each."""
    need("qemu-img")
    count, places = 10_000, 4 * CLUSTER
    one = struct.pack(">QIHHIIQII", 0, 0, 1, 1, 0, 0, 0, 0, 16) + struct.pack(">QQ", 0, 1 << 20) + b"1x"
    table = one.ljust(-(-len(one) // 8) * 8, b"\0") * count
    clusters = 4 + -(-len(table) // CLUSTER)
    source = tmp_path / "disk"
    source.write_bytes(
        qcow2_header(1 << 20, (1, 3 * CLUSTER), (count, places))
        + struct.pack(">Q", 2 * CLUSTER).ljust(CLUSTER, b"\0")
        + (struct.pack(">H", 1) * clusters).ljust(CLUSTER, b"\0")
        + bytes(CLUSTER)
        + table.ljust((clusters - 4) * CLUSTER, b"\0")
    )
    assert "qemu-img prints more than 1,048,576 bytes" in refusal(age(source), cache)
    assert cached() == []


def test_qemu_img_gets_little_memory_and_needs_no_more_for_a_disk_of_15_tib(
    tmp_path: Path, cache: Cache
) -> None:
    source = tmp_path / "huge.qcow2"
    subprocess.run([need("qemu-img"), "create", "-q", "-f", "qcow2", source, "15T"], check=True)
    with open_source(str(age(source)), cache) as disk:
        assert disk.size == 15 * 1024**4
        assert os.fstat(disk.descriptor).st_blocks == 0


def test_a_program_gets_no_more_memory_than_it_is_given() -> None:
    most = 512 * 1024**2
    with run_program(["/bin/sleep", "10"], memory=most) as program:
        assert resource.prlimit(program.process.pid, resource.RLIMIT_AS) == (most, most)


def test_a_vdi_whose_block_map_is_damaged_is_refused(raw: Path, cache: Cache, cached: Cached) -> None:
    source = make_source(raw, "vdi")
    content = bytearray(source.read_bytes())
    (place,) = struct.unpack_from("<I", content, 0x154)
    content[place : place + 4] = struct.pack("<I", 0x7FFFFFF)
    source.write_bytes(content)
    assert "cannot be read" in refusal(age(source), cache)
    assert cached() == []


@pytest.mark.parametrize("path", ["", ".", "tools"])
def test_a_program_of_the_working_folder_is_never_run(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("xz")
    for folder in (tmp_path, tmp_path / "tools"):
        folder.mkdir(exist_ok=True)
        (folder / "xz").write_text("#!/bin/sh")
        (folder / "xz").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{path}:/nothing")
    assert find_program("xz", "xz-utils", "disk").startswith("/")
