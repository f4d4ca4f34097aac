from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from extenci.observe.file_access import Account, account_of, can_reach, can_read

OTHER = Account("other", 61234, frozenset({61235}))
STRANGER = Account("stranger", None)


@pytest.fixture
def file() -> Iterator[Path]:
    """A file in a folder that anybody can enter, as pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        path = folder / "folder" / "key"
        path.parent.mkdir(mode=0o755)
        path.write_text("key")
        path.chmod(0o644)
        if can_read(path, OTHER).possible is not True:
            pytest.skip("the folder of temporary files is closed to others")
        yield path


def test_a_file_that_is_open_to_all_can_be_read_by_anybody(file: Path) -> None:
    assert can_read(file, OTHER).possible is True
    assert can_read(file, STRANGER).possible is True


def test_a_private_file_can_be_read_by_its_owner_only(file: Path) -> None:
    file.chmod(0o600)
    reading = can_read(file, OTHER)
    assert (reading.possible, reading.why) == (False, f"{file} is closed to other")
    assert can_read(file, Account("me", os.geteuid())).possible is True


def test_a_folder_above_it_that_cannot_be_entered_is_named(file: Path) -> None:
    file.parent.chmod(0o700)
    assert can_read(file, OTHER).why == f"{file.parent} is closed to other"
    assert can_reach(file.parent, OTHER).possible is False
    file.parent.chmod(0o711)
    assert can_reach(file.parent, OTHER).possible is True


def test_whether_a_user_who_is_unknown_here_owns_a_private_file_cannot_be_told(file: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    file.chmod(0o600)
    assert can_read(file, STRANGER).possible is False  # root's own
    os.chown(file, 61234, 61234)
    assert can_read(file, STRANGER).possible is None
    assert can_read(file, OTHER).possible is True


def test_members_of_a_files_group_may_read_it(file: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    os.chown(file, 0, 61235)
    file.chmod(0o640)
    assert can_read(file, OTHER).possible is True
    file.chmod(0o604)
    assert can_read(file, OTHER).possible is False


def test_what_does_not_exist_or_is_no_file_is_said_so(file: Path) -> None:
    assert can_read(file.parent / "gone", OTHER).why.endswith("gone does not exist")
    assert can_read(file.parent, OTHER).why.endswith("is not a file")


def test_accounts_of_this_machine_are_known_by_name() -> None:
    assert account_of("root").uid == 0
    assert account_of("no-such-user-here").uid is None
