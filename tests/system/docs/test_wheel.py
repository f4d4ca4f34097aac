"""A wheel has all pages, and the program that is installed from it shows them."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.system.docs.blocks import DOCS, ROOT, all_pages


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this tree, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    words = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, *words, str(ROOT)], check=True, timeout=120)
    (found,) = folder.glob("extenci-*.whl")
    return found


def test_all_pages_are_in_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {f"extenci/docs/{page.relative_to(DOCS).as_posix()}" for page in all_pages()} - names == set()


def test_the_installed_program_shows_them(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "installed"
    install = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(place),
        str(wheel),
    ]
    subprocess.run([sys.executable, *install], check=True, timeout=120)
    environment = {**os.environ, "PYTHONPATH": str(place), "HOME": str(tmp_path)}
    words = [sys.executable, "-m", "extenci", "help", "tutorial"]
    shown = subprocess.run(
        words, cwd=tmp_path, env=environment, check=True, timeout=60, capture_output=True, text=True
    ).stdout
    assert shown.startswith("Tutorial: from nothing to a verified machine\n")
    assert (place / "extenci" / "docs" / "tutorial.md").is_file()
    assert (place / "share" / "man" / "man1" / "extenci-plan.1").is_file()
