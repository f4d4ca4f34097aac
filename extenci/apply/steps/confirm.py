"""The step that records a person's verdict on a version that waits for it."""

from __future__ import annotations

from extenci.apply.context import ChangeContext
from extenci.apply.steps.machines import delete_key_pairs, end_machines
from extenci.apply.verification.machine import format_time
from extenci.apply.verification.verdict import VerdictSubject, record_verdict, unstage_failed
from extenci.catalog.process import who_runs
from extenci.model.observed import MachineHandle
from extenci.model.outcome import Outcome, Status
from extenci.model.ownership import EXPIRES, VERDICT
from extenci.model.service import Tagging
from extenci.model.verdict import Verdict, VerdictMark
from extenci.model.work import ConfirmWork


def confirm(work: ConfirmWork, context: ChangeContext) -> Outcome:
    """Record a person's verdict on a version that waits for it, and end its test VMs, unless they are kept.
    The outcome's message says what became of a version that does not work."""
    subject = VerdictSubject(work.image, work.version, work.verify_hash, work.aside)
    verdict = Verdict.PASSED if work.works else Verdict.FAILED
    word = "works" if work.works else "does not work"
    record_verdict(subject, verdict, f"A person ({who_runs()}) said that it {word}.", context)
    if work.keep_until is not None:
        keep(work.machines, VerdictMark(verdict, work.verify_hash, work.aside), work.keep_until, context)
        return Outcome(context.change.id, Status.DONE, "It stays staged.")
    end_machines(work.machines, context)
    delete_key_pairs(work.key_pairs, context)
    if work.works:
        return Outcome(context.change.id, Status.DONE)
    became = unstage_failed(subject, context) if work.removable else "It stays staged."
    context.note(became)
    return Outcome(context.change.id, Status.DONE, became)


def keep(
    machines: tuple[MachineHandle, ...], mark: VerdictMark, until: float, context: ChangeContext
) -> None:
    """Let test VMs run on until a time. They wait for nobody any more."""
    ids = [one.machine for one in machines if one.machine is not None]
    tags = {EXPIRES: format_time(until), VERDICT: str(mark)}
    context.records.retag(ids, tags)
    if context.clients.service.tags is not Tagging.NONE:
        context.changes.ec2.create_tags(ids, tags)
