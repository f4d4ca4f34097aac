"""The resources that are recorded as owned, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from extenci.model.record import ResourceRecord
from extenci.report.text.columns import columns


def render_counts(owned: Mapping[str, Iterable[ResourceRecord]]) -> str:
    """One line for each service, stack and kind of resource: how many are recorded as owned. `owned` is by
    stack."""
    counts = Counter(
        (record.service, stack, str(record.kind)) for stack, records in owned.items() for record in records
    )
    if not counts:
        return "Nothing is recorded as owned.\n"
    rows = [("SERVICE", "STACK", "KIND", "RECORDS"), *((*key, str(counts[key])) for key in sorted(counts))]
    return "\n".join(columns(rows)) + "\n"
