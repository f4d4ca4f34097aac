"""The spec root that a saved plan belongs to, in the checkout where it is applied."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from extenci.model.errors import UsageError
from extenci.model.plan import Checkout
from extenci.spec.files.recognition import find_candidates
from extenci.spec.files.root_files import list_files
from extenci.spec.load import DEFAULT_STACK
from extenci.spec.root import SETTINGS_FILE, find_root, read_root
from extenci.spec.words import shown


def find_saved_root(made_in: Checkout, stack: str, here: Path, top: Path | None) -> Path:
    """The root of a plan's specs, with all links followed: the first folder that has specs of the stack,
    among those where it may be in this checkout, and the one where the plan was made. `here` is the current
    folder, `top` that of its git repository. UsageError where there is none."""
    tried = list(dict.fromkeys(Path(os.path.realpath(one)) for one in candidates(made_in, here, top)))
    found = next((folder for folder in tried if has_specs(folder, stack)), None)
    if found is None:
        places = ", ".join(shown(folder) for folder in tried)
        raise UsageError(
            f"The specs of the plan (stack {stack}) are not here: {places} has none.",
            "Run it in a checkout of the specs, or name their folder: extenci apply PLANFILE ROOT.",
        )
    return found


def candidates(made_in: Checkout, here: Path, top: Path | None) -> Iterator[Path]:
    """The folders where the specs may be, the likeliest first."""
    if made_in.below_folder:
        yield here / made_in.below_folder
    if made_in.below_top and top is not None:
        yield top / made_in.below_top
    root = find_root(here)
    if os.path.lexists(root / SETTINGS_FILE):
        yield root
    yield Path(made_in.root)


def has_specs(folder: Path, stack: str) -> bool:
    """Whether a folder is a root of a stack, with specs in it."""
    if not folder.is_dir():
        return False
    root = read_root(folder)
    if root.faults or (root.stack or DEFAULT_STACK) != stack:
        return False
    try:
        return bool(find_candidates(list_files(root).yaml, ()))
    except UsageError:
        return False
