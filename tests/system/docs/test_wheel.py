"""A wheel has all pages, and the program that is installed from it shows them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from extenci.model.release import __version__
from tests.system.docs.blocks import DOCS, ROOT, all_pages

SCRIPTS = (
    "share/bash-completion/completions/extenci",
    "share/zsh/site-functions/_extenci",
    "share/fish/vendor_completions.d/extenci.fish",
)


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
    for script in SCRIPTS:
        assert "__complete" in (place / script).read_text("utf-8")


def test_a_wheel_made_from_the_source_distribution_is_the_same(wheel: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", str(tmp_path)]
    subprocess.run(words, cwd=ROOT, check=True, timeout=120, capture_output=True)
    source = tmp_path / f"extenci-{__version__}.tar.gz"
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml", "specs/sandbox.yaml"} - names == set()
    words = [
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(tmp_path),
    ]
    subprocess.run([sys.executable, *words, str(source)], check=True, timeout=120)
    with zipfile.ZipFile(tmp_path / wheel.name) as made, zipfile.ZipFile(wheel) as first:
        assert sorted(made.namelist()) == sorted(first.namelist())


def test_uv_installs_it_as_a_tool(wheel: Path, tmp_path: Path) -> None:
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv is None:
        pytest.skip("uv is not installed; pip install uv")
    folders = {"UV_TOOL_DIR": tmp_path / "tools", "UV_TOOL_BIN_DIR": tmp_path / "bin", "HOME": tmp_path}
    environment = {**os.environ, **{name: str(folder) for name, folder in folders.items()}}
    install = [uv, "tool", "install", "--python", sys.executable, str(wheel)]
    done = subprocess.run(
        install, env=environment, cwd=tmp_path, timeout=600, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    shown = subprocess.run(
        [tmp_path / "bin" / "extenci", "--version"],
        env=environment,
        cwd=tmp_path,
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    )
    assert shown.stdout == f"extenci {__version__}\n"
    assert (tmp_path / "bin" / "extenci-test-vm").exists()
