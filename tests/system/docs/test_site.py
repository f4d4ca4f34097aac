"""The documentation's site is built from the same pages, without a network, and loads nothing else."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.docs.blocks import ROOT, all_pages

ELSEWHERE = re.compile(
    r"""<(?:script|img|iframe)[^>]*\ssrc=["']?(?:https?:)?//|<link[^>]*\shref=["']?(?:https?:)?//"""
)
STYLED = re.compile(r"""(?:url\(|@import\s+)["']?(?:https?:)?//""")


def without_network() -> list[str]:
    """A prefix of commands that have no network, where this machine makes namespaces."""
    unshare = shutil.which("unshare")
    if unshare and subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False).returncode == 0:
        return [unshare, "-rn"]
    return []


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built site."""
    folder = tmp_path_factory.mktemp("site")
    config = str(ROOT / ".ci" / "mkdocs.yml")
    words = [
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--quiet",
        "--config-file",
        config,
        "--site-dir",
        str(folder),
    ]
    done = subprocess.run(
        [*without_network(), sys.executable, *words],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, (
        f"{done.stderr}\nA new page also needs a line in the `nav` of .ci/mkdocs.yml."
    )
    return folder


def test_every_page_is_there(site: Path) -> None:
    pages = {page.relative_to(ROOT / "extenci" / "docs").with_suffix(".html") for page in all_pages()}
    assert {str(page) for page in pages if not (site / page).is_file()} == set()


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    html = {path.name for path in site.rglob("*.html") if ELSEWHERE.search(path.read_text("utf-8"))}
    styles = {path.name for path in site.rglob("*.css") if STYLED.search(path.read_text("utf-8"))}
    assert (html, styles) == (set(), set())
