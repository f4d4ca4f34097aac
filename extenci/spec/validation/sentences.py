"""The types of pydantic's errors → what is wrong with a value, in words for people.

A sentence begins with a verb. It repeats no value, save a mistaken word or a number in quotes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from pydantic_core import ErrorDetails

from extenci.model.text import either
from extenci.spec.words import kind_of, quoted, suggestion

Context = Mapping[str, Any]


def sentence(detail: ErrorDetails) -> str:
    """The sentence for one error of pydantic."""
    given = detail["input"]
    write = SENTENCES.get(detail["type"])
    return (
        write(given, detail.get("ctx", {})) if write else f"has a value that does not fit ({kind_of(given)})"
    )


def _not(given: object) -> str:
    return f", not {kind_of(given)}"


def _not_text(given: object) -> str:
    """Why a value is not the text that was expected; nothing where it is text."""
    if isinstance(given, str):
        return ""
    return f"{_not(given)}{'; put it in quotes' if isinstance(given, int | Decimal) else ''}"


def _not_whole(given: object) -> str:
    """Why a value is not the whole number that was expected; nothing where it is one."""
    match given:
        case str() if re.fullmatch(r"[0-9]{1,9}", given):
            return f", not text: write {given} without quotes"
        case Decimal():
            return ", without a point or an exponent"
        case int() if not isinstance(given, bool):
            return ""
        case _:
            return _not(given)


_FLAGS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
"""Words that meant true and false in YAML 1.1."""


def _not_flag(given: object) -> str:
    word = given.lower() if isinstance(given, str) else ""
    if word in ("true", "false"):
        return f", not text: write {word} without quotes"
    return f"; {given} is text in YAML 1.2: write {_FLAGS[word]}" if word in _FLAGS else _not(given)


def _unexpected(given: object, context: Context) -> str:
    reason = _not_whole if context["type"] == "int" else _not_text
    return f"must be {context['wanted']}{reason(given)}"


def _none_of(given: object, context: Context) -> str:
    words = re.findall("'([^']*)'", context["expected"])
    reason = f", not {quoted(given)}{suggestion(given, words)}" if isinstance(given, str) else _not(given)
    return f"must be {either(words)}{reason}"


SENTENCES: Mapping[str, Callable[[Any, Context], str]] = {
    "bool_type": lambda given, _: f"must be true or false{_not_flag(given)}",
    "dict_type": lambda given, _: f"must be a mapping{_not(given)}",
    "enum": _none_of,
    "greater_than_equal": lambda _, context: f"must be at least {context['ge']}",
    "int_type": lambda given, _: f"must be a whole number{_not_whole(given)}",
    "less_than_equal": lambda _, context: f"must be at most {context['le']}",
    "list_type": lambda given, _: f"must be a list{_not(given)}",
    "model_type": lambda given, _: f"must be a mapping{_not(given)}",
    "string_pattern_mismatch": lambda *_: "must be one line without control characters or spaces around it",
    "string_too_long": lambda given, context: (
        f"is too long: {len(given)} characters, at most {context['max_length']}"
    ),
    "string_too_short": lambda *_: "is empty; write a value, or leave the key out",
    "string_type": lambda given, _: f"must be text{_not_text(given)}",
    "too_long": lambda _, context: (
        f"has too many items: {context['actual_length']}, at most {context['max_length']}"
    ),
    "too_short": lambda *_: "must not be empty",
    "unexpected": _unexpected,
    "wrong": lambda _, context: str(context["text"]),
}
"""By the errors' types. `unexpected` and `wrong` are our own (`strict.py`)."""
