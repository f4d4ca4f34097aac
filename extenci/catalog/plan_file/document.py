"""The JSON of a plan file, from anyone's bytes."""

from __future__ import annotations

import json
from typing import Any

from extenci.catalog.plan_file.unexpected import Unexpected

DEEPEST = 30
"""How deeply objects and lists may be nested: extenci writes about 12 levels, and a field's value may be
nested itself."""


def parse_document(content: bytes) -> dict[str, Any]:
    """An object of JSON in UTF-8, without duplicate keys, and not nested too deeply; Unexpected."""
    try:
        document = json.loads(content.decode(), object_pairs_hook=without_duplicates, parse_constant=refuse)
    except Unexpected:
        raise
    except UnicodeDecodeError as error:
        raise Unexpected("", "is not text in UTF-8") from error
    except RecursionError as error:
        raise Unexpected("", "is nested too deeply") from error
    except ValueError as error:
        raise Unexpected("", "is not complete JSON") from error
    if not isinstance(document, dict):
        raise Unexpected("", "is not an object of JSON")
    check_depth(document)
    return document


def without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; Unexpected where it has the same key twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Unexpected("", "has an object with the same key twice")
    return found


def refuse(constant: str) -> None:
    """`NaN` and `Infinity`, which Python reads, are not JSON."""
    raise Unexpected("", f"has {constant} where a number should be")


def check_depth(value: object, depth: int = 0) -> None:
    """Unexpected where values are nested more deeply than anything that extenci writes."""
    if depth > DEEPEST:
        raise Unexpected("", "is nested too deeply")
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in below:
        check_depth(item, depth + 1)
