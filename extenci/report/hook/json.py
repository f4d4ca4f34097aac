"""The JSON document that hooks are told, `format_version` 1. It has no values of specs, only addresses, ids,
and sentences."""

from __future__ import annotations

from extenci.model.hook import Event
from extenci.model.outcome import Result
from extenci.report.result.json import result_document
from extenci.report.verify.json import verified_image_document

HOOK_JSON_VERSION = 1
LEFT_OUT = ("console_end", "checks", "evidence_folder", "login")
"""What machines printed may be anything."""


def hook_document(event: Event, now: float, stack: str, about: dict[str, object]) -> dict[str, object]:
    """A document about an event at `now`, in seconds since the epoch."""
    return {"format_version": HOOK_JSON_VERSION, "event": str(event), "time": now, "stack": stack, **about}


def told_result(result: Result) -> dict[str, object]:
    """A result, and the verdicts on the images that were verified."""
    verified = [outcome.verified for outcome in result.outcomes if outcome.verified is not None]
    images = [verified_image_document(one) for one in verified]
    return {
        "ok": result.ok,
        "result": result_document(result),
        "images": [{key: one[key] for key in one if key not in LEFT_OUT} for one in images],
    }
