from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from extenci.image.block_list import Entry
from extenci.model.version import BLOCK_BYTES
from extenci.stage.s3_import.part_plan import MOST_PARTS, PART_BLOCKS, PartPlan, UploadPart, plan_parts

TIB = 1024**4


def entries(*indexes: int) -> list[Entry]:
    return [Entry(index, bytes(31) + b"x") for index in indexes]


@pytest.mark.parametrize("size", [1, PART_BLOCKS * BLOCK_BYTES, 80 * 1024**3, 81 * 1024**3, 16 * TIB])
def test_parts_are_as_many_and_as_large_as_s3_takes(size: int) -> None:
    """S3 User Guide: at most 10,000, of 5 MiB (but the last) to 5 GiB."""
    plan = plan_parts(Entry(-(-size // BLOCK_BYTES) - 1, b""))
    assert plan.size >= size
    assert plan.count <= MOST_PARTS
    assert plan.part_bytes >= 5 * 1024**2
    assert plan.part_bytes <= 5 * 1024**3 or size > 48 * TIB


def test_zeros_at_the_end_are_left_out() -> None:
    assert plan_parts(Entry(40, b"")).size == 41 * BLOCK_BYTES


def test_a_disk_of_zeros_is_one_block() -> None:
    (part,) = plan_parts(None).parts([])
    assert part == UploadPart(1, 0, 1, ())


def test_each_part_has_its_blocks() -> None:
    one, two, *rest = entries(0, 3, 4, 9)
    assert list(PartPlan(10, 4).parts([one, two, *rest])) == [
        UploadPart(1, 0, 4, (one, two)),
        UploadPart(2, 4, 4, (rest[0],)),
        UploadPart(3, 8, 2, (rest[1],)),
    ]


@given(some.sets(some.integers(0, 300)), some.integers(1, 20))
def test_no_block_is_lost_and_none_is_doubled(indexes: set[int], blocks: int) -> None:
    listed = entries(*sorted(indexes))
    plan = PartPlan(max(indexes, default=0) + 1, blocks)
    parts = list(plan.parts(listed))
    assert [one.number for one in parts] == list(range(1, plan.count + 1))
    assert sum(one.blocks for one in parts) == plan.blocks
    assert [entry for one in parts for entry in one.entries] == listed
    assert all(one.first <= entry.index < one.first + one.blocks for one in parts for entry in one.entries)
