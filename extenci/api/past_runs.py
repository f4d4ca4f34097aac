"""Look back at what was done."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from extenci.catalog.home import Home
from extenci.catalog.lock import is_free
from extenci.catalog.records import Catalog
from extenci.model.errors import UsageError
from extenci.model.journal import PastRun
from extenci.model.text import listed
from extenci.model.version import shown_source
from extenci.spec.root import find_root, read_root
from extenci.spec.words import quoted

FEWEST = 4
"""Characters of a run's id that may stand for it."""


def history(
    *, root: Path | None = None, stack: str | None = None, home: Home | None = None
) -> tuple[PastRun, ...]:
    """The runs of the last 90 days in this home that changed something, or tried to, newest first: those of a
    stack, by default that of the spec root here, or of all stacks where there is none. UsageError,
    CatalogError."""
    home = home or Home.find()
    name = stack or read_root(find_root(root or Path())).stack
    with open_catalog(home) as catalog:
        return tuple(map(without_secrets, catalog.journal.past_runs(name)))


def past_run(run: str, *, home: Home | None = None) -> PastRun:
    """A run of any stack, named by its id or the beginning of that, with its calls. UsageError where there is
    none, or there are several; CatalogError."""
    home = home or Home.find()
    with open_catalog(home) as catalog:
        found = [one for one in catalog.journal.past_runs(None) if one.id.startswith(run)]
        if len(run) < FEWEST or not found:
            raise UsageError(
                f"This home has no run {quoted(run)}.",
                f"`extenci history` lists them; {FEWEST} characters of an id are enough.",
            )
        if len(found) > 1:
            raise UsageError(f"Several runs begin with {run}: {listed(ids(found))}.", "Give more characters.")
        return without_secrets(replace(found[0], calls=catalog.journal.calls_of(found[0].id)))


def open_catalog(home: Home) -> Catalog:
    """The catalog of a home, which knows whose lock is held."""
    return Catalog.open(home, alone=lambda stack: is_free(home, stack))


def ids(runs: Sequence[PastRun]) -> list[str]:
    """The ids of runs."""
    return [one.id for one in runs]


def without_secrets(run: PastRun) -> PastRun:
    """A run whose command does not show what a URL in it may keep secret."""
    try:
        words = shlex.split(run.command)
    except ValueError:
        return run
    return replace(run, command=shlex.join(map(shown_source, words)))
