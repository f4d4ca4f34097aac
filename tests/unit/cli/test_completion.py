"""Every value that a command takes can be completed, or is known to be one's own words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typer.core import TyperGroup

from extenci.cli.commands import COMMANDS, load_command
from extenci.cli.completion.values import CHOICES, FREE, KINDS, words_of


def params_of(command: Any) -> Iterator[Any]:
    if isinstance(command, TyperGroup):
        for below in command.commands.values():
            yield from params_of(below)
    yield from command.params


def test_the_word_for_a_value_says_how_to_complete_it() -> None:
    unknown = {
        f"{name}: {param.opts[0]} {param.metavar}"
        for name in COMMANDS
        for param in params_of(load_command(name))
        if not getattr(param, "is_flag", False) and not CHOICES.fullmatch(param.metavar or "")
        if words_of(param) - set(KINDS) - FREE
    }
    assert unknown == set(), "use a word that completion/values.py knows, or add it there"
