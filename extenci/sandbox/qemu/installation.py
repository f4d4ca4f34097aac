"""Which QEMU there is, and whether machines are real or simulated. Standard library only.

`EXTENCI_SANDBOX_MACHINES` says `qemu` or `simulated`; without it they are real where QEMU is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from extenci.model.errors import SandboxError

SETTING = "EXTENCI_SANDBOX_MACHINES"
INSTALL = "As root: apt-get install --no-install-recommends qemu-system-x86 qemu-utils"
VERSION_SECONDS = 20.0

_UEFI = (
    "/usr/share/OVMF/OVMF_CODE.fd",
    "/usr/share/OVMF/OVMF_CODE_4M.fd",
    "/usr/share/edk2/ovmf/OVMF_CODE.fd",
)


@dataclass(frozen=True)
class Installation:
    """QEMU's programs here, and the firmware for UEFI if there is one."""

    system: Path
    img: Path
    version: str
    uefi: Path | None = None

    @property
    def uefi_variables(self) -> Path | None:
        """The template of the variables that goes with the firmware."""
        if self.uefi is None:
            return None
        place = self.uefi.with_name(self.uefi.name.replace("_CODE", "_VARS"))
        return place if place.is_file() else None


def find_qemu() -> Installation | str:
    """The installation, or why there is none."""
    # An empty or relative element means the working folder, which may be one of specs that others wrote.
    path = os.pathsep.join(one for one in os.get_exec_path() if one.startswith("/"))
    system, img = shutil.which("qemu-system-x86_64", path=path), shutil.which("qemu-img", path=path)
    if system is None:
        return "qemu-system-x86_64 is not installed"
    if img is None:
        return "qemu-img is not installed"
    try:
        done = subprocess.run(
            [system, "--version"], capture_output=True, text=True, timeout=VERSION_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"{system} does not work: {error}"
    version = done.stdout.removeprefix("QEMU emulator version ").split()[0]
    uefi = next((Path(place) for place in _UEFI if Path(place).is_file()), None)
    return Installation(Path(system), Path(img), version, uefi)


def choose(environ: Mapping[str, str] = os.environ) -> Installation | None:
    """The QEMU that runs machines; None: they are simulated.

    Raises SandboxError when `qemu` is demanded and not there, or something else is demanded.
    """
    demanded = environ.get(SETTING, "")
    if demanded == "simulated":
        return None
    if demanded not in ("", "qemu"):
        raise SandboxError(
            f"{SETTING} is {demanded!r}, and machines can be `qemu` or `simulated`.", "Set one of these."
        )
    found = find_qemu()
    if isinstance(found, Installation):
        return found
    if demanded:
        raise SandboxError(f"{SETTING} is `qemu`, but {found}.", INSTALL)
    return None


def kind(environ: Mapping[str, str] = os.environ) -> Literal["qemu", "simulated"]:
    """The kind of machines that a sandbox which is started now has. Never raises."""
    try:
        return "qemu" if choose(environ) else "simulated"
    except SandboxError:
        return "simulated"
