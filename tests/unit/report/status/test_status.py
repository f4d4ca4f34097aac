from __future__ import annotations

from collections.abc import Callable

import pytest

from extenci.model.address import Address
from extenci.model.status import (
    ImageStatus,
    InstancesStatus,
    MachineStatus,
    RefusedVersion,
    StackStatus,
    TestVmStatus,
)
from extenci.report.plan.json import render_json
from extenci.report.status.json import status_document
from extenci.report.status.text import render_status
from extenci.report.text.palette import COLOUR

NOW = 1_767_322_800.0
SameAs = Callable[[str, str], None]


@pytest.fixture
def status() -> StackStatus:
    return StackStatus(
        stack="physics",
        services=("sandbox", "amazon"),
        images=(
            ImageStatus(Address("sandbox", "worker"), "ab" * 32, "ami-0123456789abcdef0",
                        "snap-0123456789abcdef0", "staged", "passed", ("ami-0",)),
            ImageStatus(Address("amazon", "worker-of-ours"), None, None, None, "not staged"),
        ),
        instances=(
            InstancesStatus(
                Address("sandbox", "pool"),
                3,
                (
                    MachineStatus("i-1", "running", "127.0.0.2", "ami-1", type="t3.micro",
                                  launched=NOW - 7260),
                    MachineStatus("i-22", "running", "127.0.0.3", "ami-0", "12.0", outdated=True),
                    MachineStatus("i-3", "pending", "", "ami-1"),
                ),
                4,
            ),
            InstancesStatus(Address("amazon", "old"), 0, (), 0),
        ),
        sandbox_machines="simulated",
        test_vms=(
            TestVmStatus(Address("sandbox", "worker"), "i-4", "running", "127.0.0.4", "ami-1", "t3.micro",
                         NOW - 90, "waiting", "2026-01-02T03:04:05+00:00"),
            TestVmStatus(Address("sandbox", "worker"), "i-5", "pending", "", "ami-1", "t3.micro"),
        ),
        refused=(
            RefusedVersion(Address("sandbox", "worker"), "abc-1", "failed", NOW - 3600, "tcp 22 failed."),
        ),
    )  # fmt: skip


def test_a_status_shows_wanted_and_live_side_by_side(status: StackStatus, same_as: SameAs) -> None:
    same_as(render_status(status, now=NOW), "status.txt")


def test_a_narrow_terminal_gets_fewer_columns(status: StackStatus, same_as: SameAs) -> None:
    text = render_status(status, width=80, now=NOW)
    same_as(text, "status-narrow.txt")
    assert max(map(len, text.splitlines())) <= 80


def test_the_document_of_a_status_is_as_published(status: StackStatus, same_as: SameAs) -> None:
    same_as(render_json(status_document(status)), "status.json")


def test_an_empty_stack_says_so() -> None:
    text = render_status(StackStatus("s", ("sandbox",), (), ()))
    assert text == "Stack s on sandbox\n\nThe specs ask for nothing, and the stack owns nothing.\n"


def test_counts_are_green_only_where_all_is_as_wanted() -> None:
    machine = MachineStatus("i-1", "running", "h", "ami-1")

    def colour(wanted: int, *machines: MachineStatus) -> str:
        group = InstancesStatus(Address("s", "p"), wanted, machines, len(machines))
        text = render_status(StackStatus("s", ("s",), (), (group,)), palette=COLOUR)
        return "good" if f": {COLOUR.good}" in text else "warning"

    assert colour(1, machine) == "good"
    assert colour(2, machine) == "warning"
    assert colour(1, machine, MachineStatus("i-2", "stopped", "h", "ami-1")) == "warning"
    assert colour(1, MachineStatus("i-1", "running", "h", "ami-0", outdated=True)) == "warning"


def test_names_from_a_cloud_are_neutralised() -> None:
    group = InstancesStatus(Address("s", "p"), 1, (MachineStatus("i-1", "running", "\x1b[31m\nh", "ami"),))
    assert "\\x1b[31m\\nh" in render_status(StackStatus("s", ("s",), (), (group,)))
