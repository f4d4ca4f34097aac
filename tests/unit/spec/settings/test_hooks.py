"""`hooks:` of extenci.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest

from extenci.model.hook import Event, Hook
from extenci.spec.root import read_root


def hooks_of(folder: Path, text: str) -> tuple[tuple[Hook, ...], list[str]]:
    (folder / "extenci.yaml").write_text(f"stack: lab\nhooks:\n  - {text}\n")
    root = read_root(folder)
    return root.hooks, [fault.message for fault in root.faults]


def test_a_hook_is_told_everything_for_half_a_minute_unless_it_says_otherwise(tmp_path: Path) -> None:
    assert hooks_of(tmp_path, "run: [./x, y z]") == ((Hook(("./x", "y z"), "", frozenset(Event), 30),), [])
    found, _ = hooks_of(tmp_path, "{url: 'https://a.example/x', after: [verify], timeout: 5s}")
    assert found == (Hook((), "https://a.example/x", frozenset({Event.VERIFY}), 5),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{after: [apply]}", "must have either 'run', a program, or 'url'"),
        ("{run: [x], url: 'https://a.example/x'}", "must have either 'run', a program, or 'url'"),
        ("{url: 'http://a.example/x'}", "https"),
        ("{url: 'https://ann:pw@a.example/x'}", "has a user or password in its URL"),
        ("{run: []}", "run"),
        ("{run: [x], after: [plan]}", "after"),
        ("{run: [x], timeout: 30}", "must be a time with its unit"),
        ("{run: [x], timeout: 1h}", "must be from 1s to 10m"),
    ],
)
def test_what_is_no_hook_is_told(tmp_path: Path, text: str, message: str) -> None:
    found, faults = hooks_of(tmp_path, text)
    assert found == ()
    assert any(message in fault for fault in faults), faults
