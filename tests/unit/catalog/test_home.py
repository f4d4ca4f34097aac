from __future__ import annotations

import stat
from pathlib import Path

import pytest

from extenci.catalog.home import Home
from extenci.catalog.records import Catalog
from extenci.catalog.services.files import service_files
from extenci.model.errors import CatalogError


def test_the_home_is_where_the_environment_says_or_in_the_users_home() -> None:
    assert Home.find({"EXTENCI_HOME": "/a/b"}).path == Path("/a/b")
    assert Home.find({}).path == Path("~/.extenci").expanduser()


def test_reading_never_creates_anything(home: Home) -> None:
    with Catalog.open(home) as catalog:
        assert catalog.records("s").resources == ()
        assert catalog.stacks() == ()
        assert catalog.journal.unsettled("s") == ()
        assert catalog.digests.cached_disk("/x", (1, 2, 3, 4, 5)) is None
    assert service_files(home) == {}
    assert not home.path.exists()


def test_what_is_made_is_for_its_owner_only(home: Home) -> None:
    with Catalog.open(home) as catalog:
        catalog.journal.begin_run("r", "s", "apply")
    assert [
        stat.S_IMODE(path.stat().st_mode) for path in (home.path, home.database.parent, home.database)
    ] == [
        0o700,
        0o700,
        0o600,
    ]


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CatalogError, match=r"file/home cannot be created: Not a directory"):
        Home(tmp_path / "file" / "home").make()
