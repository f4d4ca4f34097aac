from __future__ import annotations

import os
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from extenci.catalog.disks.block_lists import UNFINISHED, BlockLists
from extenci.image.block_list import Entry
from extenci.image.digest import Digest
from extenci.model.errors import CatalogError

ENTRIES = [Entry(index, bytes([index]) * 32) for index in (1, 2, 200)]


def digest_of(entries: list[Entry]) -> str:
    digest = Digest()
    for entry in entries:
        digest.add(entry.index, entry.sha256)
    return digest.hexdigest()


DIGEST = digest_of(ENTRIES)


def keep(lists: BlockLists, digest: str = DIGEST) -> None:
    with lists.record() as writer:
        for entry in ENTRIES:
            writer.add(entry.index, entry.sha256)
        writer.keep(digest)


def found_in(lists: BlockLists, digest: str = DIGEST) -> list[Entry] | None:
    with lists.find(digest) as found:
        return None if found is None else list(found.entries())


def test_what_was_kept_is_found_again(tmp_path: Path) -> None:
    keep(BlockLists(tmp_path / "catalog" / "blocks"))
    assert found_in(BlockLists(tmp_path / "catalog" / "blocks")) == ENTRIES
    assert [path.name for path in (tmp_path / "catalog" / "blocks").iterdir()] == [DIGEST]


def test_only_this_user_can_read_it(tmp_path: Path) -> None:
    keep(BlockLists(tmp_path / "blocks"))
    assert stat.S_IMODE((tmp_path / "blocks").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "blocks" / DIGEST).stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", [b"", b"x", bytes(40)])
def test_a_list_that_does_not_hash_to_its_digest_is_not_believed(tmp_path: Path, damage: bytes) -> None:
    lists = BlockLists(tmp_path)
    keep(lists)
    sound = (tmp_path / DIGEST).read_bytes()
    (tmp_path / DIGEST).write_bytes(sound[: -len(damage)] + damage if damage else sound[:-40])
    assert found_in(lists) is None
    keep(lists)
    assert found_in(lists) == ENTRIES


@pytest.mark.parametrize("digest", ["", "../records.sqlite", "/etc/passwd", "a" * 63])
def test_what_is_no_digest_names_no_file(tmp_path: Path, digest: str) -> None:
    assert found_in(BlockLists(tmp_path), digest) is None


def test_a_list_is_not_found_before_it_is_complete_nor_left_behind(tmp_path: Path) -> None:
    lists = BlockLists(tmp_path)
    with lists.record() as writer:
        writer.add(1, bytes(32))
        assert [path.name[: len(UNFINISHED)] for path in tmp_path.iterdir()] == [UNFINISHED]
    assert list(tmp_path.iterdir()) == []


def test_without_a_folder_a_list_is_as_good_as_long_as_it_is_open() -> None:
    with BlockLists().record() as writer:
        for entry in ENTRIES:
            writer.add(entry.index, entry.sha256)
        assert list(writer.keep(DIGEST).entries()) == ENTRIES
    assert found_in(BlockLists()) is None


def test_a_full_disk_is_told_with_the_folder(tmp_path: Path) -> None:
    """In a process of its own that may write small files only: the rest fails as on a full disk."""
    program = f"""
        import resource, signal
        from pathlib import Path
        from extenci.catalog.disks.block_lists import BlockLists
        from extenci.model.errors import CatalogError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            with BlockLists(Path({str(tmp_path)!r})).record() as writer:
                for index in range(100):
                    writer.add(index, bytes(32))
                writer.keep("d" * 64)
        except CatalogError as error:
            print(error.message)
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True
    )
    assert str(tmp_path) in ran.stdout
    assert "File too large" in ran.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(CatalogError, match="cannot be kept"):
        keep(BlockLists(tmp_path / "blocks"))
