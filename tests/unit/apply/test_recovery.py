"""Calls of runs that died: which of them are looked into, and which are not."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest

from extenci.apply.calls import RECOVERY, RecoveryRun
from extenci.apply.recovery import Recovery
from extenci.catalog.home import Home
from extenci.catalog.records import Catalog
from extenci.cloud.clients import Clients
from extenci.model.address import Address
from extenci.model.errors import Interrupted
from extenci.model.observed import Observation, ServiceState
from extenci.model.ownership import Marks, Role
from extenci.model.record import Deregistered
from extenci.model.service import Service, Tagging
from extenci.stage.ebs.start import TIMEOUT_MINUTES
from tests.unit.builders import observed_image

NOWHERE = "http://127.0.0.1:9"


def test_a_start_whose_snapshot_has_timed_out_is_closed_and_not_repeated(tmp_path: Path) -> None:
    service = Service("campus", "us-east-1", ec2=NOWHERE, ebs=NOWHERE, tags=Tagging.AFTER)
    with Catalog.open(Home(tmp_path)) as catalog:
        journal = catalog.journal
        journal.begin_run("dead", "physics", "extenci apply")
        journal.begin("StartSnapshot", run="dead", change="stage campus/worker", service="campus")
        (intent,) = journal.unsettled("physics")

        recovery = Recovery("physics", {"campus": Clients(service)}, journal, print)
        recovery.finish_staging(intent.at + TIMEOUT_MINUTES * 60)

        assert journal.unsettled("physics") == ()


def test_ctrl_c_is_heeded_while_recovery_waits_for_a_service(tmp_path: Path) -> None:
    stop = Event()
    with Catalog.open(Home(tmp_path)) as catalog:
        clients = {"campus": Clients(Service("campus", "us-east-1", ec2=NOWHERE))}
        recovery = Recovery("physics", clients, catalog.journal, print, stop=stop)
        stop.set()
        with pytest.raises(Interrupted):
            recovery._context("campus").pause(60.0)


def test_a_key_pair_whose_call_was_not_answered_is_deleted_by_whoever_comes_next(tmp_path: Path) -> None:
    """No tag need tell of it: its name was written down before it was made."""
    with Catalog.open(Home(tmp_path)) as catalog:
        journal = catalog.journal
        journal.begin_run("dead", "physics", "extenci verify")
        request = {"name": "extenci-test-1"}
        for call in ("CreateKeyPair", "DeleteKeyPair"):
            journal.begin(
                call, run="dead", change="verify campus/worker", service="campus", token="extenci-test-1",
                request=request,
            )  # fmt: skip
        journal.end_run("dead", "failed")

        Recovery("physics", {}, journal, print).close(Observation({"campus": ServiceState("campus", 0.0)}))

        assert journal.unsettled("physics") == ()
        assert journal.left_key_pairs("physics", "campus") == ("extenci-test-1",)
        (made,) = journal.key_pairs()
        assert (made.name, made.change, made.is_there, made.is_over) == (
            "extenci-test-1", "verify campus/worker", True, True,
        )  # fmt: skip
        journal.forget_key_pair("extenci-test-1")
        assert [one.is_there for one in journal.key_pairs()] == [False]


def test_an_import_is_not_over_because_nothing_is_seen_of_it(tmp_path: Path) -> None:
    """It may be under way: where nothing is tagged, its call alone tells whose the snapshot will be."""
    with Catalog.open(Home(tmp_path)) as catalog:
        journal = catalog.journal
        journal.begin_run("dead", "physics", "extenci apply")
        journal.begin("ImportSnapshot", run="dead", change="stage campus/worker", service="campus")
        journal.end_run("dead", "interrupted")
        (intent,) = journal.unsettled("physics")

        Recovery("physics", {}, journal, print).close(Observation({"campus": ServiceState("campus", 0.0)}))

        assert journal.unsettled("physics") == (intent,)


def test_a_recovery_that_changes_nothing_is_no_run(tmp_path: Path) -> None:
    with Catalog.open(Home(tmp_path)) as catalog:
        recovery = Recovery("physics", {}, catalog.journal, print)
        recovery.finish_staging(0.0)
        recovery.claim()
        recovery.delete_key_pairs(Observation(), tmp_path)
        assert catalog.journal.runs("physics") == ()


def test_what_a_recovery_changes_is_journalled_as_a_run_of_its_own(tmp_path: Path) -> None:
    with Catalog.open(Home(tmp_path)) as catalog:
        journal = catalog.journal
        run = RecoveryRun(journal, "physics")
        intent = run.calls("campus").begin("DeleteKeyPair", request={"name": "extenci-test-1"})
        (open_call,) = journal.unsettled("physics")
        assert (open_call.call, open_call.change) == ("DeleteKeyPair", "recover campus")
        run.calls("campus").settle(intent, {"name": "extenci-test-1"})
        run.end()
        (one,) = journal.runs("physics")
        assert (one.command, one.outcome) == (RECOVERY, "done")


def test_a_deregistration_whose_answer_was_lost_is_known_with_its_snapshots(tmp_path: Path) -> None:
    """By the image that is gone; one that is still there was not deregistered."""
    with Catalog.open(Home(tmp_path)) as catalog:
        journal = catalog.journal
        journal.begin_run("first", "physics", "extenci stage")
        tags = Marks("physics", "campus", "worker", Role.MANUAL).to_tags()
        made = journal.begin(
            "RegisterImage", run="first", change="stage campus/worker", service="campus", token="w-1",
            tags=tags,
        )  # fmt: skip
        journal.settle(made, {"image": "ami-1", "snapshot": "snap-1"})
        journal.end_run("first", "done")
        journal.begin_run("dead", "physics", "extenci unstage")
        for image in ("ami-1", "ami-2"):
            journal.begin(
                "DeregisterImage", run="dead", change=f"unstage campus/worker {image}", service="campus",
                request={"image": image, "snapshots": ["snap-1"]},
            )  # fmt: skip
        journal.end_run("dead", "failed")

        there = ServiceState("campus", 0.0, images=(observed_image("ami-2"),))
        Recovery("physics", {}, journal, print).close(Observation({"campus": there}))

        assert journal.unsettled("physics") == ()
        assert journal.deregistered("physics") == (
            Deregistered("campus", "ami-1", Address("campus", "worker"), "w-1", Role.MANUAL, ("snap-1",)),
        )
