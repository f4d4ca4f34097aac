"""The commands, one file each, and their list. A file is imported when its command is used."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any, NamedTuple

import typer
import typer.main
from typer.core import TyperGroup

from extenci.cli.help import Command


class Listed(NamedTuple):
    """Where a command is (`MODULE:NAME` in `extenci.cli`, a function or a typer app), and the first sentence
    of its help."""

    place: str
    summary: str


COMMANDS = {
    "init": Listed("commands.init:init", "Begin a repository of specs that works at once on the sandbox."),
    "plan": Listed("commands.plan:plan", "Show what apply would do."),
    "apply": Listed("commands.apply:apply", "Make the services what the specs say."),
    "destroy": Listed("commands.destroy:destroy", "Remove all that was made from the specs."),
    "status": Listed("commands.status:status", "Show what is desired, recorded and live."),
    "reconcile": Listed("commands.reconcile:reconcile", "Keep the services what the newest commit says."),
    "verify": Listed("commands.verify:verify", "Boot images in test VMs and find out whether they work."),
    "confirm": Listed("commands.confirm:confirm", "Say whether a test VM that waits for an answer works."),
    "gc": Listed("commands.gc:gc", "Remove what interrupted runs left behind."),
    "unlock": Listed("commands.unlock:unlock", "End the lease of a command that is dead."),
    "validate": Listed("commands.specs:validate", "Check the specs without calling any service."),
    "doctor": Listed(
        "commands.doctor:doctor", "Find out what is missing on this machine and for each service."
    ),
    "schema": Listed(
        "commands.specs:schema",
        "Print the JSON Schema of files that extenci reads or prints.",
    ),
    "stage": Listed("commands.stage:stage", "Stage a disk on a service: upload and register it."),
    "unstage": Listed("commands.unstage:unstage", "Remove an image that `extenci stage` made."),
    "trust": Listed("commands.trust:trust", "Let specs that others wrote use your credentials or disks."),
    "import": Listed(
        "commands.upkeep.import_resources:import_resources",
        "Manage an image or machines that exist already.",
    ),
    "history": Listed(
        "commands.upkeep.history:history", "List what was changed when, and by whom, or show one run."
    ),
    "ssh": Listed("commands.machines.ssh:ssh", "Log in to a machine of a group, or to a test VM."),
    "console": Listed(
        "commands.machines.console:console", "Print the console output of a machine or test VM."
    ),
    "control": Listed(
        "commands.machines.control:app", "Start, stop and list single machines, without specs."
    ),
    "test-vm": Listed(
        "commands.run_test_vm:run_test_vm", "Stage a disk, run it, ask you, and unstage it if it fails."
    ),
    "help": Listed("pages.command:show_help", "Show a page of the documentation, or list the pages."),
    "completion": Listed(
        "completion.command:completion", "Print the script that completes commands in a shell."
    ),
    "catalog": Listed(
        "commands.catalog:app", "The services of this user, and what is recorded as owned there."
    ),
    "sandbox": Listed(
        "commands.sandbox:app", "The local cloud: the service `sandbox`, on this machine only."
    ),
}


def load_command(name: str) -> Any:
    """Import a command."""
    module, _, attribute = COMMANDS[name].place.partition(":")
    found = getattr(import_module(f"extenci.cli.{module}"), attribute)
    if isinstance(found, typer.Typer):
        return typer.main.get_group(found)
    alone = typer.Typer(rich_markup_mode=None, add_completion=False)
    alone.command(name, cls=Command)(found)
    return typer.main.get_command(alone)


class LoadedCommands(MutableMapping[str, Any]):
    """The commands by name, each of which is imported when it is first asked for."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = load_command(name)
        return self._loaded[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in COMMANDS

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class CommandList(TyperGroup):
    """`extenci`: the command that has all others."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = LoadedCommands()

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - typer's
        """Write the list of commands, for which none of them is imported."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, listed.summary) for name, listed in COMMANDS.items()])
