"""Saved plans: the files that `plan --out FILE` writes and `apply FILE` reads.

Only their owner can read them, since the specs inside may hold user data. Their content is distrusted.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from extenci.catalog.files import open_regular, read_whole, write_whole
from extenci.catalog.plan_file.document import parse_document
from extenci.catalog.plan_file.encode import encode
from extenci.catalog.plan_file.unexpected import Unexpected
from extenci.model.errors import PlanError
from extenci.model.plan import SavedPlan

KIND = "extenci plan"
PLAN_FILE_VERSION = 3
BEGINNING = b'{"kind": "extenci plan"'
LARGEST_BYTES = 64 * 1024**2
AGAIN = "Make a new one: `extenci plan --out FILE`."


def write_plan(saved: SavedPlan, path: Path) -> None:
    """Write a plan to a file that only this user can read, whole or not at all; PlanError.

    An earlier plan is replaced; any other file is not.
    """
    document = {"kind": KIND, "format_version": PLAN_FILE_VERSION, **encode(saved)}
    content = json.dumps(document, ensure_ascii=True, allow_nan=False) + "\n"
    target = Path(os.path.realpath(path))
    try:
        refuse_to_replace(target, path)
        write_whole(target, content.encode())
    except OSError as error:
        raise PlanError(
            f"The plan cannot be written to {path}: {error.strerror or error}.",
            "Name a file in a folder that exists and that this user may write to.",
        ) from error


def refuse_to_replace(target: Path, path: Path) -> None:
    """PlanError where a plan would take the place of something else: a folder, a spec, a disk."""
    try:
        empty = target.stat().st_size == 0 and target.is_file()
    except FileNotFoundError:
        return
    if not empty and not looks_like_plan(target):
        what = "a folder" if target.is_dir() else "not a saved plan"
        raise PlanError(
            f"{path} is {what}, and writing the plan there would destroy it.",
            "Name another file, or remove it first.",
        )


def looks_like_plan(path: Path) -> bool:
    """Whether a path is that of a saved plan, judged by its first bytes; never raises."""
    try:
        descriptor = open_regular(path)
    except OSError:
        return False
    with os.fdopen(descriptor, "rb") as file:
        return file.read(len(BEGINNING)) == BEGINNING


def read_plan(path: Path) -> SavedPlan:
    """Read a plan that `write_plan` wrote; PlanError where it is anything else, with the place and reason."""
    try:
        document = parse_document(read_whole(path, LARGEST_BYTES))
        if document.pop("kind", None) != KIND:
            raise Unexpected("", f"does not say that it is an {KIND}")
        require_version(document.pop("format_version", None), path)
        return saved_plan(document)
    except OSError as error:
        raise PlanError(f"The plan file {path} cannot be read: {error.strerror or error}.", AGAIN) from error
    except Unexpected as error:
        raise PlanError(
            f"The file {path} is not a plan that extenci wrote, or it was changed since: {error}.", AGAIN
        ) from error


def require_version(version: object, path: Path) -> None:
    """PlanError for a plan of another extenci; Unexpected where there is no version."""
    if type(version) is not int:
        raise Unexpected("", "does not say its format version")
    if version != PLAN_FILE_VERSION:
        age = "an older" if version < PLAN_FILE_VERSION else "a newer"
        raise PlanError(
            f"The plan file {path} was written by {age} extenci (format version {version}; this one reads "
            f"{PLAN_FILE_VERSION}).",
            AGAIN,
        )


def saved_plan(document: dict[str, object]) -> SavedPlan:
    """The plan in the rest of a document; Unexpected where there is none, or it contradicts itself."""
    from extenci.catalog.plan_file.checks import check_plan  # noqa: PLC0415
    from extenci.catalog.plan_file.decode import decode  # noqa: PLC0415 - pydantic takes its time

    saved: SavedPlan = decode(SavedPlan, document)
    check_plan(saved)
    return saved
