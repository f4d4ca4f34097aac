"""Differences in how images are made and verified."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from extenci.model.plan import Change
from extenci.model.verification import Verify
from extenci.model.work import RegisterWork, StageWork, VerifyWork
from extenci.plan.differences import describe, differences
from extenci.plan.fields import mark_fields, verify_fields
from extenci.plan.staleness.comparison import Comparison


def content_differences(comparison: Comparison) -> Iterator[str]:
    """Images that are now made differently, or not at all."""
    fresh = {change.address: change for change in comparison.fresh.changes if makes_image(change)}
    saved = {change.address: change for change in comparison.saved.changes if makes_image(change)}
    for address, before in saved.items():
        after = fresh.pop(address, None)
        if after is None:
            if before in comparison.untouched:
                yield f"{before.id}: not needed any more"
        elif before.id not in comparison.done:
            yield from image_differences(comparison, before, after)
        elif after.id != before.id:
            yield f"{before.id}: was done, and now {after.action} is needed ({after.reason})"
    for after in fresh.values():
        yield f"{after.id}: needed now ({after.reason})"


def makes_image(change: Change) -> bool:
    """Whether a change registers an image."""
    return isinstance(change.work, StageWork | RegisterWork)


def image_differences(comparison: Comparison, before: Change, after: Change) -> Iterator[str]:
    """How one image is made differently."""
    old, new = before.work, after.work
    assert isinstance(old, StageWork | RegisterWork)  # noqa: S101 - for the type checker
    assert isinstance(new, StageWork | RegisterWork)  # noqa: S101 - for the type checker
    if old.version != new.version:
        yield f"{before.id}: version {old.version}, now {new.version}"
    elif old.tags != new.tags:
        fields = differences(mark_fields(old.tags), mark_fields(new.tags))
        yield f"{before.id}: other tags now: {describe(fields)}"
    elif not is_same_making(comparison, before.id, old, new):
        yield f"{before.id}: now {after.action} ({after.reason})"


def is_same_making(
    comparison: Comparison, name: str, old: StageWork | RegisterWork, new: StageWork | RegisterWork
) -> bool:
    """Whether the content comes from the planned source, or from what has been uploaded since."""
    match old, new:
        case StageWork(), StageWork():
            goes_on = name in comparison.begun
            return goes_on or without_parent(old) == without_parent(new)
        case StageWork(), RegisterWork():
            return name in comparison.begun
        case RegisterWork(), RegisterWork():
            return old == new or old.staged_by in comparison.begun | comparison.done
        case _:
            return False


def without_parent(work: StageWork) -> StageWork:
    """An upload without what depends on the home and the moment: how little of it must be sent."""
    return replace(work, parent=None, to_send=None)


def verification_differences(comparison: Comparison) -> Iterator[str]:
    """Images that are now verified differently."""
    fresh = {change.id: change.work for change in comparison.fresh.changes}
    for change in comparison.undone:
        match change.work, fresh.get(change.id):
            case VerifyWork() as before, VerifyWork() as after if before.version != after.version:
                yield f"{change.id}: version {before.version}, now {after.version}"
            case VerifyWork() as before, VerifyWork() as after if before.verify_hash != after.verify_hash:
                yield f"{change.id}: {describe_verify(before.verify, after.verify)}"


def describe_verify(before: Verify, after: Verify) -> str:
    """How two verify blocks differ: in their fields, or in a file that a check names."""
    fields = differences({"verify": verify_fields(before)}, {"verify": verify_fields(after)})
    return f"its verify block changed: {describe(fields)}" if fields else "a file that its checks use changed"
