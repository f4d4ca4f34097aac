"""Looking back: runs, their changes and their calls, without what was sent."""

from __future__ import annotations

from extenci.catalog.records import Catalog
from extenci.model.journal import RunOrigin
from extenci.model.outcome import Status


def test_a_run_tells_who_began_it_and_what_came_of_it(catalog: Catalog) -> None:
    journal, origin = catalog.journal, RunOrigin("ann", "/specs", "a" * 40, dirty=True)
    journal.begin_run("r", "one", "extenci apply", "r", origin)
    journal.begin_change("r", "launch a/b")
    call = journal.begin("RunInstances", run="r", change="launch a/b", service="a", request={"key": "secret"})
    journal.settle(call, {"machines": ["i-1", "i-2"]})
    refused = journal.begin("RunInstances", run="r", change="launch a/b", service="a")
    journal.fail(refused, "no room")
    journal.end_change("r", "launch a/b", Status.FAILED, "There is no room.", 3)
    journal.end_run("r", "failed")
    (run,) = journal.past_runs("one")
    assert (run.origin, run.outcome, run.command) == (origin, "failed", "extenci apply")
    (change,) = run.changes
    assert (change.status, change.message, change.amount) == ("failed", "There is no room.", 3)
    first, second = journal.calls_of("r")
    assert (first.made, second.failure) == (("i-1", "i-2"), "no room")
    assert "secret" not in repr(journal.calls_of("r"))


def test_runs_that_did_nothing_are_left_out_and_dead_ones_are_killed(catalog: Catalog) -> None:
    journal = catalog.journal
    for run, stack in (("idle", "one"), ("dead", "one"), ("other", "two"), ("mine", "one")):
        journal.begin_run(run, stack, "extenci apply")
        if run != "idle":
            journal.begin_change(run, "stage a/b")
    assert {one.id: one.outcome for one in journal.past_runs("one")} == {"mine": "running", "dead": "running"}
    with Catalog.open(catalog.home, alone=lambda _stack: True) as later:
        assert {one.id: one.outcome for one in later.journal.past_runs(None)} == {
            "mine": "killed",
            "dead": "killed",
            "other": "killed",
        }
