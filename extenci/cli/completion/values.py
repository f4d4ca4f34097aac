"""What can be given for an argument or option: it goes by the word that stands for the value in the help.

A new command gets completion by that alone. A new word for values needs a line here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

CHOICES = re.compile(r"\[([a-z0-9|_-]+)\]")
FREE = frozenset(
    "ABILITIES BUCKET COMMAND DURATION GIB HEX ID IMAGE N NAME NUMBER REGION RULES RUN TYPE URL WORDS".split()  # noqa: SIM905
)
"""Words for values of which nobody here knows a list."""


class Files(StrEnum):
    """What the shell completes itself."""

    NONE = ""
    FILES = ":files"
    FOLDERS = ":folders"


@dataclass(frozen=True)
class Values:
    """Words, each with a text that tells what it is, and whether files can be named, too."""

    words: tuple[tuple[str, str], ...] = ()
    files: Files = Files.NONE

    def __or__(self, other: Values) -> Values:
        return Values((*self.words, *other.words), self.files or other.files)

    def beginning_with(self, text: str) -> Values:
        """Those words that begin with a text."""
        return replace(self, words=tuple(one for one in self.words if one[0].startswith(text)))

    def after(self, text: str) -> Values:
        """The words after a text."""
        return replace(self, words=tuple((text + word, told) for word, told in self.words))

    def lines(self) -> Iterator[str]:
        """A line for each word, with its text behind a tab, and one for files (`:files`, `:folders`)."""
        for word, told in self.words:
            yield f"{word}\t{told}" if told else word
        if self.files:
            yield self.files


NOTHING = Values()


@dataclass(frozen=True)
class Given:
    """What was given already: the values of a command's arguments and options by their names in Python."""

    command: Any
    values: Mapping[str, Sequence[str]]

    @property
    def paths(self) -> list[Path]:
        """The specs: the values of arguments and options that stand for their paths."""
        names = [one.name for one in self.command.params if words_of(one) & {"PATH", "ROOT"}]
        found = [Path(value).expanduser() for name in names for value in self.values.get(name, ())]
        return [path for path in found if path.exists()]

    @property
    def service(self) -> str | None:
        """The service, where there is an option for it and it was given."""
        return next(iter(self.values.get("service", ())), None)


def words_of(param: Any) -> set[str]:
    """The words that stand for a value: `{"ADDRESS", "PATH"}` for `[ADDRESS|PATH]...`."""
    return set((param.metavar or "").strip("[].").split("|")) - {""}


def values_of(param: Any, given: Given) -> Values:
    """What can be given for an argument or option."""
    if found := CHOICES.fullmatch(param.metavar or ""):
        return Values(tuple((word, "") for word in found[1].split("|")))
    if param.metavar is None:
        context = typer.Context(given.command)
        return Values(tuple((item.value, "") for item in param.shell_complete(context, "")))
    values = NOTHING
    for word in sorted(words_of(param)):
        if word in KINDS:
            values |= KINDS[word](given)
    return values


def addresses(given: Given) -> Values:
    """The addresses of images and groups in the specs."""
    from extenci import api

    names = api.spec_names(given.paths)
    words = [*((one, "image") for one in names.images), *((one, "group of machines") for one in names.groups)]
    prefix = f"{given.service}/" if given.service else ""
    return Values(tuple(one for one in sorted(words) if one[0].startswith(prefix)))


def services(given: Given) -> Values:
    """The services of this user and of the specs."""
    from extenci import api

    return Values(tuple((name, "") for name in api.service_names(given.paths)))


def topics(_given: Given) -> Values:
    """The pages of the documentation."""
    from extenci import api

    return Values(tuple((page.short_name, page.title) for page in api.find_pages().values()))


KINDS: Mapping[str, Callable[[Given], Values]] = {
    "ADDRESS": addresses,
    "SERVICE": services,
    "TOPIC": topics,
    "FILE": lambda _: Values(files=Files.FILES),
    "PATH": lambda _: Values(files=Files.FILES),
    "MANIFEST": lambda _: Values(files=Files.FILES),
    "DIR": lambda _: Values(files=Files.FOLDERS),
    "FOLDER": lambda _: Values(files=Files.FOLDERS),
    "ROOT": lambda _: Values(files=Files.FOLDERS),
}
