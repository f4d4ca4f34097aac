"""EC2's filters: names joined by AND, values by OR, with the wildcards `*` and `?`.

Corrects moto, which knows few filters of DescribeInstances, fails with a 500 on the others, takes no
wildcards there, and ignores unknown ones elsewhere. AWS: EC2 User Guide, "Filter your resources".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from moto.ec2.exceptions import EC2ClientError

Thing = TypeVar("Thing")
Readers = Mapping[str, Callable[[Thing], Iterable[object]]]
"""By each filter's name that exists: the values that a thing has under it."""


def chosen(
    things: Iterable[Thing],
    filters: Mapping[str, Sequence[str]],
    readers: Readers[Thing],
    tags: Callable[[Thing], Mapping[str, str]],
) -> list[Thing]:
    """The things that pass every filter. Raises InvalidParameterValue for an unknown filter's name, also
    where there is nothing to filter."""
    tests = [(_reader(name, readers, tags), _pattern(values)) for name, values in filters.items()]
    return [
        thing
        for thing in things
        if all(any(pattern.fullmatch(_text(value)) for value in read(thing)) for read, pattern in tests)
    ]


def attributes(names: Mapping[str, str]) -> dict[str, Callable[[object], list[object]]]:
    """Readers of one attribute each, by the filter's name; a thing without it has None there."""
    return {name: _attribute(attribute) for name, attribute in names.items()}


def _attribute(attribute: str) -> Callable[[object], list[object]]:
    return lambda thing: [getattr(thing, attribute, None)]


def _reader(
    name: str, readers: Readers[Thing], tags: Callable[[Thing], Mapping[str, str]]
) -> Callable[[Thing], Iterable[object]]:
    if name.startswith("tag:"):
        key = name.removeprefix("tag:")
        return lambda thing: [value for mine, value in tags(thing).items() if mine == key]
    if name == "tag-key":
        return lambda thing: tags(thing).keys()
    if name == "tag-value":
        return lambda thing: tags(thing).values()
    if name not in readers:
        raise EC2ClientError("InvalidParameterValue", f"The filter '{name}' is invalid")
    return readers[name]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _pattern(values: Sequence[str]) -> re.Pattern[str]:
    """AWS's wildcards: `*` any characters, `?` one; a backslash takes the meaning away."""
    nothing = r"(?!)"
    text = "|".join(_expression(value) for value in values) if values else nothing
    return re.compile(text, re.DOTALL)


def _expression(value: str) -> str:
    wild = {"*": ".*", "?": "."}
    pieces = re.findall(r"\\.|.", value, re.DOTALL)
    return "".join(wild.get(piece) or re.escape(piece[-1]) for piece in pieces)
