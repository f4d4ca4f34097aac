"""The values of scalars: the core schema of YAML 1.2 (section 10.3.2 of its specification).

Dates are text, and so are yes, no, on and off.
"""

from __future__ import annotations

import re
from decimal import Decimal

Value = None | bool | int | Decimal | str

TAG = "tag:yaml.org,2002:"
LONGEST_NUMBER = 40
"""Characters; what is longer and looks like a number (a digest, say) is text."""

_NOTHING = frozenset(("", "~", "null", "Null", "NULL"))
_FLAGS = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?[0-9]+")
_PREFIXED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FRACTION = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,9})?")
_SPECIAL = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")


class Ambiguous(ValueError):
    """A scalar that readers of YAML 1.1 and 1.2 take for different values, or that its tag contradicts."""


def resolve(text: str) -> Value:
    """The value of a plain (unquoted) scalar; Ambiguous where readers of YAML disagree on it."""
    if text in _NOTHING:
        return None
    if text in _FLAGS:
        return _FLAGS[text]
    return _resolve_number(text) if len(text) <= LONGEST_NUMBER else text


def _resolve_number(text: str) -> int | Decimal | str:
    if _LEADING_ZERO.fullmatch(text):
        raise Ambiguous(f"{text} begins with 0, which some readers take for octal; quote it if it is text")
    if _INTEGER.fullmatch(text):
        return int(text)
    if _PREFIXED.fullmatch(text):
        return int(text, 0)
    if _SPECIAL.fullmatch(text):
        return Decimal("NaN" if "nan" in text.lower() else "Infinity")
    return Decimal(text) if _FRACTION.fullmatch(text) else text


def resolve_tagged(text: str, tag: str) -> Value:
    """The value of a scalar with one of YAML's own tags; Ambiguous where text and tag disagree.

    KeyError for any other tag.
    """
    expected: dict[str, tuple[type, ...]] = {
        f"{TAG}str": (str,),
        f"{TAG}int": (int,),
        f"{TAG}float": (int, Decimal),
        f"{TAG}bool": (bool,),
        f"{TAG}null": (type(None),),
    }
    types = expected[tag]
    if types == (str,):
        return text
    value = resolve(text)
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise Ambiguous(f"is marked !!{tag.removeprefix(TAG)}, but its text is something else")
    return value
