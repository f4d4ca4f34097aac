"""Values of the model as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

MEMBER = "is"
"""The key of an object that names its class."""


def encode(value: object) -> Any:
    """A value of the model as what JSON has: objects, lists, text, numbers, true, false and null.

    Each object of a dataclass names its class, so that a member of a union is read as what it was.
    """
    if is_dataclass(value) and not isinstance(value, type):
        content = {field.name: encode(getattr(value, field.name)) for field in fields(value)}
        return {MEMBER: type(value).__name__, **content}
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return [encode(item) for item in sorted(value)]
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    return value if isinstance(value, str | int | float | None) else str(value)
