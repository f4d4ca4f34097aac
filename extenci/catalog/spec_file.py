"""Spec files that get another entry: each is put in place whole, with the mode that it had."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from extenci.catalog.files import read_whole, write_whole
from extenci.model.desired import DesiredGroup, DesiredImage
from extenci.model.errors import UsageError
from extenci.spec.stanza import LARGEST, stanza, with_entry
from extenci.spec.words import shown
from extenci.spec.yaml.load import SUFFIXES

NEW_MODE = 0o644


def new_content(path: Path, spec: DesiredImage | DesiredGroup, entry: Mapping[str, Any]) -> str:
    """The text of a spec file with another entry, or of a new file. UsageError where the file cannot be read,
    or is no spec file of the entry's service alone."""
    if path.suffix not in SUFFIXES:
        raise UsageError(f"{shown(path)} is not named like a spec file.", "Its name must end in .yaml.")
    if not path.parent.is_dir():
        raise UsageError(f"The folder {shown(path.parent)} does not exist.", "Make it first.")
    try:
        text = read_whole(path, LARGEST).decode("utf-8")
    except FileNotFoundError:
        return stanza(spec, entry)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{shown(path)} cannot be read: {error}.") from error
    return with_entry(text, path, spec, entry)


def write_spec(path: Path, text: str) -> None:
    """Put a spec file in place (OSError)."""
    real = path.resolve()
    mode = real.stat().st_mode & 0o777 if real.exists() else NEW_MODE
    write_whole(real, text.encode("utf-8"))
    real.chmod(mode)
