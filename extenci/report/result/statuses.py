"""The words for the statuses of changes, the same while a run is at work and at its end."""

from __future__ import annotations

from extenci.model.outcome import Status

UNDONE = {
    Status.FAILED: "failed",
    Status.WAITING: "waiting for a person",
    Status.BLOCKED: "blocked, because a change before it was not done",
    Status.SKIPPED: "skipped, because the run was interrupted",
}
"""What became of a change that is not done. Each phrase begins with the word for the status."""


def title_of(status: Status) -> str:
    """The title of the changes of a status."""
    return f"{UNDONE[status][0].upper()}{UNDONE[status][1:]}"
