"""Mappings in columns of the database: compact JSON with sorted keys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from extenci.model.errors import CatalogError
from extenci.spec.words import quoted


def pack(mapping: Mapping[str, object]) -> str:
    """A mapping as JSON. A value of a type that JSON lacks is written as text rather than refused: a result
    that cannot be stored would be lost after its call was made."""
    return json.dumps(dict(mapping), sort_keys=True, separators=(",", ":"), default=simplify)


def simplify(value: object) -> object:
    """A set as a list, a mapping as a dict, anything else as text."""
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def unpack(text: str) -> dict[str, Any]:
    """The mapping that `pack` wrote; CatalogError where a damaged file holds something else."""
    try:
        mapping = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise damaged(text) from error
    if not isinstance(mapping, dict):
        raise damaged(text)
    return mapping


def unpack_tags(text: str) -> dict[str, str]:
    """The tags that `pack` wrote; CatalogError where a damaged file holds something else."""
    tags = unpack(text)
    if not all(isinstance(value, str) for value in tags.values()):
        raise damaged(text)
    return tags


def damaged(text: str) -> CatalogError:
    """The error of a column with a value that extenci never writes; the value is cut short."""
    return CatalogError(
        f"The records hold {quoted(text, 40)} where extenci never writes that: their file is damaged.",
        "Restore catalog/records.sqlite in EXTENCI_HOME from a backup, or move it away.",
    )
