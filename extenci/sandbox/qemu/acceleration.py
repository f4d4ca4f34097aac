"""Whether KVM works, found out by running a program under it.

That /dev/kvm exists and can be opened says little: inside of other virtual machines it may be there, let
a machine be made, and fail at its first steps, or take seconds for what should take milliseconds.
"""

from __future__ import annotations

import functools
import os
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from extenci.sandbox.qemu.installation import Installation

SETTING = "EXTENCI_SANDBOX_ACCELERATION"
PROBE_SECONDS = 2.0
_SEEN = 33
"""QEMU's exit status when the program writes 16 to isa-debug-exit: (16 << 1) | 1."""

_PROGRAM = bytes.fromhex("baf400b010eef4ebfd")
"""mov dx,0xf4; mov al,16; out dx,al; then hlt for ever: a boot sector's 16-bit code."""


@dataclass(frozen=True)
class Acceleration:
    """A way for QEMU to run the guest's code."""

    name: str
    accelerator: str
    cpu: str


_finding_out = threading.Lock()

KVM = Acceleration("KVM", "kvm", "host")
TCG = Acceleration("TCG", "tcg,thread=multi,tb-size=128", "max")
"""Emulation. tb-size: MiB of translated code kept, which by default may be a gibibyte for each machine."""


def acceleration(installation: Installation) -> Acceleration:
    """KVM where it works, else TCG. Found out once for each process; takes up to `PROBE_SECONDS`."""
    with _finding_out:
        return _found(installation)


@functools.cache
def _found(installation: Installation) -> Acceleration:
    match os.environ.get(SETTING, ""):
        case "kvm":
            return KVM
        case "tcg":
            return TCG
        case _:
            return KVM if os.access("/dev/kvm", os.R_OK | os.W_OK) and runs(installation, KVM) else TCG


def runs(installation: Installation, how: Acceleration) -> bool:
    """Whether a boot sector that only says "I was here" gets to say so."""
    with tempfile.TemporaryDirectory() as place:
        disk = Path(place) / "probe.raw"
        disk.write_bytes(_PROGRAM.ljust(510, b"\0") + b"\x55\xaa")
        command = [str(installation.system), "-accel", how.accelerator, "-cpu", how.cpu, "-m", "16"]
        command += ["-nodefaults", "-no-user-config", "-display", "none"]
        command += ["-device", "isa-debug-exit,iobase=0xf4,iosize=1"]
        command += ["-drive", f"file={disk.name},format=raw,if=ide,snapshot=on"]
        try:
            done = subprocess.run(
                command,
                cwd=place,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PROBE_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == _SEEN
