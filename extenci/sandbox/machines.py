"""What runs behind an instance id: the seam where real virtual machines are plugged in."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol


@dataclass(frozen=True)
class Launch:
    """All that a machine is started from. `disk` is its image's root disk (None: the image has none),
    to be copied, never written to; `user_data` is decoded."""

    instance_id: str
    image_id: str
    instance_type: str
    architecture: str
    boot_mode: str
    disk: Path | None
    root_gib: int
    private_address: str
    user_data: bytes
    public_key: bytes


class Machines(Protocol):
    """Starts and stops machines. No call blocks for long; none fails for an unknown id."""

    kind: Literal["qemu", "simulated"]

    def start(self, launch: Launch) -> str | None:
        """Begins to start a machine; `booted` tells when it is up.

        Returns the address at which it can be reached from here, which is shown as its public one; None
        if it cannot: one that leads nowhere is shown then.
        """
        ...

    def booted(self, instance_id: str) -> bool:
        """Whether EC2 would report it as running."""
        ...

    def stop(self, instance_id: str) -> None:
        """Ends a machine and drops its disk. Its console can still be read."""
        ...

    def forget(self, instance_id: str) -> None:
        """Drops all that is known of an ended machine."""
        ...

    def console(self, instance_id: str) -> bytes:
        """What came out of the serial console so far."""
        ...


@dataclass(frozen=True)
class _Simulated:
    launch: Launch
    since: float


class SimulatedMachines:
    """No machine at all: an id that is `pending` for `boot_seconds`, then `running`. It says so itself."""

    kind: Literal["qemu", "simulated"] = "simulated"

    def __init__(self, boot_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._boot_seconds = boot_seconds
        self._clock = clock
        self._machines: dict[str, _Simulated] = {}

    def start(self, launch: Launch) -> str | None:
        self._machines[launch.instance_id] = _Simulated(launch, self._clock())
        return None

    def booted(self, instance_id: str) -> bool:
        machine = self._machines.get(instance_id)
        return machine is not None and self._clock() - machine.since >= self._boot_seconds

    def stop(self, instance_id: str) -> None:
        """Nothing runs, so nothing is to be ended."""

    def forget(self, instance_id: str) -> None:
        self._machines.pop(instance_id, None)

    def console(self, instance_id: str) -> bytes:
        machine = self._machines.get(instance_id)
        image = machine.launch.image_id if machine else "no image"
        text = (
            f"[extenci sandbox] {instance_id} is a simulated machine: QEMU is not used here.\n"
            f"[extenci sandbox] Nothing of {image} was booted, so nothing will ever appear here.\n"
        )
        return text.encode()
