"""Saved plans: what `plan --out FILE` writes and `apply FILE` reads. Readable by their owner only, since the
specs inside may hold user data. Whatever is read is distrusted."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from extenci.catalog.plan_file.checks import check_plan
from extenci.catalog.plan_file.typed_json import Unexpected, decode, encode
from extenci.model.errors import PlanError
from extenci.model.plan import SavedPlan

FORMAT_VERSION = 1
KIND = "extenci plan"
BEGINNING = b'{"kind": "extenci plan"'
LARGEST_BYTES = 64 * 1024**2
AGAIN = "Make a new one: `extenci plan --out FILE`."


def write_plan(saved: SavedPlan, path: Path) -> None:
    """Write a plan to a file that only this user can read, whole or not at all; PlanError.

    An earlier plan is replaced; any other file is not.
    """
    document = {"kind": KIND, "format_version": FORMAT_VERSION, **encode(SavedPlan, saved)}
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


def read_plan(path: Path) -> SavedPlan:
    """Read a plan that `write_plan` wrote; PlanError where it is anything else, with what and where."""
    try:
        return parse_plan(read_whole(path))
    except OSError as error:
        raise PlanError(f"The plan file {path} cannot be read: {error.strerror or error}.", AGAIN) from error
    except Unexpected as error:
        raise PlanError(
            f"The file {path} is not a plan that extenci wrote, or it was changed since: {error}.", AGAIN
        ) from error


def looks_like_plan(path: Path) -> bool:
    """Whether a path is that of a saved plan, judged by its first bytes; never raises."""
    try:
        descriptor = open_regular(path)
    except (OSError, Unexpected):
        return False
    with os.fdopen(descriptor, "rb") as file:
        return file.read(len(BEGINNING)) == BEGINNING


def parse_plan(content: bytes) -> SavedPlan:
    """The plan in the bytes of a file; Unexpected where there is none."""
    document = parse_json(content)
    if not isinstance(document, dict) or document.pop("kind", None) != KIND:
        raise Unexpected("", f"does not say that it is an {KIND}")
    version = document.pop("format_version", None)
    if version != FORMAT_VERSION:
        shown = version if isinstance(version, int) else "none"
        raise Unexpected("", f"is of format version {shown}, and this extenci reads {FORMAT_VERSION}")
    try:
        saved: SavedPlan = decode(SavedPlan, document)
    except RecursionError as error:
        raise Unexpected("", "is nested too deeply") from error
    check_plan(saved)
    return saved


def parse_json(content: bytes) -> Any:
    """JSON in UTF-8, without duplicate keys; Unexpected."""
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=unique, parse_constant=no_constant)
    except Unexpected:
        raise
    except UnicodeDecodeError as error:
        raise Unexpected("", "is not text in UTF-8") from error
    except RecursionError as error:
        raise Unexpected("", "is nested too deeply") from error
    except ValueError as error:
        raise Unexpected("", "is not complete JSON") from error


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; the same key twice is refused."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Unexpected("", "has an object with the same key twice")
    return found


def no_constant(name: str) -> None:
    """`NaN` and `Infinity` are no JSON."""
    raise Unexpected("", f"has {name} where a number should be")


def read_whole(path: Path) -> bytes:
    """The bytes of a regular file of bounded size."""
    with os.fdopen(open_regular(path), "rb") as file:
        content = file.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise Unexpected("", f"is larger than {LARGEST_BYTES // 1024**2} MiB")
    return content


def open_regular(path: Path) -> int:
    """A descriptor of a regular file. Opening a FIFO does not wait for its writer."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unexpected("", "is not a regular file")
    return descriptor


def refuse_to_replace(target: Path, path: Path) -> None:
    """PlanError where a plan would take the place of something else: a folder, a spec, a disk."""
    try:
        empty = target.stat().st_size == 0 and target.is_file()
    except FileNotFoundError:
        return
    if not empty and not looks_like_plan(target):
        what = "a folder" if target.is_dir() else "something else than a saved plan"
        raise PlanError(
            f"{path} is {what}, and writing the plan there would destroy it.",
            "Name another file, or remove it first.",
        )


def write_whole(target: Path, content: bytes) -> None:
    """Put a file in place at once, with mode 0600, and on disk before it has its name."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:50]}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
