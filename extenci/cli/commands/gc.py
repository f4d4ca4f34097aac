"""`extenci gc`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from extenci.cli.approval import ApprovalTexts, run_approved
from extenci.cli.job import Job
from extenci.cli.options import AutoApprove, LockTimeout, Paths, RunFormat, RunOutput, ServiceName, Trusted
from extenci.cli.terminal import palette_of, tell, width_of, write_json, write_result
from extenci.model.errors import UsageError

if TYPE_CHECKING:
    from extenci.model.desired import Desired
    from extenci.model.outcome import Result
    from extenci.model.plan import Plan

TEXTS = ApprovalTexts("Remove all this", "Interrupted runs have left nothing behind.")


def gc(
    paths: Paths = None,
    service: ServiceName = None,
    stack: Annotated[
        str | None,
        typer.Option("--stack", metavar="NAME", help="Clean up this stack, without specs; needs --service."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed, and remove nothing.")
    ] = False,
    auto_approve: AutoApprove = False,
    lock_timeout: LockTimeout = 0.0,
    output: RunOutput = RunFormat.TEXT,
    _trust: Trusted = None,
) -> int:
    """Remove what interrupted runs left behind. Asks for confirmation.

    This covers test VMs that have expired or that nobody waits for, images of an interrupted `test-vm` that
    nobody confirmed, snapshots and uploads that never became an image, key pairs of test VMs that are gone,
    and files in ~/.extenci that nothing needs. Only what extenci made for this stack is removed, and nothing
    that a run, here or elsewhere, may still need. With --dry-run nothing is asked or locked, and the exit
    status is 0.

    \b
    Examples:
      extenci gc
      extenci gc --dry-run
      extenci gc specs --service bnl --auto-approve
      extenci gc --service bnl --stack physics
    """
    from extenci import api

    if stack is not None and (paths or service is None):
        raise UsageError(
            "--stack is for a stack without specs: it needs --service, and takes no PATH.",
            "Give --service NAME, too, or leave --stack out.",
        )

    def desired() -> Desired:
        if stack is not None and service is not None:
            return api.empty_stack(service, stack=stack)
        return api.load(paths or (), service=service, tell=tell)

    options = api.Options(lock_timeout=lock_timeout)
    if dry_run:
        plan = Job(at_once=True).run(lambda options: api.preview_gc(desired(), options=options), options)
        show_preview(plan, output)
        return 0

    def start(options: api.Options) -> Result:
        return api.gc(desired(), options=options)

    return run_approved(start, options, output=output, auto_approve=auto_approve, texts=TEXTS)


def show_preview(plan: Plan, output: RunFormat) -> None:
    """Print what would be removed: as text, as the plan's document, or as the event that tells a plan."""
    match output:
        case RunFormat.JSON:
            from extenci.report.plan.json import plan_document

            write_json(plan_document(plan))
        case RunFormat.EVENTS:
            from extenci.cli.events import EventStream

            EventStream().plan(plan)
        case RunFormat.TEXT:
            from extenci.report.plan.text import render_plan

            palette, width = palette_of(sys.stdout), width_of(sys.stdout)
            text = render_plan(plan, palette=palette, width=width, nothing=TEXTS.nothing)
            write_result(text + ("\nNothing was removed.\n" if plan.changes else ""))
