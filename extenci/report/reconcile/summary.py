"""The outcome of a pass in one sentence, and as numbers."""

from __future__ import annotations

from datetime import UTC, datetime

from extenci.model.action import Action
from extenci.model.outcome import Status
from extenci.model.plan import Change
from extenci.model.reconcile import LastPass, Pass, PassStatus
from extenci.model.text import counted
from extenci.report.plan.phrases import SUMMARY_ORDER, noun_of, summary_phrase
from extenci.report.result.outcomes import outcomes_of

SHOWN_DIGITS = 12
FINE = (PassStatus.IN_SYNC, PassStatus.APPLIED)


def summary_of(done: Pass) -> str:
    """`nothing to do`, `3 machines launched`; a failure's reason. Without a full stop."""
    match done.status:
        case PassStatus.IN_SYNC:
            return "nothing to do"
        case PassStatus.APPLIED:
            return done_text(done) or "done"
        case PassStatus.INTERRUPTED:
            return "interrupted; the next pass goes on"
        case PassStatus.PENDING | PassStatus.WAITING if done.plan is not None:
            return f"pending: {summary_phrase(done.plan)}"
        case _:
            return "; ".join(filter(None, (done_text(done), undone_text(done))))


def done_text(done: Pass) -> str:
    """`1 image staged, 3 machines launched`; "" where nothing was done."""
    changes = [
        change
        for result in done.results
        for change, outcome in outcomes_of(result)
        if outcome.status is Status.DONE
    ]
    return ", ".join(filter(None, (action_text(changes, action) for action in SUMMARY_ORDER)))


def action_text(changes: list[Change], action: Action) -> str:
    """`3 machines launched`; "" where no such change was done."""
    same = [change for change in changes if change.action is action]
    return f"{counted(sum(change.count for change in same), noun_of(same))} {action.past}" if same else ""


def undone_text(done: Pass) -> str:
    """Why a pass did not do everything."""
    if done.error:
        return done.error.splitlines()[0].rstrip(".")
    numbers = {
        "failed": sum(count(done, status) for status in (Status.FAILED, Status.SKIPPED, Status.BLOCKED)),
        "blocked": sum(len(plan.blocked) for plan in done.plans),
        "waiting for a person": count(done, Status.WAITING),
        "past a limit": len(done.left),
        "not read": sum(len(plan.unread) for plan in done.plans),
    }
    return ", ".join(f"{number} {word}" for word, number in numbers.items() if number) or "not fully applied"


def count(done: Pass, status: Status) -> int:
    """The number of changes with an outcome."""
    return sum(outcome.status is status for result in done.results for _, outcome in outcomes_of(result))


def last_pass_of(done: Pass, before: LastPass | None) -> LastPass:
    """What is kept of a pass."""
    ok_at = done.at if done.status in FINE else before.ok_at if before is not None else 0.0
    return LastPass(done.at, done.commit, done.branch, done.status, summary_of(done), ok_at)


def is_news(now: LastPass, before: LastPass | None) -> bool:
    """Whether hooks are told of a pass: it did something, or ended differently from the one before."""
    if now.status is PassStatus.APPLIED:
        return True
    if before is None:
        return now.status is not PassStatus.IN_SYNC
    if now.status is PassStatus.IN_SYNC:
        return before.status not in FINE
    return (now.status, now.summary, now.commit) != (before.status, before.summary, before.commit)


def time_text(at: float) -> str:
    """`2026-11-28 04:46:02 UTC`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def place_text(branch: str, commit: str) -> str:
    """` at main 1a2b3c4d5e6f`; "" for a folder that is taken as it is."""
    return f" at {branch} {commit[:SHOWN_DIGITS]}" if commit else ""
