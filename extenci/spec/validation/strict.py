"""Additions of the file formats to pydantic: strict models, errors in our own words, and types with a name.

A message begins with a verb; the key it is about is put before it (`faults.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import custom_error_schema


class Strict(BaseModel):
    """A mapping of the file formats: no unknown keys, no conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


def wrong(text: str, key: str | None = None) -> PydanticCustomError:
    """An error about the value itself, or about its key `key`."""
    return PydanticCustomError("wrong", "{text}", {"text": text, "key": key})


@dataclass(frozen=True)
class Expected:
    """The name of a type: one message for every value that does not fit, in place of pydantic's several.

    It follows the constraints in `Annotated`. A number's bounds are appended to `words`.
    """

    words: str

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        bounds = f" from {schema['ge']} to {schema['le']}" if schema["type"] == "int" else ""
        context: dict[str, str | int] = {"wanted": self.words + bounds, "type": schema["type"]}
        return custom_error_schema(
            schema, "unexpected", custom_error_message="{wanted}", custom_error_context=context
        )
