"""The commands as pages for `man`, in roff's man macros (man(7))."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from tests.reference.commands import PREFORMATTED, all_commands

FOLDER = Path(__file__).resolve().parents[2] / "extenci" / "docs" / "man"


def man_pages() -> dict[Path, str]:
    """A page for extenci and one for each command right below it, which has its subcommands, too."""
    commands = list(all_commands())
    return {
        FOLDER / f"{name.replace(' ', '-')}.1": _page(
            name, [one for one in commands if _is_told(one[0], name)]
        )
        for name, _ in commands
        if name.count(" ") <= 1
    }


def _is_told(command: str, page: str) -> bool:
    return command == page or (page != "extenci" and command.startswith(f"{page} "))


def _page(name: str, commands: list[tuple[str, Any]]) -> str:
    dashed = name.replace(" ", "-")
    first = re.split(r"\.\s|\n", inspect.cleandoc(commands[0][1].help or ""))[0].rstrip(".")
    lines = [
        '.\\" made by `python -m tests.reference`',
        f'.TH {dashed.upper()} 1 "" "extenci" "extenci"',
        ".SH NAME",
        f"{_escape(dashed)} \\- {_escape(first[0].lower() + first[1:])}",
    ]
    for full, command in commands:
        if full != name:
            lines += [f".SH {_escape(full.upper())}"]
        lines += _command(full, command, is_first=full == name)
    lines += [".SH SEE ALSO", _escape("`extenci help`") + " shows guides and the reference of spec files."]
    return "\n".join(lines) + "\n"


def _command(name: str, command: Any, *, is_first: bool) -> Iterator[str]:
    context = typer.Context(command, info_name=name)
    pieces = " ".join(command.collect_usage_pieces(context))
    yield ".SH SYNOPSIS" if is_first else ".PP"
    yield f".B {_escape(name)}"
    yield _escape(pieces)
    if is_first:
        yield ".SH DESCRIPTION"
    for text in inspect.cleandoc(command.help or "").split("\n\n"):
        yield from _paragraph(text)
    if is_first:
        yield ".SH OPTIONS"
    for param in command.get_params(context):
        record = None if getattr(param, "hidden", False) else param.get_help_record(context)
        if record is not None:
            yield from (".TP", f".B {_escape(record[0].partition(' <')[0])}", _escape(record[1]))
    if isinstance(command, TyperGroup):
        yield ".SH COMMANDS"
        for below, one in command.commands.items():
            yield from (".TP", f".B {_escape(below)}", _escape(one.get_short_help_str(limit=200)))


def _paragraph(text: str) -> Iterator[str]:
    if not text.startswith(PREFORMATTED):
        yield from (".PP", _escape(text))
        return
    title, *lines = text.removeprefix(PREFORMATTED).split("\n")
    yield from (".PP", _escape(title), ".PP", ".nf", *map(_escape, lines), ".fi")


def _escape(text: str) -> str:
    """A text as roff shows it unchanged: backslashes, hyphens, quotes, and lines that look like requests."""
    for plain, escaped in (("\\", "\\e"), ("-", "\\-"), ("`", "\\(ga"), ("'", "\\(aq")):
        text = text.replace(plain, escaped)
    return re.sub(r"^(?=\.)", r"\\&", text, flags=re.MULTILINE)
