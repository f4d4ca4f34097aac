"""How single values of a file are read, each with its own words for what is wrong.

A message begins with a verb; the key it is about is put before it (`faults.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import no_info_plain_validator_function

from extenci.model.text import either
from extenci.spec.validation.wording import kind_of, quoted, suggestion

LONGEST_TEXT = 255

E = TypeVar("E", bound=StrEnum)


class Strict(BaseModel):
    """A mapping of the file formats: no unknown keys, no conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


def wrong(text: str, key: str | None = None) -> PydanticCustomError:
    """An error about the value itself, or about its key `key`."""
    return PydanticCustomError("wrong", "{text}", {"text": text, "key": key})


def refuse(text: str) -> NoReturn:
    """Raise `wrong`, where an expression is needed."""
    raise wrong(text)


def read_flag(value: object) -> bool:
    """true or false."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("yes", "no", "on", "off", "y", "n", "true", "false"):
        if value.lower() in ("true", "false"):
            raise wrong(f"must be true or false, not text: write {value.lower()} without quotes")
        meant = "true" if value.lower() in ("yes", "on", "y") else "false"
        raise wrong(f"must be true or false; {value} is text in YAML 1.2: write {meant}")
    raise wrong(f"must be true or false, not {kind_of(value)}")


@dataclass(frozen=True, eq=False)
class Form:
    """How a field is read: a function for its value (it raises `wrong`), and its JSON Schema. It stands in
    `Annotated`, in place of all that pydantic would do."""

    read: Callable[[object], object]
    schema: Mapping[str, object]

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> CoreSchema:
        return no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, core: object, handler: object) -> dict[str, object]:
        return dict(self.schema)


def whole(minimum: int, maximum: int, unit: str = "") -> Form:
    """A whole number within bounds; `unit` is for the message."""
    wanted = f"must be a whole number{unit and f' of {unit}'} from {minimum} to {maximum}"

    def read(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value if minimum <= value <= maximum else refuse(wanted)
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
            raise wrong(f"{wanted}, not text: write {value} without quotes")
        raise wrong(wanted if isinstance(value, Decimal) else f"{wanted}, not {kind_of(value)}")

    return Form(read, {"type": "integer", "minimum": minimum, "maximum": maximum})


def require_text(value: object, longest: int = LONGEST_TEXT) -> str:
    """Text of one line, neither empty nor surrounded by spaces."""
    if not isinstance(value, str):
        hint = "; put it in quotes" if isinstance(value, int | Decimal) else ""
        raise wrong(f"must be text, not {kind_of(value)}{hint}")
    if not value.strip():
        raise wrong("is empty; write a value, or leave the key out")
    if len(value) > longest:
        raise wrong(f"is too long: {len(value)} characters, at most {longest}")
    if value != value.strip() or any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise wrong("must be one line without control characters, and without spaces around it")
    return value


def text(longest: int = LONGEST_TEXT) -> Form:
    """One line of text."""
    schema = {"type": "string", "minLength": 1, "maxLength": longest}
    return Form(lambda value: require_text(value, longest), schema)


def matching(pattern: str, wanted: str, change: Callable[[str], str] = str) -> Form:
    """Text that matches a whole regular expression; `wanted` says in words what that is."""
    compiled = re.compile(pattern)

    def read(value: object) -> str:
        found = require_text(value)
        return change(found) if compiled.fullmatch(found) else refuse(f"must be {wanted}")

    return Form(read, {"type": "string", "pattern": f"^{pattern}$"})


def choice(kind: type[E]) -> Form:
    """One of an enumeration's words."""
    words = [str(member) for member in kind]

    def read(value: object) -> E:
        if isinstance(value, str) and value in words:
            return kind(value)
        said = f", not {quoted(value)}{suggestion(value, words)}" if isinstance(value, str) else ""
        raise wrong(f"must be {either(words)}{said or f', not {kind_of(value)}'}")

    return Form(read, {"type": "string", "enum": words})


_DURATION = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,7})s)?", re.ASCII)


def duration(minimum: int, maximum: int) -> Form:
    """A time such as 90s, 10m, 1h30m or 7d, as seconds; bounds in seconds."""
    bounds = f"from {in_words(minimum)} to {in_words(maximum)}"

    def read(value: object) -> int:
        found = _DURATION.fullmatch(value) if isinstance(value, str) and value else None
        if found is None:
            hint = f": write {value}s or {value}m" if isinstance(value, int) and value is not True else ""
            raise wrong(f"must be a time with its unit, such as 90s, 10m or 24h{hint}")
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
        return total if minimum <= total <= maximum else refuse(f"must be {bounds}")

    schema = {
        "type": "string",
        "pattern": r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?$",
        "examples": ["90s", "10m", "24h"],
    }
    return Form(read, schema)


def in_words(seconds: int) -> str:
    """Seconds in the largest unit that divides them."""
    units = (("d", 86400), ("h", 3600), ("m", 60))
    return next((f"{seconds // size}{unit}" for unit, size in units if seconds % size == 0), f"{seconds}s")
