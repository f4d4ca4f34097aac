"""A call whose outcome is found out long after it was made still tells whose its machines are."""

from __future__ import annotations

from pathlib import Path

from extenci.catalog.home import Home
from extenci.catalog.records import Catalog

HOUR = 3600.0


def test_a_launch_settled_days_later_is_remembered_from_then_on(tmp_path: Path) -> None:
    now = [0.0]
    with Catalog.open(Home(tmp_path / "home"), lambda: now[0]) as catalog:
        catalog.journal.begin_run("run", "stack", "extenci apply")
        call = catalog.journal.begin("RunInstances", run="run", change="launch", service="cloud", token="t")
        now[0] = 50 * HOUR
        catalog.journal.settle(call, {"machines": ["i-1"]})
        assert [intent.result for intent in catalog.records("stack").intents] == [{"machines": ["i-1"]}]
        now[0] = 99 * HOUR
        assert catalog.records("stack").intents == ()
