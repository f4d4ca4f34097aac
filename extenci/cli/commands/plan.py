"""`extenci plan`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extenci.cli.addresses import parse_address
from extenci.cli.job import Job
from extenci.cli.options import Excluded, Force, Paths, PlanFormat, ServiceName, Targets, Trusted
from extenci.cli.terminal import palette_of, tell, width_of, write_aside, write_json, write_result
from extenci.model.errors import UsageError
from extenci.report.plan.formats import FORMATS

if TYPE_CHECKING:
    from extenci.model.desired import Desired
    from extenci.model.plan import Explanation, Plan


def plan(  # noqa: PLR0913, PLR0917 - one parameter an option
    paths: Paths = None,
    service: ServiceName = None,
    target: Targets = None,
    exclude: Excluded = None,
    destroy: Annotated[bool, typer.Option("--destroy", help="Plan to remove all that is owned.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Save the plan for `extenci apply FILE`.")
    ] = None,
    output: PlanFormat = "text",
    drift_only: Annotated[
        bool, typer.Option("--drift-only", help="Show only what was changed outside the specs.")
    ] = False,
    explain: Annotated[
        str | None,
        typer.Option(
            "--explain",
            metavar="ADDRESS",
            help="Instead of the plan, show why it does to this image or group what it does.",
        ),
    ] = None,
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
    are pending, 1 something is blocked or could not be read, 3 a test VM waits for a person. With
    --drift-only, drift counts as pending.

    \b
    Examples:
      extenci plan
      extenci plan specs --service bnl --out bnl.plan
      extenci plan --target bnl/worker --format markdown
      extenci plan --format html > plan.html
      extenci plan --drift-only --detailed-exitcode
      extenci plan --explain bnl/pool
    """
    from extenci import api
    from extenci.report.plan.view import PlanView

    check_combination(drift_only, explain, out, output)

    def load() -> Desired:
        return api.load(paths or (), service=service, targets=target or (), excluded=exclude or (), tell=tell)

    if explain is not None:
        return show_explanation(load, explain, destroy=destroy, output=output)

    def start(options: api.Options) -> api.Planned:
        desired = load()
        return api.plan(desired, destroy=destroy, listener=options.listener, stop=options.stop)

    planned = Job(at_once=True).run(start, api.Options())
    saved = api.save(planned, out, force=force) if out is not None else None
    submits = api.submit_descriptions(planned) if submit else None
    shown = planned.plan.drift_alone if drift_only else planned.plan
    view = PlanView(shown, submits, palette_of(sys.stdout), width_of(sys.stdout))
    write_result(FORMATS[output](view))
    if saved is not None:
        origin = f", made from {saved.made_in}" if saved.made_in.commit else ""
        write_aside(f"Saved to {out}{origin}. Apply exactly this plan: extenci apply {out}\n")
    if planned.plan.unread:
        return 1
    return exit_status(shown) if detailed_exitcode else 0


def check_combination(drift_only: bool, explain: str | None, out: Path | None, output: str) -> None:
    """UsageError for options that contradict each other."""
    if (drift_only or explain is not None) and out is not None:
        raise UsageError("--out saves a whole plan.", "Leave out --drift-only and --explain.")
    if explain is not None and output not in {"text", "json"}:
        raise UsageError("--explain is printed as text or JSON.", "Give --format text or json.")


def show_explanation(load: Callable[[], Desired], text: str, *, destroy: bool, output: str) -> int:
    """Print why the plan does to an address what it does; 1 where its service could not be read."""
    from extenci import api
    from extenci.report.plan.explanation import explanation_document, render_explanation

    address = parse_address(text)

    def start(options: api.Options) -> Explanation:
        return api.explain(load(), address, destroy=destroy, listener=options.listener, stop=options.stop)

    found = Job(at_once=True).run(start, api.Options())
    if output == "json":
        write_json(explanation_document(found))
    else:
        write_result(render_explanation(found, palette=palette_of(sys.stdout), width=width_of(sys.stdout)))
    return 0 if found.read else 1


def exit_status(plan: Plan) -> int:
    """0 nothing to do, 2 changes pending; 3 waiting for a person wins over these, and 1 blocked over all."""
    if plan.blocked:
        return 3 if all(one.waits for one in plan.blocked) else 1
    return 0 if plan.is_empty and not (plan.drift_only and plan.drift) else 2
