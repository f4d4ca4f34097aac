"""The step that records a person's verdict on a version that waits for it."""

from __future__ import annotations

from extenci.apply.context import ChangeContext
from extenci.apply.steps.machines import delete_key_pairs, end_machines
from extenci.apply.verification.verdict import VerdictSubject, record_verdict, unstage_failed
from extenci.model.outcome import Outcome, Status
from extenci.model.verdict import Verdict
from extenci.model.work import ConfirmWork

NOT_WORKING = "A person said that it does not work."


def confirm(work: ConfirmWork, context: ChangeContext) -> Outcome:
    """Record a person's verdict on a version that waits for it, and end its test VMs."""
    subject = VerdictSubject(work.image, work.version, work.verify_hash)
    summary = "" if work.works else NOT_WORKING
    record_verdict(subject, Verdict.PASSED if work.works else Verdict.FAILED, summary, context)
    end_machines(work.machines, context)
    delete_key_pairs(work.key_pairs, context)
    if work.works:
        return Outcome(context.change.id, Status.DONE)
    context.note(unstage_failed(subject, context) if work.removable else "It stays staged.")
    return Outcome(context.change.id, Status.DONE)
