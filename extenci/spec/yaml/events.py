"""YAML text → the parser's events, with its errors in words for people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import Event
from ruamel.yaml.reader import ReaderError

from extenci.spec.words import printable
from extenci.spec.yaml.document import Mark, Unreadable
from extenci.spec.yaml.files import end_mark

_PLAIN = re.compile("[ -~\\n\u00a1-\u1fff\u2030-\ud7ff\ue000-\ufefe]*")
_NOT_ALIKE = re.compile(
    r"^(?:%|---|\.\.\.)|(?:^|[\s\[{,:?-])(?:!|[&*][\w-]*[^\w\s,\]}-])|[|>]#", re.MULTILINE
)
"""Directives, limits of documents, tags, anchors whose names are no words, comments at the head of blocks."""

PARSER_ERRORS = (
    YAMLError,
    ValueError,
    ArithmeticError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
)
"""Of a parser that fails in its own code on some nonsense, too."""

LONGEST_LINE = 100_000
"""Characters. The parser's time for a tag grows with the square of its length."""


class NotAlike(Exception):
    """The quick parser cannot tell what is wrong with a text, or whether anything is."""


def is_plain(text: str) -> bool:
    """Whether libyaml, which knows YAML 1.1 only, reads a text as YAML 1.2 is to be read: without tabs,
    carriage returns, and characters that are line breaks in YAML 1.1 alone, and without what it takes more
    lightly. Fuzzing both parsers has found these."""
    return _PLAIN.fullmatch(text) is not None and _NOT_ALIKE.search(text) is None


def parse_quickly(text: str) -> Iterator[Event]:
    """The events of a plain text by libyaml, in a twentieth of the time; by the other parser where
    ruamel.yaml.clib is not installed. NotAlike where it cannot read on."""
    _refuse_long_lines(text)
    try:
        yield from YAML(typ="safe", pure=False).parse(text)
    except PARSER_ERRORS as error:
        raise NotAlike from error


def parse(text: str) -> Iterator[Event]:
    """The events of a text; Unreadable where the parser cannot read on."""
    _refuse_long_lines(text)
    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except ReaderError as error:
        message = f"holds the character U+{error.character:04X}, which YAML does not allow"
        raise Unreadable(message, end_mark(text[: error.position])) from None
    except MarkedYAMLError as error:
        raise Unreadable(_explain(error, text), to_mark(error.problem_mark or error.context_mark)) from None
    except PARSER_ERRORS as error:
        # The parser fails in its own code on some nonsense (`%YAML 1.x`, escapes beyond Unicode).
        raise Unreadable(f"cannot be read as YAML: {type(error).__name__} in the parser") from None


def _refuse_long_lines(text: str) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > LONGEST_LINE:
            raise Unreadable(f"this line is too long: at most {LONGEST_LINE:,} characters", Mark(number, 1))


def _explain(error: MarkedYAMLError, text: str) -> str:
    mark = error.problem_mark
    if mark is not None and "'\\t'" in str(error.problem) and text[mark.index : mark.index + 1] == "\t":
        return "a tab stands where YAML allows spaces only; indent with spaces"
    problem = str(error.problem)
    if "end of stream" in problem or "<stream end>" in problem:
        begin = to_mark(error.context_mark)
        return f"the file ends within what begins at line {begin.line}: a quote or a bracket is not closed"
    if problem == "mapping values are not allowed here":
        return "this is not valid YAML: a second ': ' in one line; put text that has one in quotes"
    context = f" {error.context}" if error.context else ""
    return printable(f"this is not valid YAML: {problem}{context}")


def to_mark(mark: Any) -> Mark:
    """A place of the parser, which counts from 0; the whole file where it has none."""
    return Mark(mark.line + 1, mark.column + 1) if mark is not None else Mark()
