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
Read = Callable[[Thing, str], Iterable[object] | None]
"""The values a thing has under a filter's name; None for a name that does not exist."""


def chosen(
    things: Iterable[Thing],
    filters: Mapping[str, Sequence[str]],
    read: Read[Thing],
    tags: Callable[[Thing], Mapping[str, str]],
) -> list[Thing]:
    """The things that pass every filter. Raises InvalidParameterValue for an unknown filter's name."""
    tests = [(name, _pattern(values)) for name, values in filters.items()]
    kept = list(things)
    for name, pattern in tests:
        kept = [
            thing
            for thing in kept
            if any(pattern.fullmatch(_text(value)) for value in _values(thing, name, read, tags))
        ]
    return kept


def _values(
    thing: Thing, name: str, read: Read[Thing], tags: Callable[[Thing], Mapping[str, str]]
) -> Iterable[object]:
    if name.startswith("tag:"):
        mine = tags(thing)
        return [mine[name[4:]]] if name[4:] in mine else []
    if name == "tag-key":
        return tags(thing).keys()
    if name == "tag-value":
        return tags(thing).values()
    values = read(thing, name)
    if values is None:
        raise EC2ClientError("InvalidParameterValue", f"The filter '{name}' is invalid")
    return values


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
