"""`extenci doctor`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from extenci.cli.options import Format, Output, Paths, ServiceName, Trusted
from extenci.cli.terminal import palette_of, width_of, write_json, write_result


def doctor(
    paths: Paths = None,
    service: ServiceName = None,
    output: Output = Format.TEXT,
    probe: Annotated[
        bool,
        typer.Option(
            "--probe", help="Forget what was learned of the services, and find out anew what they can do."
        ),
    ] = False,
    write: Annotated[
        bool,
        typer.Option("--write", help="Also store a small object in each service's bucket, and delete it."),
    ] = False,
    _trust: Trusted = None,
) -> int:
    """Find out what is missing on this machine and for each service.

    Examines the services of the specs, or all services of the catalog where there are no specs: whether they
    answer and accept the credentials, and whether the HTCondor that is to launch their machines can do so.
    Shows what each service can do, and how that is known: declared in its file, known of AWS, probed by calls
    that only read, or learned from its answers to work.

    Changes nothing, except with --write. Exits with 1 where there is a problem, and with 0 where there are
    only warnings.

    \b
    Examples:
      extenci doctor
      extenci doctor specs --service campus
      extenci doctor --probe --write
      extenci doctor --format json
    """
    from extenci import api
    from extenci.cli.progress import ProgressLog
    from extenci.model.finding import Level, count_level

    listener = ProgressLog().listen
    found = api.doctor(paths or (), service=service, probe=probe, write=write, listener=listener)
    if output is Format.JSON:
        from extenci.report.doctor.json import findings_document

        write_json(findings_document(found))
    else:
        from extenci.report.doctor.text import render_findings

        write_result(render_findings(found, width=width_of(sys.stdout), palette=palette_of(sys.stdout)))
    return 1 if count_level(found, Level.PROBLEM) else 0
