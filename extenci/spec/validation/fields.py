"""The kinds of values that specs are made of: names, images, paths, prices, user data, tags.

Most are pydantic's own types with constraints; a `require_…` function checks what those cannot.
"""

from __future__ import annotations

import os
import re
import warnings
from decimal import Decimal
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)

from extenci.model.address import NAME
from extenci.model.launch import Launch
from extenci.model.lease import Lock
from extenci.model.ownership import PREFIX, TAG_KEYS_LIMIT, join_keys
from extenci.model.service import Tagging
from extenci.model.version import Architecture, BootMode, Method
from extenci.spec.validation import schema_terms
from extenci.spec.validation.strict import Expected, wrong
from extenci.spec.validation.urls import require_https, require_s3
from extenci.spec.words import kind_of, printable

LONGEST_TEXT = 255
LONGEST_COMMAND = 4096
LONGEST_PATH = 4095
MOST_SERVICES = 100
MOST_TAGS = 35
"""EC2 allows 50 tags; the others are for extenci's marks."""

USER_DATA_LIMIT = 16 * 1024
"""Bytes of user data, before base64 (EC2: RunInstances, UserData)."""

IMAGE_ID = re.compile(r"(?:ami|emi)-[0-9A-Za-z]{1,32}")
IMAGE_PREFIXES = ("ami-", "emi-")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://.+")

_INNER = r"[^\x00-\x1f\x7f]"
_OUTER = r"[^\s\x00-\x1f\x7f]"
ONE_LINE = f"^{_OUTER}(?:{_INNER}*{_OUTER})?$"
"""Text of one line, not surrounded by spaces."""


def require_no_id(name: str) -> str:
    """A name that does not look like an image's id."""
    if name.startswith(IMAGE_PREFIXES):
        raise wrong("begins like the id of an image; choose a name without ami- or emi- at its front")
    return name


def require_image_id(image: str) -> str:
    """An image's name, or a complete id."""
    if image.startswith(IMAGE_PREFIXES) and not IMAGE_ID.fullmatch(image):
        raise wrong("begins like the id of an image, but is none (ami-0123456789abcdef0)")
    return image


def to_names(value: object) -> object:
    """One name as a list."""
    if not isinstance(value, str | list):
        raise wrong("must be the name of a service, or a list of names")
    return [value] if isinstance(value, str) else value


def require_different(names: list[str]) -> list[str]:
    """Names, each of them once."""
    if len(set(names)) < len(names):
        raise wrong("names a service twice")
    return names


def require_known_home(path: str) -> str:
    """A path. One that begins with `~` must name an existing user; it is made absolute later."""
    if path.startswith("~") and os.path.expanduser(path).startswith("~"):  # noqa: PTH111 - keeps text
        raise wrong("begins with ~ and the name of a user that this machine does not know")
    return path


def require_source(source: str) -> str:
    """A path, or an https or s3 URL."""
    scheme = _SCHEME.fullmatch(source)
    if scheme is None:
        return require_known_home(source)
    if scheme[1] not in ("https", "s3"):
        raise wrong("must be a path, or a URL that begins with https:// or s3://")
    return require_https(source) if scheme[1] == "https" else require_s3(source)


def require_regex(pattern: str) -> str:
    """A regular expression of Python's `re`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise wrong(f"is not a regular expression: {printable(str(error))}") from None
    return pattern


def read_price(value: object) -> str:
    """A price per hour, exact, as text: no sign, no exponent, no zeros at its end."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise wrong(f"must be a price per hour such as 0.05, a number without quotes, not {kind_of(value)}")
    price = Decimal(value)
    if not (price.is_finite() and Decimal("0.000001") <= price <= 10000):
        raise wrong("must be a price per hour from 0.000001 to 10000")
    return f"{price.normalize():f}"


