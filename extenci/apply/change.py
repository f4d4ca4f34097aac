"""Carrying out one change: its kind of work selects the step, and the journal records it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from extenci.apply.context import ChangeContext, Outcomes, RunContext
from extenci.apply.steps.await_machines import await_machines
from extenci.apply.steps.confirm import confirm
from extenci.apply.steps.forget import forget_records
from extenci.apply.steps.import_resources import import_resources
from extenci.apply.steps.launch import launch
from extenci.apply.steps.register import register
from extenci.apply.steps.remove import remove
from extenci.apply.steps.replace import replace
from extenci.apply.steps.stage import stage
from extenci.apply.steps.terminate import terminate
from extenci.apply.steps.unstage import unstage
from extenci.apply.steps.update import update
from extenci.apply.steps.verify import verify
from extenci.model.errors import ExtenciError, Interrupted
from extenci.model.outcome import Outcome, Status
from extenci.model.plan import Change
from extenci.model.work import (
    AdoptWork,
    AwaitWork,
    ConfirmWork,
    ForgetWork,
    ImportWork,
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

STEPS: Mapping[type, Callable[[Any, ChangeContext], Outcome]] = {
    StageWork: stage,
    RegisterWork: register,
    VerifyWork: verify,
    ConfirmWork: confirm,
    LaunchWork: launch,
    AwaitWork: await_machines,
    ReplaceWork: replace,
    TerminateWork: terminate,
    UnstageWork: unstage,
    UpdateWork: update,
    AdoptWork: update,
    ImportWork: import_resources,
    ForgetWork: forget_records,
    RemoveWork: remove,
}


def do_change(change: Change, outcomes: Outcomes, run: RunContext) -> Outcome:
    """Do one change, and journal that it began and how it ended."""
    journal = run.catalog.journal
    journal.begin_change(run.run, change.id)
    try:
        context = ChangeContext(change, run, outcomes, run.stop)
        outcome = STEPS[type(change.work)](change.work, context)
    except Interrupted as error:
        journal.end_change(run.run, change.id, Status.SKIPPED, error.message, change.count)
        raise
    except ExtenciError as error:
        journal.end_change(run.run, change.id, Status.FAILED, error.message, change.count)
        raise
    journal.end_change(run.run, change.id, outcome.status, outcome.message, change.count)
    return outcome
