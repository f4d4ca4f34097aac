from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from extenci.catalog.records import Catalog
from extenci.model.version import Disk

FOUND = (4096, 1_700_000_000_123_456_789, 2**63 + 5, 66, 1_700_000_000_123_456_790)
DISK = Disk("ab" * 32, 4096, 1)


def test_a_disk_that_was_read_is_known_by_its_path_and_fingerprint(catalog: Catalog) -> None:
    assert catalog.digests.cached_disk("/x/a.raw", FOUND) is None
    catalog.digests.store("/x/a.raw", FOUND, DISK)
    assert catalog.digests.cached_disk(Path("/x/a.raw"), FOUND) == DISK
    assert catalog.digests.cached_disk("/x/b.raw", FOUND) is None


@pytest.mark.parametrize("place", range(5))
def test_any_difference_of_the_fingerprint_counts(catalog: Catalog, place: int) -> None:
    catalog.digests.store("/x/a.raw", FOUND, DISK)
    size, mtime, inode, device, ctime = (value + (index == place) for index, value in enumerate(FOUND))
    assert catalog.digests.cached_disk("/x/a.raw", (size, mtime, inode, device, ctime)) is None


def test_a_sha256_once_known_of_the_same_content_is_kept(catalog: Catalog) -> None:
    catalog.digests.store("/x/a.raw", FOUND, replace(DISK, sha256="cd" * 32))
    catalog.digests.store("/x/a.raw", FOUND, DISK)
    assert catalog.digests.cached_disk("/x/a.raw", FOUND) == replace(DISK, sha256="cd" * 32)
    catalog.digests.store("/x/a.raw", FOUND, replace(DISK, digest="ef" * 32))
    assert catalog.digests.cached_disk("/x/a.raw", FOUND) == replace(DISK, digest="ef" * 32)


def test_a_path_need_not_be_utf_8(catalog: Catalog) -> None:
    catalog.digests.store("/x/\udcff.raw", FOUND, DISK)
    assert catalog.digests.cached_disk("/x/\udcff.raw", FOUND) == DISK
    assert catalog.digests.cached_disk("/x/\udcfe.raw", FOUND) is None


def test_a_download_is_known_by_its_sha256_alone(catalog: Catalog) -> None:
    assert catalog.digests.pinned_disk("cd" * 32) is None
    catalog.digests.store_pinned("cd" * 32, DISK)
    assert catalog.digests.pinned_disk("cd" * 32) == replace(DISK, sha256="cd" * 32)
    assert catalog.digests.pinned_disk("ef" * 32) is None
