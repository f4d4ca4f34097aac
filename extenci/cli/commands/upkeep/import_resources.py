"""`extenci import`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extenci.cli.addresses import parse_address
from extenci.cli.job import Job, exit_status
from extenci.cli.options import Format, LockTimeout, Output, RootFolder, Trusted
from extenci.cli.terminal import palette_of, width_of, write_aside, write_json, write_result

if TYPE_CHECKING:
    from extenci.api import ImportResult

IMPORT_JSON_VERSION = 1


def import_resources(
    address: Annotated[
        str,
        typer.Argument(
            metavar="ADDRESS", help="SERVICE/NAME: the image or group that it becomes.", show_default=False
        ),
    ],
    ids: Annotated[
        list[str],
        typer.Argument(
            metavar="ID...", help="An image's id, or those of a group's machines.", show_default=False
        ),
    ],
    source: Annotated[
        Path | None,
        typer.Option(
            "--source", metavar="FILE", help="The disk that an image was made from, if no spec names it yet."
        ),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(
            "--write", metavar="FILE", help="Write the entry into this spec file. Its comments stay."
        ),
    ] = None,
    root: RootFolder = None,
    lock_timeout: LockTimeout = 0.0,
    output: Output = Format.TEXT,
    _trust: Trusted = None,
) -> int:
    """Manage an image or machines that exist already.

    Tags mark it as what the specs ask for at an address, so that the next plan there has nothing to do. Where
    the specs have no entry of that name, one is described: it is printed, or written with --write. Nothing is
    launched, uploaded or removed. Images that `stage` and `test-vm` made can be imported, too.

    Refused is what does not exist, belongs to another stack, has another address, is protected while its
    entry does not say so, or is not what its entry says. The content of an image that extenci did not make is
    compared with the disk where the service lets snapshots be read.

    \b
    Examples:
      extenci import sandbox/worker ami-0123456789abcdef0 --source worker.raw
      extenci import amazon/pool i-0a1b2c3d i-4e5f6a7b --write specs/amazon.yaml
    """
    from extenci import api

    request = api.ImportRequest(parse_address(address), tuple(ids), source, write, root)
    imported = Job().run(
        lambda options: api.import_resources(request, options=options), api.Options(lock_timeout=lock_timeout)
    )
    show(imported, output)
    return exit_status(imported.result)


def show(imported: ImportResult, output: Format) -> None:
    """Print the entry; all else goes to stderr."""
    from extenci.model.text import listed
    from extenci.report.result.text import render_result

    result = imported.result
    for note in imported.notes:
        write_aside(f"{note}\n")
    if output is Format.JSON:
        write_json(document(imported))
    elif imported.stanza and imported.written is None:
        write_result(imported.stanza)
    if not result.ok:
        write_aside(render_result(result, palette=palette_of(sys.stderr), width=width_of(sys.stderr)))
        return
    done = "Imported" if result.plan.changes else "Imported before:"
    write_aside(f"{done} {listed(list(imported.ids))} as {imported.address}.\n")
    if imported.written is not None:
        write_aside(f"Its entry is in {imported.written}.\n")
    elif imported.stanza:
        write_aside("Put this entry into the specs before the next apply, which would remove it otherwise.\n")


def document(imported: ImportResult) -> dict[str, object]:
    """The result as JSON values."""
    from extenci.report.result.json import result_document

    return {
        "format_version": IMPORT_JSON_VERSION,
        "address": str(imported.address),
        "ids": list(imported.ids),
        "entry": imported.stanza or None,
        "written": str(imported.written) if imported.written else None,
        "notes": list(imported.notes),
        "result": result_document(imported.result),
    }
