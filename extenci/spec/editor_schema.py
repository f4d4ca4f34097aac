"""The JSON Schemas of the files that people write: specs, services, and the settings of a root."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from extenci.spec.format import SpecFile
from extenci.spec.root import RootFile
from extenci.spec.services.format import ServiceFile
from extenci.spec.validation.strict import Strict

FORMS: Mapping[str, type[Strict]] = {"spec": SpecFile, "service": ServiceFile, "root": RootFile}
"""By the names that `extenci schema` takes."""


def json_schema(name: str = "spec") -> dict[str, Any]:
    """JSON Schema (2020-12) of a file, with the descriptions that document the format."""
    schema = _without_null(FORMS[name].model_json_schema())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": f"extenci {name}"}


def _without_null(value: Any) -> Any:
    """A key that may be left out is `X | None` in Python, but may not be null in a file."""
    if isinstance(value, list):
        return [_without_null(item) for item in value]
    if not isinstance(value, dict):
        return value
    plain = {key: _without_null(item) for key, item in value.items()}
    options = plain.get("anyOf")
    if not isinstance(options, list) or {"type": "null"} not in options:
        return plain
    rest = [option for option in options if option != {"type": "null"}]
    kept = {key: item for key, item in plain.items() if key != "anyOf" and (key, item) != ("default", None)}
    return {**rest[0], **kept} if len(rest) == 1 else {**kept, "anyOf": rest}
