"""The JSON Schemas of the files of spec roots, for editors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from extenci.spec.format import SpecFile
from extenci.spec.root import RootFile
from extenci.spec.services.format import ServiceFile

FORMS: Mapping[str, type[BaseModel]] = {"spec": SpecFile, "service": ServiceFile, "root": RootFile}
"""The files of a spec root: specs, `services/NAME.yaml` and extenci.yaml."""


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a spec file, with the descriptions that document the format."""
    return form_schema("spec")


def form_schema(name: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of one kind of file."""
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
