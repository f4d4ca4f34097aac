"""EC2's query parameters, as moto wants them: lists counted from 1."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode


def read_query(text: str) -> dict[str, str]:
    """`Action=RunInstances&MinCount=1…` as a mapping, percent-decoded."""
    return dict(parse_qsl(text, keep_blank_values=True))


def write_query(parameters: Mapping[str, str]) -> bytes:
    return urlencode(parameters).encode()


def count_from_one(parameters: Mapping[str, str]) -> dict[str, str]:
    """Renumbers each list from 1 on, keeping its order.

    Corrects moto, which stops reading a list at the first missing number from 1 on. AWS takes any
    numbers: HTCondor's ec2_gahp sends `ResourceId.0`, `Tag.0.Key` (seen with HTCondor 23.9.6).
    """
    numbers: dict[tuple[str, ...], set[int]] = {}
    split = {name: tuple(name.split(".")) for name in parameters}
    for words in split.values():
        for position, word in enumerate(words):
            if word.isdecimal():
                numbers.setdefault(words[:position], set()).add(int(word))
    ranks = {
        prefix: {number: str(rank) for rank, number in enumerate(sorted(found), start=1)}
        for prefix, found in numbers.items()
    }
    return {
        ".".join(
            ranks[words[:position]][int(word)] if word.isdecimal() else word
            for position, word in enumerate(words)
        ): parameters[name]
        for name, words in split.items()
    }
