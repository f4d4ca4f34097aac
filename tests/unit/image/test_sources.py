"""A source that is replaced by a link between its check and its reading."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from extenci.image.sources import Cache, open_source
from extenci.model.errors import DiskChanged


@pytest.mark.parametrize("replaced", ["disks/worker.raw", "disks"])
def test_a_link_in_the_place_of_a_disk_or_its_folder_is_noticed(tmp_path: Path, replaced: str) -> None:
    for folder in ("disks", "private"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "worker.raw").write_bytes(os.urandom(4096))
    path, cache = str(tmp_path / "disks" / "worker.raw"), Cache(tmp_path / "cache")
    with open_source(path, cache) as disk:
        assert disk.size == 4096
    (tmp_path / replaced).rename(tmp_path / "moved")
    (tmp_path / replaced).symlink_to(tmp_path / replaced.replace("disks", "private"))
    with pytest.raises(DiskChanged, match="is reached by a link"), open_source(path, cache):
        pass
