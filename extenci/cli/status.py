"""`extenci status`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from extenci.cli.failures import error_text
from extenci.cli.options import Format, Output, Paths, ServiceName
from extenci.cli.terminal import palette_of, write_aside, write_result
from extenci.model.errors import ServiceError, UsageError

EVERY_SECONDS = 2.0
CLEAR = "\x1b[H\x1b[2J"


def status(
    paths: Paths = None,
    service: ServiceName = None,
    output: Output = Format.TEXT,
    watch: Annotated[bool, typer.Option("--watch", help="Again every 2 seconds, until Ctrl-C.")] = False,
) -> int:
    """Show what is wished for, recorded and live.

    Machines are shown with the addresses to log in to.

    \b
    Examples:
      extenci status
      extenci status specs --service bnl --watch
      extenci status --format json
    """
    if watch and output is Format.JSON:
        raise UsageError(
            "--watch and --format json do not go together: JSON is one document.", "Leave out one of them."
        )

    def look() -> str:
        return look_once(paths or [], service, output)

    if watch:
        keep_looking(look)
    write_result(look())
    return 0


def look_once(paths: list[Path], service: str | None, output: Format) -> str:
    """The status as text or JSON."""
    from extenci import api

    found = api.status(api.load(paths, service=service))
    if output is Format.JSON:
        from extenci.report.plan_json import render_json
        from extenci.report.status_json import status_document

        return render_json(status_document(found))
    from extenci.report.status_text import render_status

    return render_status(found, palette=palette_of(sys.stdout))


def keep_looking(look: Callable[[], str], sleep: Callable[[float], None] = time.sleep) -> None:
    """Show the status again and again, also past services that do not answer for a while."""
    clear = CLEAR if sys.stdout.isatty() else ""
    while True:
        try:
            write_result(clear + look() + ("" if clear else "\n"))
        except ServiceError as error:
            write_aside(error_text(error.message, error.hint))
        sleep(EVERY_SECONDS)
