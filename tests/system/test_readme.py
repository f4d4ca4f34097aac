"""README.md is true: in a copy of the repository, its commands print what is shown under them."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.docs.blocks import ROOT, blocks_of, shown_commands
from tests.system.docs.user import User, end_sandbox, make_user, require_shown

README = ROOT / "README.md"
SHOWN = [shown for block in blocks_of(README) for shown in shown_commands(block)]

STAND_INS = {"sh tests/run.sh": "sh tests/run.sh --collect-only -q tests/unit/model"}
"""What is run in place of a command: this very test is among all tests."""

LEFT_BEHIND = (".git", ".venv", ".hypothesis", ".*cache*", ".coverage", "__pycache__", "*.raw")
LINES_OF_TWO_SCREENS = 80


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[User]:
    """A user in a copy of this repository, as a fresh clone would be."""
    user = make_user(tmp_path, EXTENCI_VENV=sys.prefix)
    user.folder.rmdir()
    shutil.copytree(ROOT, user.folder, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
    yield user
    end_sandbox(user)


def test_every_command_succeeds_prints_what_is_shown_and_leaves_nothing_but_the_disk(reader: User) -> None:
    tried = reader.type(SHOWN[0].command, "README.md")
    assert "\n$ extenci plan specs --detailed-exitcode\nNothing to do: sandbox matches the specs.\n" in tried
    assert list(Path(reader.environment["TMPDIR"]).iterdir()) == []
    assert [path.name for path in (reader.folder / "specs/disks").iterdir()] == ["worker.raw"]
    for shown in SHOWN[1:]:
        command = STAND_INS.get(shown.command, shown.command)
        require_shown(reader.type(command, "README.md"), shown.output, "README.md")


def test_the_two_commands_come_first() -> None:
    assert [shown.command for shown in SHOWN[:2]] == ["sh specs/try.sh", "sh tests/run.sh"]


def test_it_fits_two_screens() -> None:
    assert len(README.read_text("utf-8").splitlines()) <= LINES_OF_TWO_SCREENS


def test_what_it_links_to_is_there() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README.read_text("utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []
    assert len(links) > 5
