"""The keys that a format has, and sentences about those that it does not have."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel

from extenci.spec.words import quoted, suggestion
from extenci.spec.yaml.document import Path

FEW_KEYS = 6
"""A message lists all keys of a mapping that has no more than these."""

SECRETS = frozenset(
    (
        "access_key", "access_key_id", "aws_access_key_id", "aws_secret_access_key", "aws_session_token",
        "password", "secret", "secret_access_key", "secret_key", "session_token", "token",
    )
)  # fmt: skip
"""Keys of no file format, under which people put secrets."""


def explain_unknown_key(key: str, loc: Path, model: type[BaseModel]) -> str:
    """A sentence about a key that a format does not have at a path of pydantic's."""
    if key.lower() in SECRETS:
        return (
            f"{quoted(key)} is not a key of this file, and secrets must not be in it: remove it, "
            "and name a file that holds the secret under 'credentials'"
        )
    known = find_keys(model, loc[:-1])
    hint = suggestion(key, known)
    if not hint and len(known) <= FEW_KEYS:
        hint = f"; the keys here are {', '.join(known)}"
    return f"unknown key {quoted(key)}{hint or next(_find_other_places(key, model, known), '')}"


def _find_other_places(key: str, model: type[BaseModel], known: Iterable[str]) -> Iterator[str]:
    for place, found in _find_models_below(model, "at the top of the file", set()):
        if key in found.model_fields and key not in known:
            yield f"; it belongs {place}"


def _find_models_below(
    model: type[BaseModel], where: str, seen: set[type[BaseModel]]
) -> Iterator[tuple[str, type[BaseModel]]]:
    if model in seen:
        return
    seen.add(model)
    yield where, model
    for name, info in model.model_fields.items():
        for below in find_models(info.annotation):
            yield from _find_models_below(below, f"under {quoted(name)}", seen)


def find_keys(model: type[BaseModel], loc: Path) -> tuple[str, ...]:
    """The keys of the mapping at a path of pydantic's."""
    current: tuple[type[BaseModel], ...] = (model,)
    for step in loc:
        holders = [found for found in current if step in found.model_fields]
        if holders:
            current = find_models(holders[0].model_fields[str(step)].annotation)
        elif isinstance(step, str) and ":" in step:
            current = tuple(found for found in current if step.split(":")[1] in found.model_fields) or current
    return tuple(current[0].model_fields) if current else ()


def find_models(annotation: Any) -> tuple[type[BaseModel], ...]:
    """The models in a type, through lists, mappings, unions and Annotated."""
    parts = typing.get_args(annotation)
    if not parts:
        return (annotation,) if isinstance(annotation, type) and issubclass(annotation, BaseModel) else ()
    return tuple(found for part in parts for found in find_models(part))