def require_small(user_data: str) -> str:
    """User data within EC2's limit in bytes. Messages never show it."""
    size = len(user_data.encode())
    if size > USER_DATA_LIMIT:
        raise wrong(f"is too long: {size} bytes, at most {USER_DATA_LIMIT}")
    return user_data


def require_printable(text: str) -> str:
    """Text of printable characters, which no terminal obeys."""
    if not text.isprintable():
        raise wrong("must be one line of printable characters")
    return text


def require_free_key(key: str) -> str:
    """A tag's key that is reserved neither for extenci's marks nor for AWS."""
    if not key.strip():
        raise wrong("must not be blank")
    if key.lower().startswith(("aws:", PREFIX)):
        raise wrong(f"must not begin with aws: or {PREFIX}, which are taken")
    return key


def require_short_keys(tags: dict[str, str]) -> dict[str, str]:
    """Tags whose keys fit into the mark that lists them."""
    if len(join_keys(tags)) > TAG_KEYS_LIMIT:
        raise wrong(f"has too long keys: together, with commas between, at most {TAG_KEYS_LIMIT} characters")
    return tags


Text = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT, pattern=ONE_LINE)]
Command = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_COMMAND, pattern=ONE_LINE)]
Port = Annotated[int, Field(ge=1, le=65535), Expected("a port")]

Name = Annotated[
    str,
    StringConstraints(pattern=f"^{NAME.pattern}$"),
    Expected("a name of 1 to 50 letters, digits, dots, dashes, underscores, the first a letter or digit"),
]
EntryName = Annotated[Name, AfterValidator(require_no_id)]
ImageText = Annotated[
    str,
    StringConstraints(pattern=f"^{NAME.pattern}$"),
    Expected("an image's name or id, such as worker or ami-0123456789abcdef0"),
    Field(json_schema_extra=schema_terms.IMAGE),
    AfterValidator(require_image_id),
]
Names = Annotated[
    list[Name],
    BeforeValidator(to_names),
    Field(min_length=1, max_length=MOST_SERVICES),
    AfterValidator(require_different),
    WithJsonSchema(schema_terms.NAMES),
]

_PathText = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_PATH, pattern=ONE_LINE)]
FilePath = Annotated[_PathText, AfterValidator(require_known_home)]
Source = Annotated[_PathText, Field(json_schema_extra=schema_terms.SOURCE), AfterValidator(require_source)]
Sha256 = Annotated[
    str,
    StringConstraints(pattern="^[0-9a-fA-F]{64}$", to_lower=True),
    Expected("a SHA-256 of 64 hexadecimal digits (as sha256sum prints it)"),
]
Regex = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500),
    Field(json_schema_extra={"format": "regex"}),
    AfterValidator(require_regex),
]
Price = Annotated[
    str, PlainValidator(read_price, json_schema_input_type=Annotated[float, Field(gt=0, le=10000)])
]
UserData = Annotated[
    str,
    Expected("text (begin it with | and indent it below)"),
    StringConstraints(min_length=1),
    Field(json_schema_extra={"maxLength": USER_DATA_LIMIT}),
    AfterValidator(require_small),
]
Tags = Annotated[
    dict[
        Annotated[
            str,
            StringConstraints(min_length=1, max_length=127),
            AfterValidator(require_printable),
            AfterValidator(require_free_key),
        ],
        Annotated[str, StringConstraints(max_length=LONGEST_TEXT), AfterValidator(require_printable)],
    ],
    Field(max_length=MOST_TAGS, json_schema_extra=schema_terms.TAGS),
    AfterValidator(require_short_keys),
]

# Strict enumerations take members only, not their words.
ArchitectureChoice = Annotated[Architecture, Field(strict=False)]
BootModeChoice = Annotated[BootMode, Field(strict=False)]
MethodChoice = Annotated[Method, Field(strict=False)]
LaunchChoice = Annotated[Launch, Field(strict=False)]
TaggingChoice = Annotated[Tagging, Field(strict=False)]
LockChoice = Annotated[Lock, Field(strict=False)]
