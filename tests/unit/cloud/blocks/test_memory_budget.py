from __future__ import annotations

from contextlib import ExitStack

from extenci.cloud.blocks.memory_budget import (
    CONNECTION_BYTES,
    LEAST,
    LEAST_TOGETHER,
    PROCESS_BYTES,
    MemoryBudget,
    resident_bytes,
)
from extenci.model.version import BLOCK_BYTES

HELD_BYTES = BLOCK_BYTES + CONNECTION_BYTES


def test_what_fits_beside_what_the_process_has_is_shared_evenly() -> None:
    budget = MemoryBudget()
    fitting = max(LEAST_TOGETHER * HELD_BYTES, PROCESS_BYTES - resident_bytes())
    with budget.joined():
        alone = budget.share
        assert abs(alone - fitting) <= 4 * 1024**2
        with budget.joined():
            assert budget.share == alone // 2
        assert budget.share == alone


def test_every_upload_may_hold_some_blocks() -> None:
    budget = MemoryBudget()
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(budget.joined())
        assert budget.share == LEAST * HELD_BYTES


def test_a_process_has_memory() -> None:
    assert resident_bytes() > 5 * 1024**2
