"""Which step does which change, with the journal around it."""

from __future__ import annotations

from extenci.apply.context import ChangeContext, RunContext
from extenci.apply.executor import Made
from extenci.apply.steps.images import do_register, do_stage, do_unstage
from extenci.apply.steps.machines import do_launch, do_remove, do_replace, do_terminate
from extenci.apply.steps.update import do_forget, do_update
from extenci.apply.steps.verify import do_confirm, do_verify
from extenci.model.errors import ExtenciError, Interrupted
from extenci.model.outcome import Outcome, Status
from extenci.model.plan import Change
from extenci.model.work import (
    AdoptWork,
    ConfirmWork,
    ForgetWork,
    LaunchWork,
    RegisterWork,
    RemoveWork,
    ReplaceWork,
    StageWork,
    TerminateWork,
    UnstageWork,
    UpdateWork,
    VerifyWork,
)


def do_change(change: Change, made: Made, run_context: RunContext) -> Outcome:
    """Do one change; the journal knows that it was begun, and what became of it."""
    journal = run_context.catalog.journal
    journal.begin_change(run_context.run, change.id)
    try:
        outcome = _do(change, made, run_context.of_change(change))
    except Interrupted:
        journal.end_change(run_context.run, change.id, Status.SKIPPED)
        raise
    except ExtenciError:
        journal.end_change(run_context.run, change.id, Status.FAILED)
        raise
    journal.end_change(run_context.run, change.id, outcome.status)
    return outcome


def _do(change: Change, made: Made, context: ChangeContext) -> Outcome:  # noqa: C901, PLR0911 - one case a kind of work
    match change.work:
        case StageWork() as work:
            return do_stage(work, context)
        case RegisterWork() as work:
            return do_register(work, context, made)
        case VerifyWork() as work:
            return do_verify(work, context, made)
        case ConfirmWork() as work:
            return do_confirm(work, context)
        case LaunchWork() as work:
            return do_launch(work, context, made)
        case ReplaceWork() as work:
            return do_replace(work, context, made)
        case TerminateWork() as work:
            return do_terminate(work, context)
        case UnstageWork() as work:
            return do_unstage(work, context)
        case UpdateWork() | AdoptWork() as work:
            return do_update(work, context)
        case ForgetWork() as work:
            return do_forget(work, context)
        case RemoveWork() as work:
            return do_remove(work, context)
