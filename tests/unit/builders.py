"""Observed things for unit tests that say few of their values, and what a service reports of them."""

from __future__ import annotations

from datetime import UTC, datetime

from extenci.model.observed import (
    Image,
    ImageState,
    Machine,
    MachineState,
    Observation,
    ServiceState,
    Snapshot,
    SnapshotState,
)
from extenci.model.ownership import Marks


def observed_image(id_: str, marks: Marks | None = None, **more: object) -> Image:
    """An available image of 1 GiB on snap-1, named as its id."""
    values = {"name": id_, "snapshots": ("snap-1",), "architecture": "x86_64", "gib": 1, **more}
    return Image(id=id_, state=ImageState.AVAILABLE, marks=marks, **values)  # type: ignore[arg-type]


def observed_snapshot(
    id_: str, marks: Marks | None = None, state: SnapshotState = SnapshotState.COMPLETED, started: str = ""
) -> Snapshot:
    """A snapshot of 1 GiB, which is complete unless something else is said."""
    return Snapshot(id_, state, 1, started, {}, marks)


def observed_machine(id_: str, marks: Marks | None = None, **more: object) -> Machine:
    """A t3.micro that runs from ami-1."""
    values = {"state": MachineState.RUNNING, "image": "ami-1", "type": "t3.micro", **more}
    return Machine(id=id_, marks=marks, **values)  # type: ignore[arg-type]


def service_state(
    *things: Image | Snapshot | Machine, service: str = "cloud", at: float = 0.0
) -> ServiceState:
    """Everything that a service reports."""
    return ServiceState(
        service,
        at,
        tuple(one for one in things if isinstance(one, Image)),
        tuple(one for one in things if isinstance(one, Snapshot)),
        tuple(one for one in things if isinstance(one, Machine)),
    )


def observation(*things: Image | Snapshot | Machine, service: str = "cloud", at: float = 0.0) -> Observation:
    """The same as all that is observed."""
    return Observation({service: service_state(*things, service=service, at=at)})


def iso_time(seconds: float) -> str:
    """Seconds since the epoch as tags have them."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
