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

STAND_INS = {"sh tests/run.sh": "sh tests/run.sh --collect-only -q"}
"""What is run in place of a command: this very test is among all tests."""

LEFT_BEHIND = (".git", ".venv", ".hypothesis", ".*cache*", ".coverage", "__pycache__", "*.raw")
LINES_OF_TWO_SCREENS = 80


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    """A user in a copy of this repository, as a fresh clone would be."""
    user = make_user(tmp_path_factory.mktemp("reader"), EXTENCI_VENV=sys.prefix)
    user.folder.rmdir()
    shutil.copytree(ROOT, user.folder, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
    yield user
    end_sandbox(user)


@pytest.fixture(scope="module")
def tried(reader: User) -> str:
    """What the first command prints."""
    return reader.type("sh specs/try.sh", "README.md")


@pytest.mark.usefixtures("tried")
def test_every_command_succeeds_and_prints_what_is_shown(reader: User) -> None:
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


def test_trying_it_leaves_nothing_behind_but_the_disk(tried: str, reader: User) -> None:
    assert "\n$ extenci plan specs --detailed-exitcode\nNothing to do: sandbox matches the specs.\n" in tried
    assert list(Path(reader.environment["TMPDIR"]).iterdir()) == []
    assert [path.name for path in (reader.folder / "specs/disks").iterdir()] == ["worker.raw"]
