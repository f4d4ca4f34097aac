"""`extenci help`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from extenci.cli.terminal import palette_of, width_of, write_result
from extenci.report.text.palette import PLAIN

Topic = Annotated[
    str | None,
    typer.Argument(
        metavar="TOPIC",
        help="The name of a page, such as tutorial, aws or spec, or of a command. Default: list them.",
        show_default=False,
    ),
]


def show_help(context: typer.Context, topic: Topic = None) -> int:
    """Show a page of the documentation, or list the pages.

    On a terminal, a long page is shown by $PAGER, or else by less.

    \b
    Examples:
      extenci help
      extenci help tutorial
      extenci help aws
    """
    from extenci import api

    if topic is None:
        write_result(list_topics())
        return 0
    commands = getattr(context.parent.command, "commands", {}) if context.parent else {}
    names = {page.short_name for page in api.find_pages().values()}
    if topic in commands and topic not in names:
        command = commands[topic]
        made = command.make_context(f"extenci {topic}", [], resilient_parsing=True)
        write_result(made.get_help() + "\n")
        return 0
    page = api.find_page(topic)
    from extenci.cli.pages.markdown import render_page
    from extenci.cli.pages.pager import show_text

    coloured = palette_of(sys.stdout) is not PLAIN
    show_text(render_page(page.text, width=width_of(sys.stdout), coloured=coloured))
    return 0


def list_topics() -> str:
    """The topics, one a line, with their titles."""
    from extenci import api

    pages = [page for page in api.find_pages().values() if page.name != "index"]
    width = max(len(page.short_name) for page in pages)
    lines = [f"  {page.short_name:{width}}  {page.title}" for page in pages]
    return (
        "\n".join(
            ["Topics:", *lines, "", "`extenci help TOPIC` shows one; `extenci COMMAND --help`, a command."]
        )
        + "\n"
    )
