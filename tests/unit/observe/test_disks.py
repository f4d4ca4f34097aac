from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from extenci.catalog.home import Home
from extenci.catalog.records import Catalog
from extenci.image.sources import Cache
from extenci.model.address import Address
from extenci.model.desired import Desired, DesiredImage, Origin
from extenci.model.errors import SpecError
from extenci.model.version import Disk, Method
from extenci.observe.disks import Reader, changed_disks, known_disks, read_disks
from extenci.observe.failures import Failures
from tests.disks import disk_bytes

WORKER = Address("sandbox", "worker")
DISK_BYTES = disk_bytes()


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(Home(tmp_path / "home")) as opened:
        yield opened


@pytest.fixture
def reader(catalog: Catalog, tmp_path: Path) -> Reader:
    cache = Cache(tmp_path / "cache")
    return Reader(catalog.digests, catalog.block_lists, lambda _service: cache, Failures(("campus",)))


def spec(source: Path | str, sha256: str | None = None) -> DesiredImage:
    return DesiredImage(WORKER, Origin("a.yaml", 3, 5), str(source), Method.EBS, sha256)


def make(path: Path, content: bytes = DISK_BYTES) -> str:
    """A file of yesterday; its SHA-256."""
    path.write_bytes(content)
    os.utime(path, (path.stat().st_mtime - 86_400,) * 2)
    return hashlib.sha256(content).hexdigest()


def test_a_pinned_disk_is_known_once_it_was_read(reader: Reader, tmp_path: Path) -> None:
    pinned = spec(tmp_path / "a.raw", make(tmp_path / "a.raw"))
    assert known_disks([pinned], reader.digests) == {}
    read = read_disks([pinned], reader)
    assert read[WORKER].sha256 == pinned.sha256
    assert known_disks([pinned], reader.digests) == read
    assert known_disks([replace(pinned, sha256="0" * 64)], reader.digests) == {}
    make(tmp_path / "a.raw", disk_bytes(b"another"))
    assert known_disks([pinned], reader.digests) == {}


def test_what_is_not_pinned_is_not_among_what_is_known_without_reading(
    reader: Reader, tmp_path: Path
) -> None:
    make(tmp_path / "a.raw")
    read_disks([spec(tmp_path / "a.raw")], reader)
    assert known_disks([spec(tmp_path / "a.raw")], reader.digests) == {}


def test_a_download_that_was_read_is_known_by_its_pin(reader: Reader) -> None:
    disk = Disk("ab" * 32, 4096, 1, "cd" * 32)
    reader.digests.store_pinned("cd" * 32, disk)
    assert known_disks([spec("https://h/a.raw", "cd" * 32)], reader.digests) == {WORKER: disk}
    assert read_disks([spec("s3://other/place", "cd" * 32)], reader) == {WORKER: disk}


def test_a_pinned_file_that_is_missing_is_left_out_and_one_that_cannot_be_looked_at_is_told(
    reader: Reader, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    for missing in (tmp_path / "none", tmp_path / "file" / "inside"):
        assert read_disks([spec(missing, "0" * 64)], reader) == {}
    with pytest.raises(SpecError) as caught:
        read_disks([spec(tmp_path / ("x" * 300), "0" * 64)], reader)
    assert caught.value.problems[0].line == 3


def test_a_missing_file_without_a_pin_is_told(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="does not exist"):
        read_disks([spec(tmp_path / "none")], reader)


@pytest.mark.parametrize(
    ("sha256", "before", "now", "changed"),
    [
        (None, "A", "A", False),
        (None, "A", "B", True),
        (None, "A", None, True),
        (None, None, "A", True),
        ("0" * 64, "A", "B", True),
        ("0" * 64, "A", None, False),
        ("0" * 64, None, "A", False),
    ],
)
def test_what_is_pinned_did_not_change_only_because_nobody_read_it(
    sha256: str | None, before: str | None, now: str | None, changed: bool
) -> None:
    desired = Desired("lab", "/specs", {}, (spec("/a.raw", sha256),))
    disks = [{WORKER: Disk(one, 1, 1)} if one else {} for one in (before, now)]
    assert changed_disks(desired, disks[0], disks[1]) == ((WORKER,) if changed else ())
