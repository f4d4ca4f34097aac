"""The folder that evidence is kept in: one file a check, `console.txt`, and what ssh needs."""

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
    """A folder that only its owner can read. What a file of the same name held before is gone."""

    path: Path

    def name_log(self, number: int, label: str) -> Path:
        """The file for the check with this number."""
        return self.path / f"{number:02}-{safe_name(label)}.txt"

    def write(self, name: str, content: str) -> Path:
        """Put a whole file in place at once, so that whoever reads it never sees half of it."""
        path, draft = self.path / name, self.path / f".{name}.new"
        with open_private(draft) as file:
            file.write(content.encode("utf-8", "replace"))
        draft.replace(path)
        return path


def open_folder(path: Path) -> EvidenceFolder:
    """Make the folder where it is not there yet, mode 0700; UsageError where it cannot be used."""
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
    """Evidence cannot be written down, so nothing that a check finds can be relied on."""
    return UsageError(
        f"Evidence cannot be kept in {path}: {error.strerror or error}.",
        "Name a folder that can be written to, on a disk with room.",
    )


def open_private(path: Path) -> BinaryIO:
    """A file that only its owner can read, emptied, to append to; a link is not followed."""
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "r+b", buffering=0)
