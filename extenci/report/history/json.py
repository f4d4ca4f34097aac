"""Runs of the past as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from extenci.model.journal import PastRun
from extenci.report.history.text import result_text
from extenci.report.text.times import utc_text

FORMAT_VERSION = 1


def history_document(runs: Sequence[PastRun]) -> dict[str, object]:
    """Runs, newest first. Times are UTC in ISO 8601; null where something is not known."""
    return {"format_version": FORMAT_VERSION, "runs": [run_entry(run) for run in runs]}


def run_document(run: PastRun) -> dict[str, object]:
    """One run with its calls."""
    calls = [
        {
            "change": call.change,
            "service": call.service,
            "call": call.call,
            "at": utc_text(call.at),
            "settled": None if call.settled is None else utc_text(call.settled),
            "made": list(call.made),
            "failure": call.failure or None,
        }
        for call in run.calls
    ]
    return {"format_version": FORMAT_VERSION, "run": {**run_entry(run), "calls": calls}}


def run_entry(run: PastRun) -> dict[str, object]:
    """A run without its calls."""
    return {
        "id": run.id,
        "stack": run.stack,
        "command": run.command,
        "user": run.origin.user or None,
        "host": run.host,
        "root": run.origin.root or None,
        "commit": run.origin.commit or None,
        "dirty": run.origin.dirty,
        "began": utc_text(run.began),
        "ended": None if run.ended is None else utc_text(run.ended),
        "outcome": run.outcome,
        "summary": result_text(run),
        "changes": [
            {
                "id": one.id,
                "status": one.status,
                "at": utc_text(one.at),
                "count": one.amount,
                "message": one.message or None,
            }
            for one in run.changes
        ],
    }
