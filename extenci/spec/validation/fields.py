"""The kinds of values that specs are made of: names, images, paths, prices, user data, tags."""

from __future__ import annotations

import os
import re
import warnings
from decimal import Decimal
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from extenci.model.address import NAME
from extenci.model.launch import Launch
from extenci.model.ownership import PREFIX, TAG_KEYS_LIMIT, join_keys
from extenci.model.service import Tagging
from extenci.model.version import Architecture, BootMode, Method
from extenci.spec.validation.forms import (
    LONGEST_TEXT,
    Form,
    choice,
    matching,
    read_flag,
    require_text,
    text,
    whole,
    wrong,
)
from extenci.spec.validation.wording import kind_of, printable

IMAGE_ID = re.compile(r"(?:ami|emi)-[0-9A-Za-z]{1,32}")
MOST_SERVICES = 100
LONGEST_PATH = 4095
USER_DATA_LIMIT = 16 * 1024
"""Bytes of user data, before base64 (EC2: RunInstances, UserData)."""


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
    if len(value) > MOST_SERVICES:
        raise wrong(f"names too many services: {len(value)}, at most {MOST_SERVICES}")
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
    return read_https(found) if scheme[1] == "https" else read_s3(found)


def read_https(url: str) -> str:
    """A URL of a file. What is wrong is said without repeating it, since people put passwords into URLs."""
    problem = wrong("must be a URL of a file, such as https://example.edu/images/worker.qcow2")
    if not url.isprintable() or " " in url:
        raise problem
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise problem from None
    if not parts.hostname or port == 0 or len(parts.path) < 2:
        raise problem
    if "@" in parts.netloc:
        raise wrong("has a user or password in its URL; specs hold no secrets, and none are sent")
    return url


_S3_URL = re.compile(r"s3://[A-Za-z0-9][A-Za-z0-9._-]{0,254}/[^/].{0,1023}")


def read_s3(url: str) -> str:
    """`s3://BUCKET/KEY`; the key is taken as it stands."""
    if not _S3_URL.fullmatch(url) or not url.isprintable():
        raise wrong("must name a bucket and a key, such as s3://my-images/worker.qcow2")
    return url


def read_regex(value: object) -> str:
    """A regular expression of Python's `re`, at most 500 characters."""
    if not isinstance(value, str) or not value:
        raise wrong(f"must be a regular expression, not {kind_of(value)}")
    if len(value) > 500:
        raise wrong("is too long for a regular expression: at most 500 characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
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


_ONE_LINE = {"type": "string", "minLength": 1}

Flag = Annotated[bool, Form(read_flag, {"type": "boolean"})]
Text = Annotated[str, text()]
Name = Annotated[str, Form(read_name, {"type": "string", "pattern": f"^{NAME.pattern}$"})]
EntryName = Annotated[str, Form(read_entry_name, {"type": "string", "pattern": f"^{NAME.pattern}$"})]
Names = Annotated[
    list[str],
    Form(read_names, {"anyOf": [_ONE_LINE, {"type": "array", "items": _ONE_LINE, "minItems": 1}]}),
]
FilePath = Annotated[str, Form(read_path, _ONE_LINE)]
Source = Annotated[str, Form(read_source, _ONE_LINE)]
ImageText = Annotated[str, Form(read_image, _ONE_LINE)]
Regex = Annotated[str, Form(read_regex, {"type": "string", "format": "regex"})]
Price = Annotated[str, Form(read_price, {"type": "number", "exclusiveMinimum": 0})]
UserData = Annotated[str, Form(read_user_data, {"type": "string", "minLength": 1})]
Tags = Annotated[
    dict[
        Annotated[str, Form(read_tag_key, {"type": "string"})],
        Annotated[str, Form(read_tag_value, {"type": "string", "maxLength": LONGEST_TEXT})],
    ],
    AfterValidator(require_few_tags),
    Field(json_schema_extra={"maxProperties": MOST_TAGS}),
]
_SHA256 = "a SHA-256 of 64 hexadecimal digits (as sha256sum prints it)"
Sha256 = Annotated[str, matching("[0-9a-fA-F]{64}", _SHA256, str.lower)]
Port = Annotated[int, whole(1, 65535)]
ArchitectureChoice = Annotated[Architecture, choice(Architecture)]
BootModeChoice = Annotated[BootMode, choice(BootMode)]
MethodChoice = Annotated[Method, choice(Method)]
LaunchChoice = Annotated[Launch, choice(Launch)]
TaggingChoice = Annotated[Tagging, choice(Tagging)]
