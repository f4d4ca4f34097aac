"""`Machines` run by QEMU."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from extenci.model.errors import SandboxError
from extenci.sandbox.qemu.installation import Installation
from extenci.sandbox.qemu.keeper import Keeper, MachineHome
from extenci.sandbox.state.machines import MachineConfig, MachineEnd, MachineRefused

MEMORY_SETTING = "EXTENCI_SANDBOX_MEMORY"
MOST_MIB = 2048
"""What one machine has at most, however large its type: the sandbox is for trying."""
LEAST_MIB = 256
ROOM_FOR = 8
"""As many machines as this are to have room, if they can have `LEAST_MIB` each."""
OVERHEAD_MIB = 64
"""What QEMU itself takes for a machine, translated code apart."""
CLOSE_SECONDS = 10.0


def memory_budget(environ: Mapping[str, str] = os.environ) -> int:
    """MiB that all machines may have together: `EXTENCI_SANDBOX_MEMORY`, or half of what is available now."""
    text = environ.get(MEMORY_SETTING)
    if text:
        if not text.isdecimal():
            raise SandboxError(f"{MEMORY_SETTING} is {text!r}, which is no number of MiB.", "Write 4096.")
        return int(text)
    for line in Path("/proc/meminfo").read_text("ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1024 // 2
    return MOST_MIB


def memory_of(launch: MachineConfig, budget_mib: int) -> int:
    """MiB that the machine gets: what its type says, or an eighth of what there is for all."""
    most = max(LEAST_MIB, min(MOST_MIB, budget_mib // ROOM_FOR - OVERHEAD_MIB))
    return min(launch.memory_mib, most)


class QemuMachines:
    """Starts and stops QEMU processes. `folder` is where their disks are, beside the snapshots'."""

    kind: Literal["qemu", "simulated"] = "qemu"

    def __init__(
        self, installation: Installation, folder: Path, forwards: Mapping[int, int], budget_mib: int
    ) -> None:
        self.forwards = dict(forwards)
        self._installation = installation
        self._folder = folder
        self._budget_mib = budget_mib
        self._keepers: dict[str, Keeper] = {}
        self._addresses: dict[str, str] = {}
        self._dice = random.SystemRandom()

    def admit(self, launch: MachineConfig, count: int) -> int:
        """The number of `count` machines that there is room for. Raises MachineRefused for those that this
        QEMU cannot run."""
        if launch.architecture not in ("x86_64", ""):
            raise MachineRefused(
                "Unsupported",
                f"The sandbox's machines are run by qemu-system-x86_64, which cannot boot the architecture "
                f"{launch.architecture} of {launch.image_id}.",
            )
        if launch.boot_mode == "uefi" and self._installation.uefi is None:
            raise MachineRefused(
                "Unsupported",
                f"{launch.image_id} boots by UEFI, and there is no firmware for it on this machine. As root: "
                "apt-get install ovmf",
            )
        kept = [one for one in self._keepers.values() if one.is_alive() and not one.wanted.is_set()]
        used = sum(self._taken(one.launch) for one in kept)
        return max(0, min(count, (self._budget_mib - used) // self._taken(launch)))

    def _taken(self, launch: MachineConfig) -> int:
        return memory_of(launch, self._budget_mib) + OVERHEAD_MIB

    def start(self, launch: MachineConfig) -> str:
        folder = self._folder / launch.instance_id
        folder.mkdir(mode=0o700, parents=True)
        if launch.disk is not None:
            (folder / "base.raw").hardlink_to(launch.disk)  # stays when the snapshot goes
        address = self._new_address()
        self._addresses[launch.instance_id] = address
        self._keep(launch)
        return address

    def _keep(self, launch: MachineConfig) -> None:
        given = replace(launch, memory_mib=memory_of(launch, self._budget_mib))
        place = MachineHome(
            self._folder / launch.instance_id, self._addresses[launch.instance_id], self.forwards
        )
        keeper = Keeper(self._installation, given, place)
        self._keepers[launch.instance_id] = keeper
        keeper.start()

    def _new_address(self) -> str:
        """One in 127.64.0.0/10: all of 127/8 is this machine's own (RFC 1122, 3.2.1.3), and
        other sandboxes here, which choose at random too, have it once in four million times."""
        while True:
            number = self._dice.randrange(1, 1 << 22)
            address = f"127.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
            if number & 255 not in (0, 255) and address not in self._addresses.values():
                return address

    def booted(self, instance_id: str) -> bool:
        keeper = self._keepers.get(instance_id)
        return keeper is not None and keeper.up

    def take_ended(self) -> Mapping[str, MachineEnd]:
        found = {
            one: MachineEnd(keeper.failure)
            for one, keeper in self._keepers.items()
            if not keeper.is_alive() and not keeper.wanted.is_set()
        }
        for one in found:
            self._keepers[one].wanted.set()
        return found

    def stop(self, instance_id: str) -> None:
        if keeper := self._keepers.get(instance_id):
            keeper.end()
            shutil.rmtree(self._folder / instance_id, ignore_errors=True)
        self._addresses.pop(instance_id, None)

    def halt(self, instance_id: str) -> None:
        if keeper := self._keepers.get(instance_id):
            keeper.end(keep_disk=True)

    def resume(self, instance_id: str) -> str:
        keeper = self._keepers[instance_id]
        keeper.join(CLOSE_SECONDS)
        self._keep(keeper.launch)
        return self._addresses[instance_id]

    def reset(self, instance_id: str) -> None:
        if keeper := self._keepers.get(instance_id):
            keeper.reset()

    def forget(self, instance_id: str) -> None:
        self.stop(instance_id)
        self._keepers.pop(instance_id, None)

    def console(self, instance_id: str) -> bytes:
        keeper = self._keepers.get(instance_id)
        return keeper.console.read() if keeper else b""

    def close(self) -> None:
        for keeper in self._keepers.values():
            keeper.end()
        for keeper in self._keepers.values():
            keeper.join(CLOSE_SECONDS)
