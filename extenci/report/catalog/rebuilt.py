"""Records that were made anew, as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from extenci.model.record import RebuiltRecords, ResourceKind, ResourceRecord
from extenci.model.text import counted, joined, listed
from extenci.report.text.columns import columns
from extenci.report.text.safe import paragraph, safe


def render_rebuilt(
    services: Sequence[RebuiltRecords], stack: str, *, dry_run: bool = False, width: int = 80
) -> str:
    """For each service: what tags tell, and how that differs from the records before."""
    lines = [
        line for one in services for line in (*summary(one, stack), *differences(one), *notes(one, width))
    ]
    return (
        "\n".join([*lines, "Nothing was written." if dry_run else "Nothing on the services was changed."])
        + "\n"
    )


def summary(rebuilt: RebuiltRecords, stack: str) -> Iterator[str]:
    """What was found on a service, and what was kept."""
    name = safe(rebuilt.service)
    if rebuilt.found or not rebuilt.kept:
        yield f"{name}: {kinds_text(rebuilt.found)} found by the tags of the stack {safe(stack)}."
    if rebuilt.kept:
        yield f"{name}: the records of {kinds_text(rebuilt.kept)} kept, since such things take no tags there."


def differences(rebuilt: RebuiltRecords) -> list[str]:
    """A line for each record that is new, gone or lost."""
    rows: list[tuple[object, ...]] = [
        *(("new", one.address, one.kind, one.id, "was not recorded") for one in rebuilt.added),
        *(("gone", one.address, one.kind, one.id, "is no longer there") for one in rebuilt.gone),
        *(("lost", one.address, one.kind, one.id, one.what) for one in rebuilt.lost),
    ]
    return columns([tuple(safe(cell) for cell in row) for row in rows], "  ") if rows else []


def notes(rebuilt: RebuiltRecords, width: int) -> Iterator[str]:
    """What nothing tells any more, and what to do about it."""
    if rebuilt.lost:
        text = "Run `extenci import ADDRESS ID` for an image or a machine that shall be managed again."
        yield from paragraph(text, width, "  ")
    if rebuilt.unapplied:
        text = (
            f"Nothing tells which fields of {listed(rebuilt.unapplied)} were last applied: until the next "
            "apply, no plan can tell drift from a change of the specs."
        )
        yield from paragraph(text, width, "  ")


def kinds_text(records: Iterable[ResourceRecord]) -> str:
    """How many of each kind there are: `1 image, 1 snapshot and 2 machines`."""
    counts = Counter(one.kind for one in records)
    return (
        joined([counted(counts[kind], str(kind)) for kind in ResourceKind if counts[kind]], "and")
        or "nothing"
    )
