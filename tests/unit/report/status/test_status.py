from __future__ import annotations

from collections.abc import Callable

import pytest

from extenci.model.address import Address
from extenci.model.status import ImageStatus, InstancesStatus, MachineStatus, StackStatus, VmStatus
from extenci.report.plan.json import render_json
from extenci.report.status.json import status_document
from extenci.report.status.text import render_status
from extenci.report.text.palette import COLOUR

SameAs = Callable[[str, str], None]


@pytest.fixture
def status() -> StackStatus:
    return StackStatus(
        stack="physics",
        services=("sandbox", "amazon"),
        images=(
            ImageStatus(Address("sandbox", "worker"), "ab" * 32, "ami-1", "snap-1", "staged", "passed",
                        ("ami-0",)),
            ImageStatus(Address("amazon", "worker-of-ours"), None, None, None, "not staged"),
        ),
        instances=(
            InstancesStatus(
                Address("sandbox", "pool"),
                3,
                (
                    MachineStatus("i-1", "running", "127.0.0.2", "ami-1"),
                    MachineStatus("i-22", "running", "127.0.0.3", "ami-0", "12.0", outdated=True),
                    MachineStatus("i-3", "pending", "", "ami-1"),
                ),
                4,
            ),
            InstancesStatus(Address("amazon", "old"), 0, (), 0),
        ),
        sandbox_machines="simulated",
        test_vms=(
            VmStatus(Address("sandbox", "worker"), "i-4", "running", "127.0.0.4", "v2", "waiting",
                         "2026-05-01T12:00:00Z"),
            VmStatus(Address("sandbox", "worker"), "i-5", "running", "127.0.0.5", "v1", "failed",
                         "2026-05-01T13:00:00Z"),
            VmStatus(Address("amazon", "old"), "i-6", "pending", "", "v1", None, None),
        ),
    )  # fmt: skip


def test_a_status_shows_wanted_and_live_side_by_side(status: StackStatus, same_as: SameAs) -> None:
    same_as(render_status(status), "status.txt")


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
