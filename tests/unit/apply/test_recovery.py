"""Calls of runs that died: what is asked about them, and what is not."""

from __future__ import annotations

from pathlib import Path

from extenci.apply.recovery import repeat_untagged_starts
from extenci.catalog.home import Home
from extenci.catalog.records import Catalog
from extenci.cloud.clients import Clients
from extenci.model.services import Service
from extenci.model.words import Tagging
from extenci.stage.ebs import TIMEOUT_MINUTES

NOWHERE = "http://127.0.0.1:9"


def test_a_start_whose_snapshot_has_timed_out_is_closed_and_not_repeated(tmp_path: Path) -> None:
    service = Service("campus", "us-east-1", ec2=NOWHERE, ebs=NOWHERE, tags=Tagging.AFTER)
    with Catalog.open(Home(tmp_path)) as catalog:
        journal = catalog.journal
        journal.begin_run("dead", "physics", "extenci apply")
        journal.begin("StartSnapshot", run="dead", change="stage campus/worker", service="campus")
        (intent,) = journal.unsettled("physics")

        repeat_untagged_starts(
            [intent], {"campus": Clients(service)}, journal, intent.at + TIMEOUT_MINUTES * 60
        )

        assert journal.unsettled("physics") == ()
