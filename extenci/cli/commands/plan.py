"""`extenci plan`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from extenci.cli.job import Job
from extenci.cli.options import Force, Paths, PlanFormat, ServiceName, Targets, Trusted
from extenci.cli.terminal import palette_of, tell, width_of, write_aside, write_result
from extenci.model.plan import Plan
from extenci.report.plan.formats import FORMATS
from extenci.report.plan.view import PlanView


def plan(  # noqa: PLR0913, PLR0917 - one parameter an option
    paths: Paths = None,
    service: ServiceName = None,
    target: Targets = None,
    destroy: Annotated[bool, typer.Option("--destroy", help="Plan to remove all that is owned.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Save the plan for `extenci apply FILE`.")
    ] = None,
    output: PlanFormat = "text",
    submit: Annotated[
        bool, typer.Option("--submit", help="Show the submit descriptions that HTCondor would be given, too.")
    ] = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 where changes are pending.")
    ] = False,
    force: Force = False,
    _trust: Trusted = None,
) -> int:
    """Show what apply would do. Changes nothing on any service.

    Exits with 0, or 1 where a service could not be read. With --detailed-exitcode: 0 nothing to do, 2 changes
    are pending, 1 something is blocked or could not be read, 3 a test VM waits for a person.

    \b
    Examples:
      extenci plan
      extenci plan specs --service bnl --out bnl.plan
      extenci plan --target bnl/worker --format markdown
      extenci plan --format html > plan.html
      extenci plan --target bnl/pool --submit
    """
    from extenci import api

    def start(options: api.Options) -> api.Planned:
        desired = api.load(paths or (), service=service, targets=target or (), tell=tell)
        return api.plan(desired, destroy=destroy, listener=options.listener, stop=options.stop)

    planned = Job(at_once=True).run(start, api.Options())
    if out is not None:
        api.save(planned, out, force=force)
    submits = api.submit_descriptions(planned) if submit else None
    view = PlanView(planned.plan, submits, palette_of(sys.stdout), width_of(sys.stdout))
    write_result(FORMATS[output](view))
    if out is not None:
        write_aside(f"Saved to {out}. Apply exactly this plan: extenci apply {out}\n")
    if planned.plan.unread:
        return 1
    return exit_status(planned.plan) if detailed_exitcode else 0


def exit_status(plan: Plan) -> int:
    """0 nothing to do, 2 changes pending; 3 waiting for a person wins over these, and 1 blocked over all."""
    if plan.blocked:
        return 3 if all(one.waits for one in plan.blocked) else 1
    return 0 if plan.is_empty else 2
