"""The folder that keeps the evidence: one file a check, `console.txt`, and the files that ssh needs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from extenci.model.errors import UsageError
from extenci.verify.target import safe_name

CONSOLE = "console.txt"
KNOWN_HOSTS = "known_hosts"
SSH_CONFIG = "ssh_config"


@dataclass(frozen=True)
class EvidenceFolder:
    """A folder that only its owner can read. A file of the same name is replaced."""

    path: Path

    def name_log(self, number: int, label: str) -> Path:
        """The file for the check with this number."""
        return self.path / f"{number:02}-{safe_name(label)}.txt"

    def write(self, name: str, content: str) -> Path:
        """Put a whole file in place at once, so that nobody ever reads half of it."""
        path, draft = self.path / name, self.path / f".{name}.new"
        with open_private(draft) as file:
            file.write(content.encode("utf-8", "replace"))
        draft.replace(path)
        return path


def open_folder(path: Path) -> EvidenceFolder:
    """Make the folder, mode 0700, unless it exists. Raises UsageError where it cannot be used."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
        folder = EvidenceFolder(path.absolute())
        for name in (KNOWN_HOSTS, CONSOLE):
            folder.write(name, "")
    except OSError as error:
        raise cannot_keep(path, error) from None
    return folder


def cannot_keep(path: Path, error: OSError) -> UsageError:
    """The error for a folder that cannot be written to: without evidence, there is no verdict."""
    return UsageError(
        f"Evidence cannot be kept in {path}: {error.strerror or error}.",
        "Name a folder that can be written to, on a disk with room.",
    )


def open_private(path: Path) -> BinaryIO:
    """Open a file for appending, emptied first. Only its owner can read it; links are not followed."""
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "r+b", buffering=0)
