"""Values of the model from JSON, validated by pydantic, each against the types of its dataclass.

pydantic is given forms: models made of the dataclasses' own types, with scalars strict and unknown keys
forbidden. Given the dataclasses themselves, it would ignore unknown keys and pick a member of a union by its
fields: an AdoptWork would come back as an UpdateWork. Its own JSON parser is not used, since that refuses
lone surrogates, which stand for bytes of file names that are not UTF-8 (PEP 383).
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union

from pydantic import (
    AfterValidator,
    AllowInfNan,
    BaseModel,
    ConfigDict,
    Field,
    Strict,
    TypeAdapter,
    ValidationError,
    create_model,
)

from extenci.catalog.plan_file.encode import MEMBER
from extenci.catalog.plan_file.unexpected import Unexpected
from extenci.model.verification import Check
from extenci.spec.words import quoted
from extenci.verify.checks import AnyCheck

SCALARS: Mapping[Any, Any] = {
    str: Annotated[str, Strict()],
    int: Annotated[int, Strict()],
    bool: Annotated[bool, Strict()],
    float: Annotated[float, Strict(), AllowInfNan(False)],
    object: Any,
}
TAG = "member"
"""The field of a form that holds the class's name: `is` is a keyword of Python."""


def decode(kind: Any, content: object) -> Any:
    """The value of a type of the model that parsed JSON stands for; Unexpected where it stands for none."""
    try:
        return TypeAdapter(form_of(kind)).validate_python(content)
    except ValidationError as error:
        raise explain(error) from None  # pydantic's own error shows values


def form_of(kind: Any) -> Any:
    """The type that pydantic validates for a type of the model; for Check, which is abstract, its kinds."""
    kind = AnyCheck if kind is Check else kind
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        return form_of_union(arguments)
    if origin in (tuple, frozenset):
        item = form_of(arguments[0])
        return origin[item, ...] if origin is tuple else origin[item]
    if origin is Mapping:
        key = int if arguments[0] is int else form_of(arguments[0])  # the keys of JSON are text
        return types.GenericAlias(dict, (key, form_of(arguments[1])))
    return (
        form_of_dataclass(kind) if isinstance(kind, type) and is_dataclass(kind) else SCALARS.get(kind, kind)
    )


def form_of_union(members: tuple[Any, ...]) -> Any:
    """None, or one of several dataclasses, told apart by their names."""
    forms = tuple(form_of(member) for member in members if member is not type(None))
    form = Annotated[Union[forms], Field(discriminator=TAG)] if len(forms) > 1 else forms[0]  # noqa: UP007
    return form if len(forms) == len(members) else Union[form, None]  # noqa: UP007


@cache
def form_of_dataclass(kind: type[Any]) -> Any:
    """A model with the dataclass's name and fields, all of them required, that is read as the dataclass."""
    hints = typing.get_type_hints(kind)
    forms: dict[str, Any] = {field.name: (form_of(hints[field.name]), ...) for field in fields(kind)}
    name = Annotated[Literal[kind.__name__], Field(alias=MEMBER)]  # type: ignore[name-defined]
    config = ConfigDict(extra="forbid")
    model = create_model(kind.__name__, __config__=config, **{TAG: (name, ...), **forms})

    def build(read: BaseModel) -> Any:
        return kind(**{field: getattr(read, field) for field in forms})

    return Annotated[model, AfterValidator(build)]


MUST_BE: Mapping[str, str] = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "enum": "one of {}",
    "literal_error": "{}",
}
"""What a value must be, by the types of pydantic's errors (pydantic docs, Validation Errors)."""


def explain(error: ValidationError) -> Unexpected:
    """The first problem that pydantic found, with its path. It shows no value: specs may be confidential."""
    first = error.errors(include_url=False, include_input=False)[0]
    place, context = first["loc"], first.get("ctx", {})
    match first["type"]:
        case "missing":
            return Unexpected(path_of(place[:-1]), f"lacks {place[-1]}")
        case "extra_forbidden":
            return Unexpected(path_of(place[:-1]), "has a key that extenci never writes there")
        case "union_tag_invalid":
            return Unexpected(
                path_of(place), f"must say under {MEMBER!r} one of {unquoted(context, 'expected_tags')}"
            )
        case "union_tag_not_found":
            return Unexpected(path_of(place), f"must say under {MEMBER!r} which of the classes it is")
        case known:
            sentence = MUST_BE.get(known, "what extenci writes there")
            return Unexpected(path_of(place), f"must be {sentence.format(unquoted(context, 'expected'))}")


def unquoted(context: Mapping[str, Any], key: str) -> str:
    """Words that pydantic lists as `'a', 'b' or 'c'`, without the quotes."""
    return str(context.get(key, "")).replace("'", "")


def path_of(place: tuple[int | str, ...]) -> str:
    """A path such as `plan.changes[0].work.StageWork.tags`; keys, which may be anything, are cut short."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{quoted(part, 40)[1:-1]}" for part in place)
    return "".join(parts).removeprefix(".")
