"""The words that can stand at the end of a command line, as one of the scripts asks for them.

The parser of the command line is not used, since it loads what converts values (0.1 s).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import typer.main
from typer.core import TyperGroup

from extenci.cli.commands import COMMANDS, CommandList
from extenci.cli.completion.values import NOTHING, Given, Values, values_of


@dataclass
class Typed:
    """A command and the complete words that follow it."""

    command: Any
    positions: list[str] = field(default_factory=list)
    options: dict[str, list[str]] = field(default_factory=dict)
    pending: Any = None
    """The option whose value comes next."""
    only_values: bool = False
    """After `--`."""


def complete(words: Sequence[str], root: Any) -> Values:
    """What can stand for the last of the words, which may be empty. `root` is the command `extenci`."""
    *complete_words, last = words or [""]
    typed = read_words(complete_words, root)
    if typed is None:
        return NOTHING
    return find_values(typed, last).beginning_with(last)


def find_values(typed: Typed, last: str) -> Values:
    """What can stand for the last word, whatever it begins with."""
    if typed.pending is not None:
        return values_of(typed.pending, given(typed))
    if not typed.only_values and last.startswith("-"):
        return options_of(typed, last)
    if isinstance(typed.command, TyperGroup):
        return command_names(typed.command)
    arguments = arguments_of(typed.command)
    place = min(len(typed.positions), len(arguments) - 1)
    if not arguments or (len(typed.positions) > place and arguments[place].nargs != -1):
        return NOTHING
    return values_of(arguments[place], given(typed))


def options_of(typed: Typed, last: str) -> Values:
    """The names of the options, or the values of the one that is in the last word with `=`."""
    name, equals, _ = last.partition("=")
    if not equals:
        return option_names(typed.command)
    option = find_option(typed.command, name)
    if option is None or option.is_flag:
        return NOTHING
    return values_of(option, given(typed)).after(f"{name}=")


def arguments_of(command: Any) -> list[Any]:
    """The arguments of a command, in their order."""
    return [one for one in command.params if one.param_type_name == "argument"]


def read_words(words: Sequence[str], root: Any) -> Typed | None:
    """Which command the words are for, and what they give it. None where there is no such command."""
    typed = Typed(root)
    for word in words:
        if typed.pending is not None:
            typed.options.setdefault(typed.pending.name, []).append(word)
            typed.pending = None
        elif word == "--" and not typed.only_values:
            typed.only_values = True
        elif word.startswith("-") and not typed.only_values:
            read_option(typed, word)
        elif isinstance(typed.command, TyperGroup):
            below = typed.command.commands.get(word)
            if below is None:
                return None
            typed = Typed(below)
        else:
            typed.positions.append(word)
    return typed


def read_option(typed: Typed, word: str) -> None:
    """Note an option, with its value where that is in the same word."""
    name, equals, value = word.partition("=")
    option = find_option(typed.command, name)
    if option is None or option.is_flag:
        return
    if equals:
        typed.options.setdefault(option.name, []).append(value)
    else:
        typed.pending = option


def find_option(command: Any, name: str) -> Any:
    """The option of a command with this name; None where it has none."""
    return next((one for one in command.params if name in (*one.opts, *one.secondary_opts)), None)


def given(typed: Typed) -> Given:
    """What the words give for arguments and options, by their names in Python."""
    found = dict(typed.options)
    arguments = arguments_of(typed.command)
    for place, word in enumerate(typed.positions):
        if arguments:
            found.setdefault(arguments[min(place, len(arguments) - 1)].name, []).append(word)
    return Given(typed.command, found)


def option_names(command: Any) -> Values:
    """The long options of a command, with their help."""
    context = typer.Context(command)
    params = [one for one in command.get_params(context) if one.param_type_name == "option"]
    return Values(
        tuple(
            (name, " ".join((one.help or "").split()))
            for one in params
            if not one.hidden
            for name in (*one.opts, *one.secondary_opts)
            if name.startswith("--")
        )
    )


def command_names(group: Any) -> Values:
    """The commands of a group, with the first sentence of their help."""
    if isinstance(group, CommandList):
        return Values(tuple((name, listed.summary) for name, listed in COMMANDS.items()))
    commands = group.commands.items()
    return Values(tuple((name, one.get_short_help_str(limit=200)) for name, one in commands))
