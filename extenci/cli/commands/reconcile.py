"""`extenci reconcile`."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extenci.cli.job import Job, command_line
from extenci.cli.options import Format, LockTimeout, Output, Parallelism, Trusted, parse_duration
from extenci.cli.terminal import palette_of, width_of, write_result
from extenci.model.errors import UsageError
from extenci.model.plan import Plan
from extenci.model.reconcile import Pass

if TYPE_CHECKING:
    from extenci.api import Options

JITTER = 0.1
"""The part of an interval by which it is longer or shorter, so that many do not ask at once."""


def reconcile(  # noqa: PLR0913, PLR0917 - one parameter an option
    root: Annotated[
        Path | None,
        typer.Argument(
            metavar="ROOT", help="The folder of the specs. Default: the current one.", show_default=False
        ),
    ] = None,
    branch: Annotated[
        str | None,
        typer.Option(
            "--branch",
            metavar="NAME",
            help="The branch to follow. Default: the one that is checked out in ROOT.",
            show_default=False,
        ),
    ] = None,
    detect: Annotated[bool, typer.Option("--detect", help="Only report what would be changed.")] = False,
    once: Annotated[bool, typer.Option("--once", help="One pass only, as without --interval.")] = False,
    interval: Annotated[
        float | None,
        typer.Option(
            "--interval",
            parser=parse_duration,
            metavar="DURATION",
            help="A pass every 30s, 10m or 1h, a tenth more or less, until SIGTERM or Ctrl-C.",
            show_default=False,
        ),
    ] = None,
    metrics: Annotated[
        Path | None,
        typer.Option(
            "--metrics", metavar="FILE", help="Write metrics for Prometheus there.", show_default=False
        ),
    ] = None,
    parallelism: Parallelism = 10,
    lock_timeout: LockTimeout = 0.0,
    output: Output = Format.TEXT,
    _trust: Trusted = None,
) -> int:
    """Keep the services what the newest commit says.

    Each pass takes the newest commit of a branch from the remote of ROOT's git repository, into a checkout of
    its own, validates, plans, and applies within the limits; drift is mended. ROOT itself is left alone. A
    folder outside of git is taken as it is. Only commands of git that run nothing of the repository are used.

    What needs a person is reported, and never forced: a limit (--force), a protected image or group, a test
    VM that waits for `extenci confirm`. `extenci status` shows the last pass.

    Exits with 0 when all is done, 1 where something failed or is left, and 3 where only a test VM waits. With
    --detect: 0 nothing to do, 2 changes are pending, 1 blocked or failed. With --interval it ends with 0.

    \b
    Examples:
      extenci reconcile /srv/specs --interval 10m
      extenci reconcile --branch production --once --detect
      extenci reconcile --interval 10m --metrics /var/lib/node_exporter/extenci.prom
    """
    from extenci import api

    if once and interval is not None:
        raise UsageError("--once and --interval exclude each other.", "Leave out one of them.")
    if interval is not None and interval < 1:
        raise UsageError("An --interval of under a second is too short.", "Give at least 1s.")
    if metrics is not None and not metrics.absolute().parent.is_dir():
        raise UsageError(f"{metrics.parent} is no folder.", "Make it, or give --metrics another file.")
    job = Job(gives_reasons=output is not Format.TEXT)

    def start(options: api.Options) -> int:
        with api.open_reconciler(root or Path(), branch=branch, command=command_line()) as reconciler:
            return keep_reconciling(
                lambda: reconciler.run_pass(detect=detect, metrics=metrics, options=options),
                interval,
                options,
                output,
                job,
            )

    options = api.Options(
        parallelism=parallelism, lock_timeout=lock_timeout, on_plan=lambda plan: show_plan(plan, output, job)
    )
    return job.run(start, options)


def keep_reconciling(
    run_pass: Callable[[], Pass], interval: float | None, options: Options, output: Format, job: Job
) -> int:
    """Run passes and show them, one, or one each interval (seconds) until the job is told to stop."""
    while True:
        done = run_pass()
        job.progress.pause()
        show_pass(done, output)
        if interval is None:
            return done.exit_status
        pause = interval * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads load only
        if options.stop is None or options.stop.wait(pause):
            return 0


def show_plan(plan: Plan, output: Format, job: Job) -> None:
    """Print a plan that changes something, or says something."""
    from extenci.report.plan.text import render_plan

    if output is Format.JSON or (plan.is_empty and not (plan.drift or plan.warnings or plan.unread)):
        return
    job.progress.pause()
    write_result(render_plan(plan, palette=palette_of(sys.stdout), width=width_of(sys.stdout)) + "\n")


def show_pass(done: Pass, output: Format) -> None:
    """Print the end of a pass: as text, or as one JSON object on a line."""
    if output is Format.JSON:
        from extenci.report.reconcile.json import pass_document

        write_result(json.dumps(pass_document(done), ensure_ascii=True) + "\n")
        return
    from extenci.report.reconcile.text import render_pass

    write_result(render_pass(done, palette=palette_of(sys.stdout), width=width_of(sys.stdout)))
