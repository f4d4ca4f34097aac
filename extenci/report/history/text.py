"""Runs of the past as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from extenci.model.action import Action
from extenci.model.journal import PastCall, PastChange, PastRun
from extenci.model.outcome import Status
from extenci.model.text import counted, listed
from extenci.report.text.columns import columns
from extenci.report.text.palette import PLAIN, Palette
from extenci.report.text.quantities import duration
from extenci.report.text.safe import safe
from extenci.report.text.times import local_minute, local_second

ID_CHARACTERS = 8
COMMIT_CHARACTERS = 8
PAST = {str(action): action.past for action in Action}
"""The past participles of actions."""


def render_history(runs: Sequence[PastRun], *, all_stacks: bool = False, palette: Palette = PLAIN) -> str:
    """One line a run, newest first; times are local."""
    if not runs:
        return "Nothing was changed yet, as far as this home knows.\n"
    rows = [
        (run.id[:ID_CHARACTERS], local_minute(run.began), *([run.stack] if all_stacks else []), who(run),
         commit_text(run)[: COMMIT_CHARACTERS + 1] or "-", run.outcome, result_text(run))
        for run in runs
    ]  # fmt: skip
    titles = ("RUN", "BEGAN", *(["STACK"] if all_stacks else []), "BY", "COMMIT", "RESULT", "CHANGES")
    header, *lines = columns([titles, *rows])
    return "\n".join([palette.paint(palette.faint, header), *lines]) + "\n"


def render_run(run: PastRun, *, palette: Palette = PLAIN) -> str:
    """All that is known of one run."""
    ended = f"{local_second(run.ended)}, after {duration(run.ended - run.began)}" if run.ended else "-"
    facts = [
        ("stack", run.stack),
        ("command", run.command),
        ("by", f"{who(run)}@{run.host}"),
        ("specs", run.origin.root or "-"),
        ("commit", commit_text(run, COMMIT_CHARACTERS * 5) or "-"),
        ("began", local_second(run.began)),
        ("ended", ended),
        ("result", run.outcome + (f": {result_text(run)}" if run.changes else "")),
    ]
    sections = [
        [palette.paint(palette.heading, f"Run {safe(run.id)}"), *columns(facts, "  ")],
        change_lines(run.changes, palette),
        call_lines(run.calls, palette),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def who(run: PastRun) -> str:
    """The user who began a run; runs of earlier versions do not tell."""
    return run.origin.user or "-"


def commit_text(run: PastRun, characters: int = COMMIT_CHARACTERS) -> str:
    """`3dbb7181`, with a `+` where the specs differed from it; "" where there was none."""
    return run.origin.commit[:characters] + ("+" if run.origin.commit and run.origin.dirty else "")


def result_text(run: PastRun) -> str:
    """`1 staged, 2 launched, 1 failed`; changes of earlier versions have no numbers, and count as one."""
    done: Counter[str] = Counter()
    for change in run.changes:
        word = change.id.partition(" ")[0]
        if change.status != Status.DONE:
            done[change.status] += 1
        elif word in PAST:
            done[PAST[word]] += change.amount or 1
    if not run.changes:
        return counted(len(run.calls), "call") if run.calls else "recovery"
    return ", ".join(f"{number} {word}" for word, number in done.items())


def change_lines(changes: Sequence[PastChange], palette: Palette) -> list[str]:
    """A line a change, and one for why it is not done."""
    if not changes:
        return []
    rows = columns([(one.id, one.status, local_second(one.at)) for one in changes], "  ")
    lines = [palette.paint(palette.heading, "Changes")]
    for row, one in zip(rows, changes, strict=True):
        lines += [row, *([f"    {safe(one.message)}"] if one.message else [])]
    return lines


def call_lines(calls: Sequence[PastCall], palette: Palette) -> list[str]:
    """A line a call: when, what, on which service, and what came of it."""
    if not calls:
        return []
    rows = [(local_second(one.at), one.call, one.service, answer_text(one)) for one in calls]
    return [palette.paint(palette.heading, "Calls that change something"), *columns(rows, "  ")]


def answer_text(call: PastCall) -> str:
    """What came of a call."""
    if call.settled is None:
        return "outcome unknown"
    return f"failed: {call.failure}" if call.failure else listed(list(call.made), most=5) or "done"
