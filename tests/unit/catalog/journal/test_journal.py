from __future__ import annotations

import itertools
import sqlite3
import threading

import pytest

from extenci.catalog.home import Home
from extenci.catalog.journal.runs import KEPT_SECONDS
from extenci.catalog.records import Catalog
from extenci.model.errors import CatalogError
from extenci.model.outcome import Status


def test_a_call_is_unsettled_until_its_outcome_is_known(catalog: Catalog) -> None:
    journal = catalog.journal
    journal.begin_run("r", "one", "apply")
    calls = [
        journal.begin(
            "RunInstances",
            run="r",
            change="launch a/b",
            service="a",
            token=f"t{number}",
            request={"MinCount": 2},
        )
        for number in range(3)
    ]
    journal.settle(calls[0], {"instances": ["i-1"]})
    journal.fail(calls[1], "InsufficientInstanceCapacity")
    (left,) = journal.unsettled("one")
    assert (left.id, left.token, left.change, left.request, left.result) == (
        calls[2],
        "t2",
        "launch a/b",
        {"MinCount": 2},
        None,
    )
    assert journal.unsettled("two") == ()


def test_what_the_service_refused_to_remove_was_not_removed(catalog: Catalog) -> None:
    journal = catalog.journal
    journal.begin_run("r", "one", "apply")
    calls = [
        journal.begin(
            "TerminateInstances", run="r", change="c", service="a", request={"machines": [f"i-{number}"]}
        )
        for number in range(3)
    ]
    journal.settle(calls[0], {"machines": ["i-0"]})
    journal.fail(calls[1], "UnauthorizedOperation")
    assert catalog.records("one").removed == {"i-0", "i-2"}


def test_user_data_never_reaches_the_file(home: Home, catalog: Catalog) -> None:
    catalog.journal.begin_run("r", "one", "apply")
    call = catalog.journal.begin(
        "RunInstances",
        run="r",
        change="c",
        service="a",
        request={"UserData": "hunter2", "LaunchSpecification": {"user_data": "hunter2", "Type": "m5"},
                 "Many": [{"USERDATA": "hunter2"}]},
    )  # fmt: skip
    catalog.journal.settle(call, {"UserData": "hunter2"})
    assert b"hunter2" not in home.database.read_bytes()
    (intent,) = catalog.records("one").intents
    assert intent.request == {"LaunchSpecification": {"Type": "m5"}, "Many": [{}]}


def test_changes_of_a_run_are_begun_then_done_or_failed(catalog: Catalog) -> None:
    journal = catalog.journal
    journal.begin_run("r", "one", "apply", plan_id="p")
    for change in ("a", "b", "c"):
        journal.begin_change("r", change)
    journal.end_change("r", "a", Status.DONE)
    journal.end_change("r", "b", Status.FAILED)
    assert journal.done_changes("r") == {"a"}
    assert journal.halfway_changes("r") == {"b", "c"}
    assert journal.halfway_changes("other") == frozenset()


def test_the_run_of_a_saved_plan_goes_on_with_what_it_had_done(catalog: Catalog) -> None:
    journal = catalog.journal
    journal.begin_run("p1", "one", "apply plan", plan_id="p1")
    journal.begin_change("p1", "a")
    journal.end_change("p1", "a", Status.DONE)
    journal.end_run("p1", "failed")
    assert [(run.ended is None, run.outcome) for run in journal.runs("one")] == [(False, "failed")]
    journal.begin_run("p1", "one", "apply plan", plan_id="p1")
    assert [(run.plan, run.ended, run.outcome) for run in journal.runs("one")] == [("p1", None, None)]
    assert journal.done_changes("p1") == {"a"}
    with pytest.raises(CatalogError, match="belongs to the stack 'one'"):
        journal.begin_run("p1", "two", "apply plan", plan_id="p1")


def test_old_runs_are_dropped_unless_a_call_is_open(home: Home) -> None:
    now = [0.0]
    with Catalog.open(home, clock=lambda: now[0]) as catalog:
        for run in ("settled", "open", "killed"):
            catalog.journal.begin_run(run, "one", "apply")
            call = catalog.journal.begin("RunInstances", run=run, change="c", service="a")
            if run != "open":
                catalog.journal.settle(call)
            if run != "killed":
                catalog.journal.end_run(run, "done")
        now[0] = KEPT_SECONDS + 1
        catalog.journal.begin_run("new", "one", "apply")
        assert [run.id for run in catalog.journal.runs("one")] == ["killed", "open", "new"]
        assert [intent.run for intent in catalog.journal.unsettled("one")] == ["open"]


def test_settling_what_the_journal_does_not_have_is_an_error(home: Home, catalog: Catalog) -> None:
    catalog.journal.begin_run("r", "one", "apply")
    call = catalog.journal.begin("RunInstances", run="r", change="c", service="a")
    home.database.unlink()
    with pytest.raises(CatalogError, match="deleted or replaced during the run"):
        catalog.journal.settle(call)


def test_ten_threads_may_write_at_once(catalog: Catalog) -> None:
    catalog.journal.begin_run("r", "one", "apply")

    def work(number: int) -> None:
        for _ in range(5):
            call = catalog.journal.begin("RunInstances", run="r", change=str(number), service="a")
            catalog.journal.settle(call, {"n": number})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = catalog.records("one").intents
    assert len({intent.id for intent in found}) == 50
    assert all(intent.result == {"n": int(intent.change)} for intent in found)


def test_each_step_is_committed_when_its_function_returns(home: Home, catalog: Catalog) -> None:
    catalog.journal.begin_run("r", "one", "apply")
    call = catalog.journal.begin("RunInstances", run="r", change="c", service="a", token="t")
    with sqlite3.connect(home.database) as other:
        assert other.execute("SELECT token, result FROM calls").fetchall() == [("t", None)]
        catalog.journal.settle(call, {"x": 1})
        assert other.execute("SELECT result FROM calls").fetchall() == [('{"x":1}',)]
    other.close()


def test_what_runs_that_are_over_uploaded_is_known_with_the_time_of_the_last_call(home: Home) -> None:
    ticks = itertools.count(1000.0, 10.0)
    with Catalog.open(home, clock=lambda: next(ticks)) as catalog:
        journal = catalog.journal
        for run, stack in (("over", "lab"), ("at work", "lab"), ("others", "other")):
            journal.begin_run(run, stack, "extenci apply")
            request = {"bucket": "mine", "key": run}
            for call in ("CreateMultipartUpload", "UploadPart", "DescribeAll"):
                journal.begin(call, run=run, change="stage a/b", service="a", request=request)
        journal.end_run("over", "failed")
        assert journal.uploaded("lab", "a") == {"over": 1020.0}
        assert journal.uploaded("lab", "b") == {}
