from __future__ import annotations

from dataclasses import replace

import pytest

from extenci.model.record import Facts, Records, ResourceKind, ResourceRecord
from extenci.model.version import BLOCK_BYTES, GIB, Disk
from extenci.plan.planner import make_plan
from tests.unit.plan.scenery import NOW, address, build_case, digest

WORKER = address("worker")


def warnings(
    disk: Disk, gib: int = 1, facts: Facts | None = None, size: int | None = None
) -> tuple[str, ...]:
    """The warnings of a plan that replaces an image with a volume of so many GiB by a disk."""
    case = build_case(
        "",
        {
            "specs": {"images": {"worker": {"disk": "B", "keep": 1, "size": size}}},
            "there": {"images": {"ami-1": {"of": "worker", "disk": f"A:{gib}", "snapshots": ["snap-1"]}}},
        },
    )
    known = ResourceRecord("sandbox", "ami-1", ResourceKind.IMAGE, WORKER, {}, facts or {})
    records = Records((known,)) if facts else case.records
    state = case.observation.services["sandbox"]
    images = tuple(replace(one, gib=gib) for one in state.images)
    observation = replace(case.observation, services={"sandbox": replace(state, images=images)})
    return make_plan(case.desired, {WORKER: disk}, observation, records, now=NOW).warnings


def disk(size: int, blocks: int = 1) -> Disk:
    return Disk(digest("B"), size, blocks)


def test_a_disk_of_a_hundredth_of_the_recorded_size_is_warned_of() -> None:
    facts: Facts = {"bytes": 1000 * BLOCK_BYTES, "blocks": 1000}
    (warning,) = warnings(disk(10 * BLOCK_BYTES, 10), facts=facts)
    assert warning == (
        "The new disk of sandbox/worker has 5,242,880 bytes, that of ami-1 before it 524,288,000: check "
        "whether /images/worker.raw is the right file, and whole."
    )
    assert warnings(disk(10 * BLOCK_BYTES + 1, 11), facts=facts) == ()


def test_so_is_one_of_the_same_size_with_a_hundredth_of_the_data() -> None:
    facts: Facts = {"bytes": GIB, "blocks": 1000}
    (warning,) = warnings(disk(GIB, 10), facts=facts)
    assert "has 5,242,880 bytes that are not zeros, that of ami-1 before it 524,288,000" in warning


@pytest.mark.parametrize(
    ("size", "gib", "asked", "warned"),
    [
        (GIB // 10, 11, None, True),
        (GIB // 10 + 1, 11, None, False),
        (135, 1, None, False),  # the volume of 1 GiB may have held as little
        (GIB // 10, 11, 11, False),  # the volume was made larger than its disk
    ],
)
def test_without_a_record_the_volume_tells_the_size_before(
    size: int, gib: int, asked: int | None, warned: bool
) -> None:
    assert bool(warnings(disk(size), gib, size=asked)) is warned
