"""The JSON Schema, the example, and what importing costs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from extenci.model.service import Service
from extenci.spec.editor_schema import json_schema
from extenci.spec.load import load_desired

EXAMPLE = Path(__file__).parents[3] / "specs"
SANDBOX = Service(name="sandbox", region="us-east-1", ec2="http://127.0.0.1:1")


def objects_in(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from objects_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from objects_in(item)


def test_every_key_of_the_format_is_described() -> None:
    for found in objects_in(json_schema()):
        for key, about in found.get("properties", {}).items() if found.get("type") == "object" else ():
            assert about.get("description"), key


def test_the_schema_allows_no_null_and_no_unknown_key() -> None:
    found = list(objects_in(json_schema()))
    assert not [item for item in found if item.get("type") == "null"]
    assert all(
        item["additionalProperties"] is not True
        for item in found
        if item.get("type") == "object" and "properties" in item
    )
    json.dumps(found)


def test_the_schema_accepts_the_example() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    values = YAML(typ="safe", pure=True).load((EXAMPLE / "sandbox.yaml").read_text())
    jsonschema.validate(values, json_schema())
    values["images"]["worker"]["kep"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(values, json_schema())


def test_the_example_is_sound() -> None:
    desired = load_desired([EXAMPLE], catalog_services={}, sandbox=SANDBOX)
    assert desired.stack == "example"
    found = [spec.address for spec in desired.images] + [spec.address for spec in desired.instances]
    assert [str(address) for address in found] == [
        "sandbox/worker",
        "sandbox/pool",
    ]
    assert desired.images[0].source == str(EXAMPLE / "disks" / "worker.raw")


def test_the_package_imports_nothing_until_it_is_used_and_nothing_heavy_then() -> None:
    code = (
        "import sys, extenci.spec; print('pydantic' in sys.modules); import extenci.spec.load; "
        "print([m for m in ('rich', 'boto3', 'typer', 'deepdiff', 'moto') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=EXAMPLE.parent
    )
    assert done.stdout.split("\n")[:2] == ["False", "[]"]
