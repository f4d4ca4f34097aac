"""Images that `test-vm` has staged and that nobody has confirmed.

They are staged with the verdict `waiting`, so that they can be told from what a person staged on purpose,
from any home and whatever becomes of the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from extenci.model.observed import Image
from extenci.model.ownership import VERDICT, Role
from extenci.model.plan import Change
from extenci.model.verdict import Verdict, VerdictMark
from extenci.model.work import RegisterWork, StageWork, TerminateWork
from extenci.plan.images.retire import ImageRemoval
from extenci.plan.images.verification import word_of
from extenci.plan.inputs import PlanInputs
from extenci.plan.service_index import ServiceIndex, has_role

UNCONFIRMED = (Verdict.WAITING, Verdict.FAILED)
"""The verdicts on what `test-vm` has staged, until somebody says that it works."""
REASON = "staged by test-vm, and nobody has said that it works"


def mark_unconfirmed(change: Change, verify_hash: str) -> Change:
    """A change that stages an image, which is to wait for its verdict."""
    work = change.work
    if not isinstance(work, StageWork | RegisterWork):
        return change
    mark = VerdictMark(Verdict.WAITING, verify_hash)
    return replace(change, work=replace(work, tags={**work.tags, VERDICT: str(mark)}))


def is_unconfirmed(image: Image) -> bool:
    """Whether an image was staged manually, and its verdict is not that it works. What `stage` has staged has
    no verdict."""
    marks = image.marks
    is_manual = marks is not None and marks.role is Role.MANUAL
    return is_manual and word_of(marks) in UNCONFIRMED


def unconfirmed_images(
    inputs: PlanInputs, index: ServiceIndex, ended_by: Mapping[str, str]
) -> Iterator[ImageRemoval]:
    """The unconfirmed images of this stack that no machine uses once the changes of `ended_by` are done: the
    ids of changes, by the machines that they end."""
    scope = (inputs.desired.stack, index.service.name)
    for image in index.images.values():
        marks = image.marks
        if not has_role(marks, Role.MANUAL, *scope) or not is_unconfirmed(image) or has_passed(inputs, image):
            continue
        users = [one.id for one in index.run_from.get(image.id, ())]
        if not marks.protect and inputs.covers(marks.address) and all(one in ended_by for one in users):
            after = tuple(sorted({ended_by[one] for one in users}))
            yield ImageRemoval(image, marks.address, REASON, after)


def has_passed(inputs: PlanInputs, image: Image) -> bool:
    """Whether this home's records say that an image works: services without tags know no verdicts."""
    marks = image.marks
    verdicts = [
        one.verdict
        for one in inputs.records.verdicts
        if marks is not None and (one.address, one.version) == (marks.address, marks.version)
    ]
    return bool(verdicts) and verdicts[-1] is Verdict.PASSED


def endings(changes: tuple[Change, ...]) -> dict[str, str]:
    """The changes that end machines, by the machines' ids."""
    return {
        handle.machine: change.id
        for change in changes
        if isinstance(change.work, TerminateWork)
        for handle in change.work.machines
        if handle.machine is not None
    }
