"""Runs of the past as people and programs read them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from extenci.model.journal import PastCall, PastChange, PastRun, RunOrigin
from extenci.report.history.json import run_document
from extenci.report.history.text import render_history, render_run

RUN = PastRun(
    id="3f9a1c02" * 4,
    stack="lab",
    command="extenci apply -y",
    host="here",
    began=1e9,
    ended=1e9 + 65,
    outcome="failed",
    origin=RunOrigin("ann", "/specs", "0123456789" * 4, dirty=True),
    changes=(
        PastChange("stage a/worker", "done", 1e9 + 1, 1),
        PastChange("launch a/pool", "failed", 1e9 + 2, 3, "There is\x1b[31m no room."),
    ),
    calls=(PastCall("launch a/pool", "a", "RunInstances", 1e9, None),),
)


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")


def test_a_list_has_a_line_a_run() -> None:
    text = render_history([RUN, replace(RUN, changes=(), origin=RunOrigin(), outcome="killed")])
    assert "3f9a1c02" in text
    assert "ann  01234567+  failed  1 staged, 1 failed" in text
    assert len(text.splitlines()) == 3
    assert max(map(len, text.splitlines())) <= 80


def test_one_run_is_told_in_detail_and_nothing_in_it_reaches_the_terminal_raw() -> None:
    text = render_run(RUN)
    assert "\x1b" not in text
    for part in ("extenci apply -y", "ann@here", "0123456789" * 4 + "+", "1 min 5 s", "outcome unknown"):
        assert part in text
    document = run_document(RUN)["run"]
    assert isinstance(document, dict)
    assert (document["commit"], document["dirty"]) == ("0123456789" * 4, True)
    assert document["calls"][0]["settled"] is None


def test_nothing_is_told_as_such() -> None:
    assert render_history([]) == "Nothing was changed yet, as far as this home knows.\n"
