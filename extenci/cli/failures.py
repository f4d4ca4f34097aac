"""Errors as text on stderr. A traceback is printed only if EXTENCI_DEBUG asks for it."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import typer

from extenci.cli.terminal import palette_of, width_of, write_aside
from extenci.model.errors import ExtenciError, SpecError
from extenci.report.text.safe import paragraph

VALUE_SENTENCES: Mapping[str, Callable[[str, Mapping[str, Any]], str]] = {
    "value_error": lambda _, context: str(context["error"]),
    "int_parsing": lambda given, _: f"{given} is not a whole number.",
    "int_parsing_size": lambda given, _: f"{given} is too large.",
    "float_parsing": lambda given, _: f"{given} is not a number.",
    "bool_parsing": lambda given, _: f"{given} is neither true nor false.",
    "greater_than_equal": lambda given, context: (
        f"{given} is too small: it must be at least {context['ge']}."
    ),
    "less_than_equal": lambda given, context: f"{given} is too large: it must be at most {context['le']}.",
}
"""By the types of pydantic's errors (pydantic docs, Validation Errors)."""

UNBROKEN = 100_000
"""The width where there is no terminal: a text on one line is easier to search for."""


def report_usage(error: typer.TyperException) -> None:
    """Report a wrong command line: its usage, and the mistake."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        write_aside(f"{error.format_message()}\n")
        return
    usage = f"{context.get_usage()}\n" if context is not None else ""
    hint = f"Try `{context.command_path} --help`." if context is not None else ""
    write_aside(usage + error_text(usage_message(error), hint))


def usage_message(error: typer.TyperException) -> str:
    """The mistake in a command line, in words for people: typer lets pydantic read values, whose words
    are not for them."""
    from pydantic import ValidationError

    if isinstance(error.__cause__, ValidationError):
        first = error.__cause__.errors(include_url=False)[0]
        given = repr(str(first["input"]))
        write = VALUE_SENTENCES.get(first["type"])
        error.message = write(given, first.get("ctx", {})) if write else f"{given} does not fit."
    return str(error.format_message())


def report_error(error: ExtenciError) -> None:
    """Report what is wrong, and what to do about it."""
    show_traceback()
    if isinstance(error, SpecError):
        from extenci.report.text.problems import render_problems

        hint = f"{error.hint}\n" if error.hint else ""
        write_aside(render_problems(error.problems, palette=palette_of(sys.stderr)) + hint)
        return
    write_aside(error_text(error.message, error.hint))


def report_system_error(error: OSError) -> None:
    """Report that the operating system refused something that no part of extenci expected it to refuse."""
    show_traceback()
    name = f"{error.filename}: " if error.filename else ""
    write_aside(error_text(f"{name}{error.strerror or type(error).__name__}."))


def report_defect(error: Exception) -> None:
    """Report a defect of extenci. The text of the error is not shown, since it could hold anything."""
    show_traceback()
    write_aside(
        error_text(
            f"extenci itself failed ({type(error).__name__}). This is a defect of extenci.",
            "Set EXTENCI_DEBUG=1 to see where, and report it. What was done is recorded.",
        )
    )


def error_text(message: str, hint: str = "") -> str:
    """`error: …` and the hint, wrapped for a terminal."""
    palette = palette_of(sys.stderr)
    width = width_of(sys.stderr) if sys.stderr.isatty() else UNBROKEN
    first, *others = message.splitlines() or [""]
    lines = paragraph(f"error: {first}", width)
    lines[0] = lines[0].replace("error:", palette.paint(palette.alarm, "error:"), 1)
    for part in (*others, *hint.splitlines()):
        lines += paragraph(part, width)
    return "\n".join(lines) + "\n"


def show_traceback() -> None:
    """Print the traceback of the current error, if EXTENCI_DEBUG asks for it."""
    if os.environ.get("EXTENCI_DEBUG") == "1":
        write_aside(traceback.format_exc())


def show_defects() -> None:
    """With EXTENCI_DEBUG=1, print what extenci itself logs (never what the SDKs do: they log requests)."""
    if os.environ.get("EXTENCI_DEBUG") == "1":
        logger = logging.getLogger("extenci")
        logger.addHandler(logging.StreamHandler())
        logger.setLevel(logging.DEBUG)
