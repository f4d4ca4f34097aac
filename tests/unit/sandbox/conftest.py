"""A cloud without a server, on moto's backend, whose time stands still until a test moves it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from extenci.sandbox.state.cloud import Cloud


@pytest.fixture
def now() -> list[float]:
    """The cloud's time: one number, in seconds since 1970."""
    return [1_700_000_000.0]


@pytest.fixture
def cloud(tmp_path: Path, now: list[float], monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.setitem(os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    from extenci.sandbox.state.cloud import Cloud  # noqa: PLC0415  # moto only for the tests that need it
    from extenci.sandbox.state.machines import SimulatedMachines  # noqa: PLC0415

    made = Cloud(tmp_path, SimulatedMachines(0.5, clock=lambda: now[0]), clock=lambda: now[0])
    yield made
    made.backend.reset()
