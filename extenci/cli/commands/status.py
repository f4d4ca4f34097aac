"""`extenci status`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from extenci.cli.failures import report_error
from extenci.cli.options import Format, Output, Paths, ServiceName, Trusted
from extenci.cli.terminal import palette_of, silence, width_of, write_result
from extenci.model.errors import ExtenciError, ServiceError, UsageError

EVERY_SECONDS = 2.0
CLEAR = "\x1b[H\x1b[2J"


def status(
    paths: Paths = None,
    service: ServiceName = None,
    output: Output = Format.TEXT,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show it again every 2 seconds, until Ctrl-C.")
    ] = False,
    _trust: Trusted = None,
) -> int:
    """Show what is desired, recorded and live.

    Machines are listed with the addresses to log in at. Exits with 1 where a service could not be read.

    \b
    Examples:
      extenci status
      extenci status specs --service bnl --watch
      extenci status --format json
    """
    if watch and output is Format.JSON:
        raise UsageError(
            "--watch and --format json exclude each other: the result would be many JSON documents.",
            "Leave out one of them.",
        )

    def look() -> str:
        return look_once(paths or [], service, output)[0]

    if not watch:
        text, is_whole = look_once(paths or [], service, output)
        write_result(text)
        return 0 if is_whole else 1
    try:
        keep_looking(look)
    except KeyboardInterrupt:  # the usual end of a watch, not a failure
        show("\n" if sys.stdout.isatty() else "")
    return 0


WIDEST_TABLE = 400
"""Characters: tables may be wider than text, which is hard to read in long lines."""


def look_once(paths: list[Path], service: str | None, output: Format) -> tuple[str, bool]:
    """The status as text or JSON, and whether all services could be read."""
    from extenci import api
    from extenci.cli.progress import ProgressLog

    found = api.status(api.load(paths, service=service), listener=ProgressLog().listen)
    if output is Format.JSON:
        from extenci.report.plan.json import render_json
        from extenci.report.status.json import status_document

        return render_json(status_document(found)), not found.unread
    from extenci.report.status.text import render_status

    width = width_of(sys.stdout, WIDEST_TABLE) if sys.stdout.isatty() else None
    text = render_status(found, palette=palette_of(sys.stdout), width=width, now=time.time())
    return text, not found.unread


def keep_looking(look: Callable[[], str], sleep: Callable[[float], None] = time.sleep) -> None:
    """Show the status again and again, until nobody reads it any more.

    Failures that may pass are printed and tried again: services that do not answer and, once something was
    shown, specs that are being edited or a catalog in use, too.
    """
    clear = CLEAR if sys.stdout.isatty() else ""
    shown = False
    while True:
        try:
            text = look()
        except ExtenciError as error:
            if not shown and not isinstance(error, ServiceError):
                raise
            report_error(error)
        else:
            shown = True
            if not show(clear + text + ("" if clear else "\n")):
                return
        sleep(EVERY_SECONDS)


def show(text: str) -> bool:
    """Write to stdout at once; return whether anybody still reads it."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        silence(sys.stdout)
        return False
    return True
