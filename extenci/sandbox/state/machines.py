"""The machines behind instance ids: the seam where real virtual machines are plugged in."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Protocol


@dataclass(frozen=True)
class MachineConfig:
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
    memory_mib: int = 1024
    key_name: str = ""
    zone: str = "us-east-1a"
    token_required: bool = False
    """Whether the metadata service answers only those who have a token (IMDSv2)."""


@dataclass(frozen=True)
class MachineEnd:
    """A machine's end that nobody asked for from outside. `failure`: what went wrong; `""`: it was shut down
    from within."""

    failure: str


class MachineRefused(Exception):
    """A machine cannot be started. `code` is EC2's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Machines(Protocol):
    """Starts and stops machines. No call blocks for long; none fails for an unknown id."""

    kind: Literal["qemu", "simulated"]

    @property
    def forwards(self) -> Mapping[int, int]:
        """The ports of a machine that can be reached, and at which port of its address."""
        ...

    def admit(self, launch: MachineConfig, count: int) -> int:
        """The number of `count` machines like this that can be started now. Raises MachineRefused for those
        that never can."""
        ...

    def start(self, launch: MachineConfig) -> str | None:
        """Begins to start a machine; `booted` tells when it is up.

        Returns the address at which it can be reached from here, which is shown as its public one; None
        if it cannot: one that leads nowhere is shown then.
        """
        ...

    def booted(self, instance_id: str) -> bool:
        """Whether EC2 would report it as running."""
        ...

    def take_ended(self) -> Mapping[str, MachineEnd]:
        """The machines that ended by themselves since this was asked last."""
        ...

    def stop(self, instance_id: str) -> None:
        """Ends a machine and drops its disk. Its console can still be read."""
        ...

    def halt(self, instance_id: str) -> None:
        """Ends a machine and keeps its disk."""
        ...

    def resume(self, instance_id: str) -> str | None:
        """Begins to start one that was halted or ended by itself. Returns its address, as `start` does."""
        ...

    def reset(self, instance_id: str) -> None:
        """Presses its reset button."""
        ...

    def forget(self, instance_id: str) -> None:
        """Drops all that is known of an ended machine."""
        ...

    def console(self, instance_id: str) -> bytes:
        """The output of the serial console so far."""
        ...

    def close(self) -> None:
        """Ends all machines, and returns when they are gone."""
        ...


@dataclass(frozen=True)
class _Simulated:
    launch: MachineConfig
    since: float


class SimulatedMachines:
    """No machine at all: an id that is `pending` for `boot_seconds`, then `running`. It says so itself."""

    kind: Literal["qemu", "simulated"] = "simulated"
    forwards: Mapping[int, int] = MappingProxyType({})

    def __init__(self, boot_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._boot_seconds = boot_seconds
        self._clock = clock
        self._machines: dict[str, _Simulated] = {}

    def admit(self, launch: MachineConfig, count: int) -> int:  # noqa: ARG002
        return count

    def start(self, launch: MachineConfig) -> str | None:
        self._machines[launch.instance_id] = _Simulated(launch, self._clock())
        return None

    def booted(self, instance_id: str) -> bool:
        machine = self._machines.get(instance_id)
        return machine is not None and self._clock() - machine.since >= self._boot_seconds

    def take_ended(self) -> Mapping[str, MachineEnd]:
        return {}

    def stop(self, instance_id: str) -> None:
        """Do nothing: nothing runs."""

    def halt(self, instance_id: str) -> None:
        """Likewise."""

    def resume(self, instance_id: str) -> str | None:
        if machine := self._machines.get(instance_id):
            self._machines[instance_id] = _Simulated(machine.launch, self._clock())
        return None

    def reset(self, instance_id: str) -> None:
        """Likewise."""

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

    def close(self) -> None:
        """Likewise."""
