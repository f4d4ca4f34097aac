from __future__ import annotations

import time
from dataclasses import replace

import pytest

from extenci.model.outcome import Advanced, Began, Ended, Noted, Outcome, Result, Status, Underway
from extenci.model.plan import Plan
from extenci.model.version import GIB
from extenci.report.result.progress import ProgressLines, ended_lines, step_text
from extenci.report.result.text import render_result

MIB = 1024**2


def test_an_upload_tells_its_rate_at_most_every_five_seconds(busy_plan: Plan) -> None:
    stage = busy_plan.changes[0]
    progress = ProgressLines()
    said = progress.lines(Began(stage), 100.0)
    for tick in range(121):
        said += progress.lines(Advanced(stage, 50 * MIB + tick * MIB, 200 * MIB, "bytes"), 100.0 + tick / 10)
    said += progress.lines(Ended(stage, Outcome(stage.id, Status.DONE, seconds=12.0)), 112.1)
    assert said == [
        "stage sandbox/worker: stage version bbbbbbbbbbbb-1ee98c52 …",
        "stage sandbox/worker: 100 of 200 MiB left, 10 MiB/s, 10 s to go",
        "stage sandbox/worker: 50 of 200 MiB left, 10 MiB/s, 5 s to go",
        "stage sandbox/worker: done in 12 s",
    ]


def test_changes_are_limited_apart_from_each_other(busy_plan: Plan) -> None:
    stage, launch, *_ = busy_plan.changes
    progress = ProgressLines()
    for change in (stage, launch):
        progress.lines(Began(change), 0.0)
    assert progress.lines(Advanced(stage, 1, GIB, "bytes"), 6.0) == ["stage sandbox/worker: 1 of 1 GiB left"]
    assert progress.lines(Advanced(launch, 1, 3, "machines"), 6.1) == ["launch sandbox/pool: 1 of 3 machines"]
    assert progress.lines(Advanced(stage, 2, GIB, "bytes"), 6.2) == []


def test_a_step_is_told_with_the_time_by_which_it_ends(busy_plan: Plan) -> None:
    launch, progress = busy_plan.changes[1], ProgressLines()
    until = time.mktime((2026, 11, 28, 14, 3, 10, 0, 0, -1))
    assert progress.lines(Underway(launch, "ssh up\x07time", until), 0.0) == [
        "launch sandbox/pool: ssh up\\x07time, until 14:03:10 …"
    ]
    assert step_text(Underway(launch, "ssh true"), 5) == "ssh …"


@pytest.mark.parametrize("status", [one for one in Status if one is not Status.DONE])
def test_a_status_has_one_word(busy_plan: Plan, status: Status) -> None:
    change = busy_plan.changes[0]
    (line,) = ended_lines(change, Outcome(change.id, status))
    plan = replace(busy_plan, changes=(change,), blocked=())
    text = render_result(Result("r1", plan, (Outcome(change.id, status),)))
    assert line.startswith(f"{change.id}: {status}")
    assert text.startswith(str(status).capitalize())
    assert f"; 1 {status}." in text


def test_notes_and_failures_are_always_told_and_neutralised(busy_plan: Plan) -> None:
    launch = busy_plan.changes[1]
    progress = ProgressLines()
    assert progress.lines(Noted(launch, "i-1 is at \x1b[31mhost"), 0.0) == [
        "launch sandbox/pool: i-1 is at \\x1b[31mhost"
    ]
    assert progress.lines(Noted(None, "two\nlines"), 0.0) == ["two", "lines"]
    failed = Outcome(launch.id, Status.FAILED, "No capacity.\x07", "Try another zone.", seconds=0.44)
    assert progress.lines(Ended(launch, failed), 0.1) == ["launch sandbox/pool: failed after 0.4 s"]
    assert ProgressLines(gives_reasons=True).lines(Ended(launch, failed), 0.1) == [
        "launch sandbox/pool: failed after 0.4 s",
        "launch sandbox/pool: No capacity.\\x07",
        "launch sandbox/pool: Try another zone.",
    ]
    assert progress.lines(Ended(launch, Outcome(launch.id, Status.SKIPPED)), 0.1) == [
        "launch sandbox/pool: skipped, because the run was interrupted"
    ]
