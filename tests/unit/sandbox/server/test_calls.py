"""The request log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from extenci.sandbox.server.calls import CallLog


def call(log: CallLog, action: str = "RunInstances") -> None:
    log.write("ec2", action, "AKIASANDBOX123456789", status=403, error="AuthFailure", changes=True)


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_call_is_one_line_with_the_beginning_of_the_key_only(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    call(CallLog(path, clock=lambda: 1700000000.12345))
    assert records(path) == [
        {
            "time": 1700000000.1235,
            "service": "ec2",
            "action": "RunInstances",
            "key": "AKIASANDBOX1",
            "status": 403,
            "error": "AuthFailure",
            "changes": True,
        }
    ]
    assert path.stat().st_mode & 0o077 == 0


def test_the_log_starts_anew_at_its_limit_and_keeps_the_last(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    log = CallLog(path, limit=400)
    for number in range(7):
        call(log, f"Action{number}")
    assert path.stat().st_size <= 400
    assert path.with_name("calls.jsonl.1").stat().st_size <= 400
    kept = records(path.with_name("calls.jsonl.1")) + records(path)
    assert [one["action"] for one in kept] == [f"Action{number}" for number in range(7)][-len(kept) :]
    assert len(kept) > 1


def test_the_log_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    call(CallLog(path))
    call(CallLog(path))
    assert len(records(path)) == 2
