from __future__ import annotations

import os
from pathlib import Path

from extenci.catalog.home import Home
from extenci.observe.leftovers import unused_cache, unused_upload_files

DAY = 86_400.0
NOW = 1_700_000_000.0


def put(path: Path, *, used: float = 0.0, written: float = 0.0) -> str:
    """A file; `used` and `written` are days ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (NOW - used * DAY, NOW - written * DAY))
    return str(path)


def test_what_was_not_used_for_a_month_is_stray_and_so_is_half_a_conversion(tmp_path: Path) -> None:
    put(tmp_path / "disks" / "used.raw", used=29, written=90)
    put(tmp_path / "disks" / "at-work.partial", used=90, written=0.5)
    put(tmp_path / "downloads" / "used", used=29, written=90)
    put(tmp_path / "downloads" / "begun.partial", used=90, written=29)
    stray = {
        put(tmp_path / "disks" / "old.raw", used=31, written=90),
        put(tmp_path / "disks" / "killed.partial", used=0, written=2),
        put(tmp_path / "downloads" / "old", used=31),
        put(tmp_path / "downloads" / "given-up.partial", written=31),
    }
    assert set(unused_cache(tmp_path, NOW)) == stray


def test_a_cache_that_is_not_there_has_nothing(tmp_path: Path) -> None:
    assert list(unused_cache(tmp_path / "none", NOW)) == []


def test_notes_on_uploads_and_block_lists_are_stray_once_nobody_can_go_on_with_them(tmp_path: Path) -> None:
    home = Home(tmp_path)
    put(home.uploads_folder / "campus@snap-1", written=3.5)
    put(home.blocks_folder / ("a" * 64), written=399)
    put(home.blocks_folder / "new.1", written=0.5)
    stray = {
        put(home.uploads_folder / "campus@snap-2", written=4.5),
        put(home.uploads_folder / "campus@snap-3.new", written=5),
        put(home.blocks_folder / ("b" * 64), written=401),
        put(home.blocks_folder / "new.2", written=2),
    }
    assert set(unused_upload_files(home, NOW)) == stray


def test_a_home_without_uploads_has_nothing(tmp_path: Path) -> None:
    assert list(unused_upload_files(Home(tmp_path / "none"), NOW)) == []
