"""Times with units, such as 90s or 1h30m. pydantic reads ISO 8601 only (PT90S)."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, PlainValidator

from extenci.spec.validation.strict import wrong

_PATTERN = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,7})s)?", re.ASCII)
_IN_FILES = Annotated[
    str, Field(pattern=r"^(?=.)(\d{1,4}d)?(\d{1,5}h)?(\d{1,6}m)?(\d{1,7}s)?$", examples=["90s", "10m", "24h"])
]


def duration(minimum: int, maximum: int) -> PlainValidator:
    """A time such as 90s, 10m, 1h30m or 7d, as seconds; bounds in seconds."""

    def read(value: object) -> int:
        seconds = read_seconds(value)
        if not minimum <= seconds <= maximum:
            raise wrong(f"must be from {in_words(minimum)} to {in_words(maximum)}")
        return seconds

    return PlainValidator(read, json_schema_input_type=_IN_FILES)


def read_seconds(value: object) -> int:
    """The seconds of a time with its units."""
    found = _PATTERN.fullmatch(value) if isinstance(value, str) and value else None
    if found is None:
        is_number = isinstance(value, int) and not isinstance(value, bool)
        hint = f": write {value}s or {value}m" if is_number else ""
        raise wrong(f"must be a time with its unit, such as 90s, 10m or 24h{hint}")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def in_words(seconds: int) -> str:
    """Seconds in the largest unit that divides them."""
    units = (("d", 86400), ("h", 3600), ("m", 60))
    return next((f"{seconds // size}{unit}" for unit, size in units if seconds % size == 0), f"{seconds}s")
