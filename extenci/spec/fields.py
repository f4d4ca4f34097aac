"""The kinds of values that the file formats are made of, each with its own words for what is wrong.

A message begins with a verb; the key it is about is put before it (`faults.py`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, WithJsonSchema
from pydantic_core import PydanticCustomError

from extenci.model.ownership import PREFIX, TAG_KEYS_LIMIT, join_keys
from extenci.model.words import NAME, Architecture, BootMode, Launch, Method, Tagging
from extenci.spec.wording import kind_of, listed, printable, quoted, suggestion

IMAGE_ID = re.compile(r"(?:ami|emi)-[0-9A-Za-z]{1,32}")
LONGEST_TEXT = 255
LONGEST_PATH = 4095
USER_DATA_LIMIT = 16 * 1024
"""Bytes of user data, before base64 (EC2: RunInstances, UserData)."""

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
        meant = "true" if value.lower() in ("yes", "on", "y", "true") else "false"
        raise wrong(f"must be true or false; {value!r} is text in YAML 1.2: write {meant}")
    raise wrong(f"must be true or false, not {kind_of(value)}")


def whole(minimum: int, maximum: int, unit: str = "") -> Any:
    """A whole number within bounds; `unit` is for the message."""
    wanted = f"must be a whole number{unit and f' of {unit}'} from {minimum} to {maximum}"

    def read(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value if minimum <= value <= maximum else refuse(wanted)
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
            raise wrong(f"{wanted}, not text: write {value} without quotes")
        raise wrong(wanted if isinstance(value, Decimal) else f"{wanted}, not {kind_of(value)}")

    schema = {"type": "integer", "minimum": minimum, "maximum": maximum}
    return Annotated[int, BeforeValidator(read), WithJsonSchema(schema)]


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


def text(longest: int = LONGEST_TEXT, **schema: object) -> Any:
    """One line of text."""
    return Annotated[
        str,
        BeforeValidator(lambda value: require_text(value, longest)),
        WithJsonSchema({"type": "string", "minLength": 1, "maxLength": longest, **schema}),
    ]


def matching(pattern: str, wanted: str, change: Callable[[str], str] = str) -> Any:
    """Text that matches a whole regular expression; `wanted` says in words what that is."""
    compiled = re.compile(pattern)

    def read(value: object) -> str:
        found = require_text(value)
        return change(found) if compiled.fullmatch(found) else refuse(f"must be {wanted}")

    return Annotated[
        str, BeforeValidator(read), WithJsonSchema({"type": "string", "pattern": f"^{pattern}$"})
    ]


def choice(kind: type[E]) -> Any:
    """One of an enumeration's words."""
    words = [str(member) for member in kind]

    def read(value: object) -> E:
        if isinstance(value, str) and value in words:
            return kind(value)
        said = f", not {quoted(value)}{suggestion(value, words)}" if isinstance(value, str) else ""
        raise wrong(f"must be {listed(words)}{said or f', not {kind_of(value)}'}")

    return Annotated[kind, BeforeValidator(read), WithJsonSchema({"type": "string", "enum": words})]


_DURATION = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,7})s)?", re.ASCII)


def duration(minimum: int, maximum: int) -> Any:
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
    return Annotated[int, BeforeValidator(read), WithJsonSchema(schema)]


def in_words(seconds: int) -> str:
    """Seconds in the largest unit that divides them."""
    units = (("d", 86400), ("h", 3600), ("m", 60))
    return next((f"{seconds // size}{unit}" for unit, size in units if seconds % size == 0), f"{seconds}s")


def read_name(value: object) -> str:
    """What services, stacks, images and groups may be called."""
    found = require_text(value)
    if not NAME.fullmatch(found):
        raise wrong("must be 1 to 50 letters, digits, dots, dashes, underscores, the first a letter or digit")
    return found


def read_entry_name(value: object) -> str:
    """A name that cannot be mistaken for an image's id."""
    found = read_name(value)
    if found.startswith(("ami-", "emi-")):
        raise wrong("begins like the id of an image; choose a name without ami- or emi- at its front")
    return found


def read_image(value: object) -> str:
    """An image's name or id."""
    found = require_text(value)
    if found.startswith(("ami-", "emi-")) and not IMAGE_ID.fullmatch(found):
        raise wrong("begins like the id of an image, but is none (ami-0123456789abcdef0)")
    return found if IMAGE_ID.fullmatch(found) else read_name(found)


def read_names(value: object) -> list[str]:
    """One name, or a list of different ones."""
    if isinstance(value, str):
        return [read_name(value)]
    if not isinstance(value, list) or not value:
        raise wrong("must be the name of a service, or a list of names")
    names = [read_name(item) for item in value]
    if len(set(names)) < len(names):
        raise wrong("names a service twice")
    return names


def read_path(value: object) -> str:
    """A path; spaces around it are refused, `~` and relative paths are resolved later."""
    found = require_text(value, LONGEST_PATH)
    if found.startswith("~") and os.path.expanduser(found).startswith("~"):  # noqa: PTH111 - keeps text
        raise wrong("begins with ~ and the name of a user that this machine does not know")
    return found


