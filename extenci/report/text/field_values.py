"""Values of fields (text, numbers, lists, mappings, nothing) as text and as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

from extenci.model.address import Address
from extenci.model.plan import FieldChange
from extenci.report.text.safe import safe

SHA256 = re.compile(r"[0-9a-f]{64}")
PLAIN_WORD = re.compile(r"[^\s\"'\[\]{},→][^\s\"\[\]{},→]*")
MISTAKABLE = re.compile(r"true|false|\(none\)|-?[0-9.]+")
LONGEST = 60


def value_text(value: object) -> str:
    """A value as text: `m5.large`, `3`, `true`, `[a, b]`, `{gib: 32}`, `(none)`.

    Text is quoted if it could be read as something else; a SHA-256 is cut to 12 characters.
    """
    match jsonable(value):
        case None:
            return "(none)"
        case bool(truth):
            return "true" if truth else "false"
        case str(text):
            return word(text)
        case list(items):
            return f"[{', '.join(value_text(item) for item in items)}]"
        case dict(mapping):
            return f"{{{', '.join(f'{word(key)}: {value_text(item)}' for key, item in mapping.items())}}}"
        case other:
            return safe(other)


def word(text: str) -> str:
    """Text as one word, or in quotes; long text is cut."""
    if SHA256.fullmatch(text):
        return text[:12]
    shown = safe(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")
    if PLAIN_WORD.fullmatch(shown) and not MISTAKABLE.fullmatch(shown):
        return shown
    return '"' + shown.replace('"', '\\"') + '"'


def field_text(field: FieldChange) -> str:
    """`type: m5.large → m5.xlarge`; only the new value if there was none."""
    if field.before is None:
        return f"{safe(field.path)}: {value_text(field.after)}"
    return f"{safe(field.path)}: {value_text(field.before)} → {value_text(field.after)}"


def jsonable(value: object) -> object:  # noqa: PLR0911 - one return a case
    """The value in JSON's types; sets are sorted, addresses and enumerations become text."""
    match value:
        case None | bool() | int() | float():
            return value
        case str() | Address():
            return str(value)
        case Mapping():
            return {str(key): jsonable(item) for key, item in value.items()}
        case list() | tuple():
            return [jsonable(item) for item in value]
        case set() | frozenset():
            return sorted((jsonable(item) for item in value), key=str)
        case _ if is_dataclass(value):
            return {field.name: jsonable(getattr(value, field.name)) for field in fields(value)}
        case _:
            return str(value)
