"""The keys of a file format, from its pydantic forms."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from ruamel.yaml import YAML

from extenci.model.text import either, joined
from extenci.spec.validation.strict import Strict
from extenci.verify.checks import KINDS
from extenci.verify.form import CheckForm

EXAMPLES = Path(__file__).parent / "examples"
LONGEST_EXAMPLE = 80

Form = type[BaseModel]
Examples = dict[tuple[Form, str], str]


@dataclass(frozen=True)
class Section:
    """A form under its heading. `anchor` is where others link to, on this page or another."""

    title: str
    form: Form

    @property
    def anchor(self) -> str:
        """The anchor of the heading."""
        return "".join(one for one in self.title.lower().replace(" ", "-") if one.isalnum() or one == "-")


def own_keys(form: Form) -> list[str]:
    """The keys that a form adds to those of its bases, or changes."""
    return [key for key in form.model_fields if defining_form(form, key) is form]


def defining_form(form: Form, key: str) -> Form:
    """The form, or the nearest base of it, whose key this is."""
    return next(one for one in form.__mro__ if key in one.__annotations__)


def base_forms(form: Form) -> list[Form]:
    """The bases with keys of their own, nearest first."""
    return [one for one in form.__mro__[1:] if issubclass(one, Strict) and own_fields(one)]


def own_fields(form: Form) -> bool:
    """Whether a form has keys of its own."""
    return any(key in form.__annotations__ for key in form.model_fields)


def nested_forms(annotation: Any) -> Iterator[Form]:
    """The forms in a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from nested_forms(part)


def read_examples(forms: Mapping[str, Form]) -> Examples:
    """An example of each key, from the files in `examples`: the first one that is short enough for a line."""
    found: Examples = {}
    for name, form in forms.items():
        _collect(form, YAML(typ="safe", pure=True).load(EXAMPLES / name), found)
    return found


def _collect(form: Form, data: Mapping[str, Any], found: Examples) -> None:
    for key, value in data.items():
        place = (defining_form(form, key), key)
        text = _in_one_line(key, value)
        if not found.get(place):
            found[place] = text if len(text) <= LONGEST_EXAMPLE else ""
        for below in nested_forms(form.model_fields[key].annotation):
            for one in _mappings(below, value):
                _collect(_form_of(below, one), one, found)


def _mappings(form: Form, value: Any) -> Iterator[Mapping[str, Any]]:
    """The mappings in a value that a form is of: itself, the items of a list, or the values of a mapping."""
    if isinstance(value, list):
        yield from value
    elif isinstance(value, dict) and set(value) <= set(form.model_fields):
        yield value
    elif isinstance(value, dict):
        yield from value.values()


def _form_of(form: Form, data: Mapping[str, Any]) -> Form:
    if not issubclass(form, CheckForm):
        return form
    return next(kind.form for kind in KINDS if kind.name in data)


def _in_one_line(key: str, value: Any) -> str:
    writer = YAML()
    writer.default_flow_style = True
    writer.width = 1000
    out = io.StringIO()
    writer.dump({key: value}, out)
    return out.getvalue().strip()[1:-1]


def describe_keys(form: Form, links: Mapping[Form, str], examples: Examples) -> str:
    """The keys of a form as a list in Markdown."""
    schema = form.model_json_schema()
    lines = []
    for key in own_keys(form):
        entry = schema["properties"][key]
        below = [links[one] for one in nested_forms(form.model_fields[key].annotation) if one in links]
        words = _type_in_words(entry, schema.get("$defs", {}), below)
        meaning = entry.get("description", "")
        if key in schema.get("required", ()):
            words += ", required"
        elif "Default:" not in meaning and entry.get("default") not in (None, {}, []) and not below:
            words += f", default `{_plain(entry['default'])}`"
        example = examples.get((form, key), "")
        shown = f" Example: `{example}`" if example else ""
        lines.append(f"- **`{key}`** ({words}): {meaning}{shown}\n")
    return "".join(lines)


def _plain(value: Any) -> str:
    """A scalar as YAML has it."""
    return value if isinstance(value, str) else json.dumps(value)


def _type_in_words(entry: Mapping[str, Any], defs: Mapping[str, Any], below: Sequence[str]) -> str:
    """A type of a JSON Schema in words. `below`: links to the forms in it."""
    if below:
        is_list = any(one.get("type") == "array" for one in (entry, *entry.get("anyOf", ())))
        is_named = "patternProperties" in entry or isinstance(entry.get("additionalProperties"), dict)
        kind = "list" if is_list else "mapping by name" if is_named else "mapping"
        return f"{kind}, see {joined(list(dict.fromkeys(below)), 'and')}"
    match entry:
        case {"$ref": str(name)}:
            return _type_in_words(defs[name.rpartition("/")[2]], defs, below)
        case {"anyOf": list(options)}:
            kinds = [_type_in_words(one, defs, ()) for one in options if one != {"type": "null"}]
            return " or ".join(dict.fromkeys(kinds))
        case {"type": "array", "items": dict(items)}:
            return f"list of {_type_in_words(items, defs, ())}"
        case {"type": "object", "additionalProperties": dict(values)}:
            return f"mapping of names to {_type_in_words(values, defs, ())}"
    return _scalar_in_words(entry)


def _scalar_in_words(entry: Mapping[str, Any]) -> str:
    match entry:
        case {"enum": list(words)}:
            return either(f"`{word}`" for word in words)
        case {"type": "string", "examples": [str(first), *_]}:
            return f"time with its unit, such as `{first}`"
        case {"type": "string"}:
            return {"uri": "URL", "regex": "regular expression"}.get(entry.get("format", ""), "text")
        case {"type": "integer", "minimum": low, "maximum": high}:
            return f"whole number, {low} to {high:,}" if low != high else f"the number {low}"
    return {"integer": "whole number", "number": "number", "boolean": "`true` or `false`"}[entry["type"]]