_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://.+")


def read_source(value: object) -> str:
    """A path, or a URL with a scheme that sources can come by."""
    found = require_text(value, LONGEST_PATH)
    scheme = _URL.fullmatch(found)
    if scheme is None:
        return read_path(found)
    if scheme[1] not in ("https", "s3"):
        raise wrong("must be a path, or a URL that begins with https:// or s3://")
    return found


def read_regex(value: object) -> str:
    """A regular expression of Python's `re`, at most 500 characters."""
    if not isinstance(value, str) or not value:
        raise wrong(f"must be a regular expression, not {kind_of(value)}")
    if len(value) > 500:
        raise wrong("is too long for a regular expression: at most 500 characters")
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        raise wrong(f"is not a regular expression: {printable(str(error))}") from None
    return value


def read_price(value: object) -> str:
    """A price per hour, exact, as text: no sign, no exponent, no zeros at its end."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise wrong(f"must be a price per hour such as 0.05, a number without quotes, not {kind_of(value)}")
    price = Decimal(value)
    if not (price.is_finite() and Decimal("0.000001") <= price <= 10000):
        raise wrong("must be a price per hour from 0.000001 to 10000")
    return f"{price.normalize():f}"


def read_user_data(value: object) -> str:
    """Text for the machines. What it says is never shown."""
    if not isinstance(value, str):
        raise wrong(f"must be text, not {kind_of(value)}; begin it with | and indent it below")
    if not value:
        raise wrong("is empty; leave the key out")
    size = len(value.encode())
    if size > USER_DATA_LIMIT:
        raise wrong(f"is too long: {size} bytes, at most {USER_DATA_LIMIT}")
    return value


MOST_TAGS = 35
"""EC2 allows 50 tags; the others are for extenci's marks."""


def read_tag_key(key: object) -> str:
    """A tag's key, within EC2's limits (128 characters there), and not one of extenci's marks."""
    if not isinstance(key, str) or not key.strip() or len(key) > 127 or not key.isprintable():
        raise wrong("must be a key of 1 to 127 characters on one line")
    if key.lower().startswith(("aws:", PREFIX)):
        raise wrong(f"must not begin with aws: or {PREFIX}, which are taken")
    return key


def read_tag_value(value: object) -> str:
    """A tag's value, within EC2's limits; numbers would be written in more than one way."""
    if not isinstance(value, str):
        quote = ": put it in quotes" if isinstance(value, bool | int | Decimal) else ""
        raise wrong(f"must be text, not {kind_of(value)}{quote}")
    if len(value) > LONGEST_TEXT or not value.isprintable():
        raise wrong(f"must be one line of at most {LONGEST_TEXT} characters")
    return value


def require_few_tags(value: dict[str, str]) -> dict[str, str]:
    """Tags that leave room for extenci's own."""
    if len(value) > MOST_TAGS:
        raise wrong(f"has {len(value)} tags; at most {MOST_TAGS} leave room for extenci's own")
    if len(join_keys(value)) > TAG_KEYS_LIMIT:
        raise wrong(f"has too long keys: together, with commas between, at most {TAG_KEYS_LIMIT} characters")
    return value


Flag = Annotated[bool, BeforeValidator(read_flag), WithJsonSchema({"type": "boolean"})]
Text = text()
Name = Annotated[
    str, BeforeValidator(read_name), WithJsonSchema({"type": "string", "pattern": f"^{NAME.pattern}$"})
]
EntryName = Annotated[str, BeforeValidator(read_entry_name)]
Names = Annotated[
    list[str],
    BeforeValidator(read_names),
    WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
    ),
]
FilePath = Annotated[str, BeforeValidator(read_path), WithJsonSchema({"type": "string", "minLength": 1})]
Source = Annotated[str, BeforeValidator(read_source), WithJsonSchema({"type": "string", "minLength": 1})]
ImageText = Annotated[str, BeforeValidator(read_image), WithJsonSchema({"type": "string", "minLength": 1})]
Regex = Annotated[str, BeforeValidator(read_regex), WithJsonSchema({"type": "string", "format": "regex"})]
Price = Annotated[str, BeforeValidator(read_price), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]
UserData = Annotated[str, BeforeValidator(read_user_data), WithJsonSchema({"type": "string", "minLength": 1})]
Tags = Annotated[
    dict[Annotated[str, BeforeValidator(read_tag_key)], Annotated[str, BeforeValidator(read_tag_value)]],
    AfterValidator(require_few_tags),
    WithJsonSchema(
        {"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": MOST_TAGS}
    ),
]
Sha256 = matching("[0-9a-fA-F]{64}", "a SHA-256 of 64 hexadecimal digits (as sha256sum prints it)", str.lower)
Port = whole(1, 65535)
ArchitectureChoice = choice(Architecture)
BootModeChoice = choice(BootMode)
MethodChoice = choice(Method)
LaunchChoice = choice(Launch)
TaggingChoice = choice(Tagging)
