"""The documentation is true: whoever types what a page says, in a fresh folder with a home and a sandbox
of their own, sees what it shows.

Commands are forked (`tests.program`); README's are started as people start them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.conftest import IN_CI
from tests.system.docs.blocks import DOCS, ROOT, Block, all_pages, blocks_of
from tests.system.docs.user import User, end_sandbox, make_user, with_forked_commands

MIB = 1024**2
QEMU_PROGRAMS = ("qemu-system-x86_64", "qemu-img", "syslinux", "mcopy", "dropbearkey", "ssh")


def is_followed(block: Block) -> bool:
    return block.language in ("sh", "console", "python") and not block.mark


PAGES = [page for page in all_pages() if any(map(is_followed, blocks_of(page)))]


def require_qemu() -> None:
    missing = [name for name in QEMU_PROGRAMS if shutil.which(name) is None]
    if missing and os.environ.get(IN_CI):
        pytest.fail(f"{', '.join(missing)}: not there, and {IN_CI} is set.", pytrace=False)
    if missing:
        pytest.skip(f"{', '.join(missing)}: not there.")


def make_disk(path: Path) -> None:
    """A sparse disk with a boot sector."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(64 * MIB)
        file.write(b"\x90" * 510 + b"\x55\xaa")


@pytest.fixture
def reader(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[User]:
    """A user whose folder has the example specs in `specs`, with a disk that boots nowhere. Machines boot
    where the page says `<!-- needs: qemu -->`."""
    page: Path = request.getfixturevalue("page")
    needs_qemu = "<!-- needs: qemu -->" in page.read_text("utf-8")
    if needs_qemu:
        require_qemu()
    user = with_forked_commands(
        make_user(tmp_path, EXTENCI_SANDBOX_MACHINES="qemu" if needs_qemu else "simulated")
    )
    shutil.copytree(ROOT / "specs", user.folder / "specs", ignore=shutil.ignore_patterns("*.raw", "booting"))
    make_disk(user.folder / "specs" / "disks" / "worker.raw")
    yield user
    end_sandbox(user)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_what_a_page_says_can_be_done_and_prints_what_is_shown(page: Path, reader: User) -> None:
    for block in blocks_of(page):
        reader.follow(block)
