"""`extenci history`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from extenci.cli.options import Format, Output, RootFolder
from extenci.cli.terminal import palette_of, write_json, write_result

SHOWN = 20
Run = Annotated[
    str | None,
    typer.Argument(
        metavar="[RUN]",
        help="The id of a run, or its first characters. Default: list them.",
        show_default=False,
    ),
]
Limit = Annotated[int, typer.Option("--limit", min=1, metavar="N", help="How many runs to list at most.")]
Stack = Annotated[
    str | None,
    typer.Option("--stack", metavar="NAME", help="The stack. Default: that of the specs here, else all."),
]


def history(
    run: Run = None,
    stack: Stack = None,
    root: RootFolder = None,
    limit: Limit = SHOWN,
    output: Output = Format.TEXT,
) -> int:
    """List what was changed when, and by whom, or show one run.

    Each run is listed with the commit of its specs and its result. A run is a command that changed something
    on a service, or tried to. A `+` after the commit says that the specs differed from it. The journal of
    this home has its own runs of the last 90 days; those of other homes are in theirs.

    \b
    Examples:
      extenci history
      extenci history 3f9a1c02
      extenci history --stack physics --format json
    """
    from extenci import api
    from extenci.report.history.json import history_document, run_document
    from extenci.report.history.text import render_history, render_run

    palette = palette_of(sys.stdout)
    if run is not None:
        found = api.past_run(run)
        if output is Format.JSON:
            write_json(run_document(found))
        else:
            write_result(render_run(found, palette=palette))
        return 0
    runs = api.history(root=root, stack=stack)
    shown = runs[:limit]
    if output is Format.JSON:
        write_json(history_document(shown))
        return 0
    write_result(render_history(shown, all_stacks=len({one.stack for one in shown}) > 1, palette=palette))
    if len(runs) > limit:
        write_result(f"{len(runs) - limit} older: --limit {len(runs)} shows them.\n")
    return 0
