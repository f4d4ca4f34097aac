"""The step that deletes leftovers of interrupted runs."""

from __future__ import annotations

from pathlib import Path

from extenci.apply.context import ChangeContext
from extenci.apply.steps.machines import delete_key_pairs
from extenci.model.outcome import Outcome, Status
from extenci.model.work import RemoveWork


def remove(work: RemoveWork, context: ChangeContext) -> Outcome:
    """Delete key pairs that test VMs left behind, and files, objects and uploads that nothing needs."""
    for name in work.key_pairs:
        delete_key_pairs([name], context)
        context.run.catalog.journal.forget_key_pair(name)
    for file in work.files:
        Path(file).unlink(missing_ok=True)
    s3 = context.changes.s3
    for upload in work.uploads:
        s3.abort_multipart(work.bucket, upload.key, upload.id)
    if work.objects:
        s3.delete_objects(work.bucket, work.objects)
    return Outcome(context.change.id, Status.DONE)
