"""The commands, from the command line itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import typer.main
from typer.core import TyperGroup

from extenci.cli.main import app

PREFORMATTED = "\b\n"


def all_commands() -> Iterator[tuple[str, Any]]:
    """Every command with its full name, as they are listed by `--help`."""
    yield from _below("extenci", typer.main.get_command(app))


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield name, command
    if isinstance(command, TyperGroup):
        for below, one in command.commands.items():
            if not one.hidden:
                yield from _below(f"{name} {below}", one)


def describe_command(name: str, command: Any) -> str:
    """A command in Markdown: usage, text, arguments and options."""
    context = typer.Context(command, info_name=name)
    usage = f"```text\n{' '.join([name, *command.collect_usage_pieces(context)])}\n```\n"
    parts = [f"## {name}\n", usage, *map(_paragraph, inspect.cleandoc(command.help or "").split("\n\n"))]
    rows = [
        _row(param, context) for param in command.get_params(context) if not getattr(param, "hidden", False)
    ]
    described = "".join(f"- **`{names}`**: {text}\n" for names, text in filter(None, rows))
    return "\n".join([*parts, described] if described else parts)


def _row(param: Any, context: Any) -> tuple[str, str] | None:
    record = param.get_help_record(context)
    if record is None or "--help" in param.opts:
        return None
    return record[0].partition(" <")[0], record[1]


def _paragraph(text: str) -> str:
    if not text.startswith(PREFORMATTED):
        return f"{text}\n"
    title, *lines = text.removeprefix(PREFORMATTED).split("\n")
    if not any(line.startswith(" ") for line in lines):
        return "\n".join([title, *lines, ""])
    block = inspect.cleandoc("\n".join(["", *lines]))
    is_shell = all(re.match(r"extenci|\s", line) for line in block.split("\n"))
    opening = "<!-- not run: examples -->\n```sh" if is_shell else "```text"
    return f"{title}\n\n{opening}\n{block}\n```\n"
