from __future__ import annotations

import itertools

import pytest

from extenci.catalog.database.connection import Database
from extenci.catalog.home import Home
from extenci.catalog.records import Catalog


@pytest.fixture
def left(home: Home) -> Home:
    """A home whose last two runs were killed: nothing tells that but the lock."""
    for number, run in enumerate(("first", "last")):
        with Catalog.open(home, clock=itertools.repeat(100.0 + number).__next__) as catalog:
            catalog.journal.begin_run(run, "stack", "extenci apply")
            catalog.journal.begin(
                "CreateKeyPair", run=run, change="verify a/b", service="a", token=run, request={"name": run}
            )
    return home


def test_whoever_holds_the_lock_knows_that_no_other_run_is_alive(left: Home) -> None:
    with Catalog.open(left, alone=lambda _stack: True) as catalog:
        assert catalog.records("stack").finished_runs == {"first", "last"}
        assert catalog.journal.left_key_pairs("stack", "a") == ("first", "last")


def test_its_own_run_is_alive_until_it_ends(left: Home) -> None:
    with Catalog.open(left, alone=lambda _stack: True) as catalog:
        catalog.journal.begin_run("mine", "stack", "extenci apply")
        assert catalog.records("stack").finished_runs == {"first", "last"}
        catalog.journal.end_run("mine", "done")
        assert catalog.records("stack").finished_runs == {"first", "last", "mine"}


def test_while_somebody_holds_the_lock_the_last_run_may_be_theirs(left: Home) -> None:
    with Catalog.open(left, alone=lambda _stack: False) as catalog:
        assert catalog.records("stack").finished_runs == {"first"}
        assert [one.is_over for one in catalog.journal.key_pairs()] == [True, False]


def test_a_run_of_another_stack_is_judged_by_the_lock_of_that_stack(home: Home) -> None:
    with Catalog.open(home) as dead:
        dead.journal.begin_run("mine", "stack", "extenci apply")
        dead.journal.begin_run("theirs", "other", "extenci apply")
    with (
        Catalog.open(home, alone=lambda stack: stack == "stack") as catalog,
        Database(home).reading() as file,
    ):
        assert catalog.journal.alive(file) == {"theirs"}
