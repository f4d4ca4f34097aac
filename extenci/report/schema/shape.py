"""Short ways to write schemas. Objects may have more keys than a schema names: later versions add some."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
TRUTH: Schema = {"type": "boolean"}
SECONDS: Schema = {"type": "number", "minimum": 0}
ADDRESS: Schema = {"type": "string", "pattern": "^[^/]+/[^/]+$"}


def record(fields: dict[str, Schema], *, optional: Iterable[str] = ()) -> Schema:
    """An object that has these fields, but for the optional ones."""
    required = [name for name in fields if name not in set(optional)]
    return {"type": "object", "properties": fields, "required": required}


def many(item: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": item}


def member(kind: type[StrEnum]) -> Schema:
    """A word of an enumeration."""
    return {"enum": [str(one) for one in kind]}


def or_null(schema: Schema) -> Schema:
    """A value, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def titled(title: str, schema: Schema) -> Schema:
    """A whole schema."""
    return {"$schema": DIALECT, "title": title, **schema}
