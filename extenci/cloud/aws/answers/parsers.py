"""The SDK's parsers, made strict: a value that is not of its type is an error that names the field.

The SDK's own raise whatever the conversion of a value raises, and some take anything.
"""

from __future__ import annotations

import traceback
from datetime import UTC, datetime
from functools import cache
from threading import Lock
from typing import Any

from botocore.parsers import ResponseParserError, ResponseParserFactory
from botocore.response import StreamingBody
from botocore.utils import parse_timestamp

TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "character": str,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "boolean": bool,
}
"""Python's types of the scalars of a service's model."""
THROTTLED = 429
NO_ADDRESS = (404, 410)

_one_at_a_time = Lock()
"""Parsing takes much memory, and Python does one at a time anyway."""


class MalformedValue(ResponseParserError):
    """A value of an answer is not of its type; `field` is its name on the wire."""

    def __init__(self, field: str) -> None:
        super().__init__(f"the value of {field} cannot be read")
        self.field = field


class MissingValue(ResponseParserError):
    """An answer lacks a value that every such answer has; `field` is its name in the SDK's words."""

    def __init__(self, field: str) -> None:
        super().__init__(f"no {field}")
        self.field = field


class StrictParserFactory(ResponseParserFactory):
    """Makes strict parsers: a component of the SDK's session."""

    def __init__(self) -> None:
        super().__init__()
        self.set_parser_defaults(timestamp_parser=read_timestamp)

    def create_parser(self, protocol_name: str) -> StrictParser:  # type: ignore[override]
        """A parser of a protocol's answers."""
        made: Any = super().create_parser(protocol_name)
        plain: Any = type(made)
        made.__class__ = _strict(plain)
        return StrictParser(made)


class StrictParser:
    """Parses answers of one protocol."""

    def __init__(self, parser: Any) -> None:
        self._parser = parser

    def parse(self, response: Any, shape: Any) -> Any:
        """See botocore's ResponseParser. ResponseParserError, or its kind MalformedValue, for every answer
        that is not of the API; one of a service or proxy that has failed is known by its status alone."""
        try:
            with _one_at_a_time:
                return self._parser.parse(response, shape)
        except Exception as error:
            if isinstance(response["body"], StreamingBody):  # which nobody else gets to see
                response["body"].close()
            if _says_all_by_status(response):
                return _known_by_status(response)
            if isinstance(error, ResponseParserError):
                raise
            raise MalformedValue(_field_of(error)) from None


def read_timestamp(value: Any) -> datetime:
    """A time in an answer. ISO 8601, which is most of them, is read 50 times faster than the SDK does it."""
    if isinstance(value, str) and value[10:11] == "T":
        found = datetime.fromisoformat(value)
    else:
        found = parse_timestamp(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@cache
def _strict(parser: Any) -> Any:
    """A class of the SDK's parsers, with scalars that have their type: a repeated element, which the SDK
    makes a list, is none."""

    class Strict(parser):  # type: ignore[misc] # a class of the SDK's
        def _handle_string(self, shape: Any, node: Any) -> Any:
            text = super()._handle_string(shape, node)
            if not isinstance(text, str):
                raise TypeError("no text")
            return text

        def _handle_list(self, shape: Any, node: Any) -> Any:
            items = super()._handle_list(shape, node)
            if any(item is None for item in items):
                raise TypeError("nothing in a list")
            return items

        def _default_handle(self, shape: Any, value: Any) -> Any:
            expected = TYPES.get(shape.type_name)
            is_number = expected is not str and expected is not bool
            if expected and (not isinstance(value, expected) or (is_number and isinstance(value, bool))):
                raise TypeError("another type")
            return super()._default_handle(shape, value)

    return Strict


def _says_all_by_status(response: Any) -> bool:
    """Whether the status of an error is all that is needed of it. An address that does not exist says nothing
    about a resource."""
    status = response["status_code"]
    is_refusal = 400 <= status < 500 and status not in NO_ADDRESS and not response["body"].strip()
    return status >= 500 or status == THROTTLED or is_refusal


def _known_by_status(response: Any) -> dict[str, Any]:
    return {
        "Error": {"Code": str(response["status_code"]), "Message": ""},
        "ResponseMetadata": {
            "HTTPStatusCode": response["status_code"],
            "HTTPHeaders": {name.lower(): value for name, value in response["headers"].items()},
        },
    }


def _field_of(error: Exception) -> str:
    """The field that a parser was reading as it failed: the shape (botocore.model) at hand in the innermost
    of its functions."""
    field = "a field"
    for frame, _ in traceback.walk_tb(error.__traceback__):
        shape = frame.f_locals.get("shape")
        name = getattr(shape, "serialization", {}).get("name") or getattr(shape, "name", "")
        field = str(name) or field
    return field
