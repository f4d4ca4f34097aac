"""Values of the model as JSON and back, exactly, led by their types.

pydantic could read these dataclasses, but it ignores keys that it does not know, and picks a member of a
union by what fits: an UpdateWork without `unset` is an AdoptWork to it. Here a member of a union says
its name (`is`), and what is not expected is refused.
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from extenci.model.address import Address
from extenci.model.verification import Check

MEMBER = "is"
"""The key under which a member of a union says its class."""

DEEPEST = 20
"""How deeply values of no stated type may be nested."""


class Unexpected(ValueError):
    """JSON that is not a value of its type; the text says where and what, and is never a value's own."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where or 'the document'} {what}")


def encode(kind: Any, value: Any) -> Any:  # noqa: PLR0911 - one return a kind of type
    """A value of a type as JSON values. Where the type is `object`, tuples become lists."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return encode_union(kind, value)
    if origin in (tuple, frozenset):
        items = sorted(value) if origin is frozenset else value
        return [encode(arguments[0], item) for item in items]
    if origin is Mapping:
        return {str(key): encode(arguments[1], item) for key, item in value.items()}
    if isinstance(kind, type) and is_dataclass(kind):
        return {name: encode(hint, getattr(value, name)) for name, hint in hints(kind).items()}
    if kind is object and isinstance(value, Mapping):
        return {str(key): encode(object, item) for key, item in value.items()}
    if kind is object and isinstance(value, list | tuple):
        return [encode(object, item) for item in value]
    if kind is float:
        return float(value)
    if isinstance(value, StrEnum) or (kind is object and not isinstance(value, str | int | float | None)):
        return str(value)
    return value


def encode_union(kind: Any, value: Any) -> Any:
    """None, the only other member, or one of several classes with its name."""
    members = members_of(kind)
    if value is None or len(members) == 1:
        return None if value is None else encode(members[0], value)
    return {MEMBER: type(value).__name__, **encode(type(value), value)}


def decode(kind: Any, value: Any, where: str = "") -> Any:
    """The value of a type that JSON values stand for; Unexpected where they do not."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return decode_union(kind, value, where)
    if origin in (tuple, frozenset):
        items = expect(list, value, where)
        return origin(decode(arguments[0], item, f"{where}[{place}]") for place, item in enumerate(items))
    if origin is Mapping:
        return decode_mapping(arguments, value, where)
    if is_dataclass(kind):
        return decode_dataclass(kind, value, where)
    return decode_plain(kind, value, where)


def decode_union(kind: Any, value: Any, where: str) -> Any:
    """A member of a union: None, the only other one, or the class that the value names."""
    members = members_of(kind)
    if value is None and len(members) < len(typing.get_args(kind)):
        return None
    if len(members) == 1:
        return decode(members[0], value, where)
    named = {member.__name__: member for member in members}
    content = dict(expect(dict, value, where))
    name = content.pop(MEMBER, None)
    if not isinstance(name, str) or name not in named:
        raise Unexpected(where, f"must say under {MEMBER!r} which of {', '.join(named)} it is")
    return decode(named[name], content, where)


def decode_mapping(arguments: tuple[Any, ...], value: Any, where: str) -> dict[Any, Any]:
    """A mapping with text or addresses as its keys."""
    found = {}
    for key, item in expect(dict, value, where).items():
        try:
            known = Address.parse(key) if arguments[0] is Address else key
        except ValueError:
            raise Unexpected(where, "has a key that is not an address") from None
        found[known] = decode(arguments[1], item, f"{where}.{key[:40]}")
    return found


def decode_dataclass(kind: Any, value: Any, where: str) -> Any:
    """A dataclass of the model: every field, and nothing else."""
    content, wanted = expect(dict, value, where), hints(kind)
    if missing := wanted.keys() - content.keys():
        raise Unexpected(where, f"lacks {', '.join(sorted(missing))}")
    if content.keys() - wanted.keys():
        raise Unexpected(where, f"has other keys than {', '.join(wanted)}")
    below = f"{where}." if where else ""
    return kind(**{name: decode(hint, content[name], f"{below}{name}") for name, hint in wanted.items()})


def decode_plain(kind: Any, value: Any, where: str) -> Any:
    """Text, a number, a truth value, a word of an enumeration, or any JSON at all."""
    if kind is object:
        check_depth(value, where)
        return value
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        if value not in [str(word) for word in kind]:
            raise Unexpected(where, f"must be one of {', '.join(kind)}")
        return kind(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value) if abs(value) < 2**53 else expect(kind, value, where)
    return expect(kind, value, where)


def expect(kind: type, value: Any, where: str) -> Any:
    """The value, where it is of exactly this type of JSON's."""
    if type(value) is not kind or (isinstance(value, float) and not math.isfinite(value)):
        raise Unexpected(where, f"must be {NOUNS[kind]}")
    return value


NOUNS: Mapping[type, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


def check_depth(value: Any, where: str, depth: int = 0) -> None:
    """Refuse values that are nested more deeply than anything that extenci writes."""
    if depth > DEEPEST:
        raise Unexpected(where, "is nested too deeply")
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in below:
        check_depth(item, where, depth + 1)


def members_of(kind: Any) -> list[Any]:
    """The members of a union, besides None."""
    return [member for member in typing.get_args(kind) if member is not type(None)]


@cache
def hints(kind: Any) -> dict[str, Any]:
    """The types of a dataclass's fields, by name, in order."""
    known = typing.get_type_hints(kind)
    return {field.name: concrete(known[field.name]) for field in fields(kind)}


def concrete(kind: Any) -> Any:
    """A type with the union of all kinds of checks where it says Check."""
    if kind != tuple[Check, ...]:
        return kind
    from extenci.verify.checks import AnyCheck  # noqa: PLC0415 - the forms of checks import pydantic

    return tuple[AnyCheck, ...]
