"""The contents of the files that a verify block names: with another content, a verdict no longer counts."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from extenci.model.checks import Verify, name_files
from extenci.model.errors import UsageError

MOST_FILES = 10_000
PASSED_OVER = frozenset({"__pycache__", ".git", ".pytest_cache"})


def hash_files(verify: Verify) -> dict[str, str]:
    """The SHA-256 of each file inside the spec root that the block's checks name, by absolute path; of
    folders, all files in them. What is not there is left out. For `verify_hash`."""
    found: dict[str, str] = {}
    for path in sorted(set(_walk(verify))):
        if len(found) >= MOST_FILES:
            raise UsageError(
                f"The checks of a verify block name more than {MOST_FILES:,} files.",
                "Name a folder that has the tests only.",
            )
        digest = _hash(path)
        if digest is not None:
            found[path] = digest
    return found


def _walk(verify: Verify) -> Iterator[str]:
    root = Path(verify.root)
    for name in name_files(verify):
        path = Path(name)
        if not verify.root or not path.is_relative_to(root) or "\0" in name:
            continue
        if path.is_dir() and _is_of_tests(verify, name):
            for folder, below, files in os.walk(path):
                below[:] = sorted(set(below) - PASSED_OVER)
                yield from (os.path.join(folder, file) for file in files)  # noqa: PTH118 - text in, text out
        else:
            yield name


def _is_of_tests(verify: Verify, name: str) -> bool:
    return any(name in getattr(check, "pytest", ()) for check in verify.checks)


def _hash(path: str) -> str | None:
    try:
        if not Path(path).is_file():
            return None
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
