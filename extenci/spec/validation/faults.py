"""pydantic's errors → faults at their places, in words for people."""

from __future__ import annotations

import itertools
import typing
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from extenci.spec.validation.sentences import sentence
from extenci.spec.validation.wording import quoted, suggestion
from extenci.spec.yaml.document import (
    MOST_FAULTS,
    Document,
    Fault,
    Mark,
    Node,
    Path,
    find_nothings,
    locate,
    plain,
)

M = TypeVar("M", bound=BaseModel)

FEW_KEYS = 6
"""A message lists all keys of a mapping that has no more than these."""

UNKNOWN_SECRETS = frozenset(
    (
        "access_key", "access_key_id", "aws_access_key_id", "aws_secret_access_key", "aws_session_token",
        "password", "secret", "secret_access_key", "secret_key", "session_token", "token",
    )
)  # fmt: skip
"""Keys of no file format, under which people put secrets."""


def validate(model: type[M], document: Document) -> tuple[M | None, list[Fault]]:
    """The document as a model (None where it has faults), and its faults, those of its YAML too.

    Values are never part of a fault's text, save for words that should have been one of a few.
    """
    if document.top is None:
        return None, list(document.faults)
    faults = [*document.faults, *_find_empty(document.top)]
    try:
        value = model.model_validate(plain(document.top))
    except ValidationError as error:
        details = error.errors(include_url=False)
        silent = {fault.mark for fault in faults}
        found = [explain(detail, document.top, model) for detail in details[:MOST_FAULTS]]
        faults += [fault for fault in found if fault.mark not in silent]
        if len(details) > MOST_FAULTS:
            faults.append(Fault(Mark(), f"has {len(details) - MOST_FAULTS} more problems of this kind"))
        return None, faults
    return (None if faults else value), faults


def _find_empty(top: Node) -> Iterator[Fault]:
    for path in itertools.islice(find_nothings(top), MOST_FAULTS):
        mark = place(top, path)
        yield Fault(mark, f"{subject(path)}has no value; write one, or remove the line")


def explain(detail: ErrorDetails, top: Node, model: type[BaseModel]) -> Fault:
    """One error of pydantic as a fault at its place."""
    loc: Path = tuple(detail["loc"])
    match detail["type"]:
        case "missing":
            path, entry = locate(top, loc[:-1])
            return Fault(entry.mark, f"{subject(path)}lacks the key {quoted(str(loc[-1]))}")
        case "extra_forbidden":
            path, entry = locate(top, loc)
            return Fault(entry.mark, _unknown_key(str(loc[-1]), loc, model))
        case _:
            key = detail.get("ctx", {}).get("key")
            path, entry = locate(top, (*loc, key) if key else loc)
            about = entry.mark if key or loc[-1:] == ("[key]",) else place(top, path)
            return Fault(about, f"{subject(path)}{sentence(detail)}")


def place(top: Node, path: Path) -> Mark:
    """Where to point for a value: at itself on the line of its key, else at the key."""
    entry = locate(top, path)[1]
    return entry.node.mark if entry.node.mark.line == entry.mark.line else entry.mark


def subject(path: Path) -> str:
    """The subject of a message: `'count' `, `'checks', item 2, `, or `the file `."""
    match path:
        case ():
            return "the file "
        case (*_, str() as key):
            return f"{quoted(key)} "
        case (*_, str() as key, int() as index):
            return f"{quoted(key)}, item {index + 1}, "
        case _:
            return "this "


def _unknown_key(key: str, loc: Path, model: type[BaseModel]) -> str:
    if key.lower() in UNKNOWN_SECRETS:
        return (
            f"{quoted(key)} is not a key of this file, and secrets must not be in it: remove it, "
            "and name a file that holds the secret under 'credentials'"
        )
    known = keys_at(model, loc[:-1])
    hint = suggestion(key, known)
    if not hint and len(known) <= FEW_KEYS:
        hint = f"; the keys here are {', '.join(known)}"
    return f"unknown key {quoted(key)}{hint or next(_other_places(key, model, known), '')}"


def _other_places(key: str, model: type[BaseModel], known: Iterable[str]) -> Iterator[str]:
    for place_, found in _models_below(model, "at the top of the file", set()):
        if key in found.model_fields and key not in known:
            yield f"; it belongs {place_}"


def _models_below(
    model: type[BaseModel], where: str, seen: set[type[BaseModel]]
) -> Iterator[tuple[str, type[BaseModel]]]:
    if model in seen:
        return
    seen.add(model)
    yield where, model
    for name, info in model.model_fields.items():
        for below in models_in(info.annotation):
            yield from _models_below(below, f"under {quoted(name)}", seen)


def keys_at(model: type[BaseModel], loc: Path) -> tuple[str, ...]:
    """The keys that a model knows at a path of pydantic's."""
    current: tuple[type[BaseModel], ...] = (model,)
    for step in loc:
        holders = [found for found in current if step in found.model_fields]
        if holders:
            current = models_in(holders[0].model_fields[str(step)].annotation)
        elif isinstance(step, str) and ":" in step:
            current = tuple(found for found in current if step.split(":")[1] in found.model_fields) or current
    return tuple(current[0].model_fields) if current else ()


def models_in(annotation: Any) -> tuple[type[BaseModel], ...]:
    """The models that a type is made of, through lists, mappings, unions and Annotated."""
    parts = typing.get_args(annotation)
    if not parts:
        return (annotation,) if isinstance(annotation, type) and issubclass(annotation, BaseModel) else ()
    return tuple(found for part in parts for found in models_in(part))
