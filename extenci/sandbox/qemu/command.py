"""The command line of one machine's QEMU. Pure.

Paths are names in the machine's own folder, which is QEMU's working folder: QEMU takes commas for itself.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from extenci.sandbox.qemu.acceleration import Acceleration
from extenci.sandbox.qemu.installation import Installation
from extenci.sandbox.state.machines import MachineConfig

BASE = "base.raw"
OVERLAY = "disk.qcow2"
VARIABLES = "uefi-variables.fd"


@dataclass(frozen=True)
class Descriptors:
    """QEMU's ends of the sockets between us, as it inherits them."""

    card: int
    uplink: int
    serial: int
    monitor: int


def mac_of(instance_id: str) -> bytes:
    """A locally administered address (IEEE 802), the same each time."""
    return b"\x02" + hashlib.sha256(instance_id.encode()).digest()[:5]


def uuid_of(instance_id: str) -> str:
    """Begins with `ec2`: by this cloud-init and others know that they are on EC2 (User Guide, "Identify
    EC2 instances")."""
    text = "ec2" + hashlib.sha256(instance_id.encode()).hexdigest()[:29]
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def command_of(
    installation: Installation, how: Acceleration, launch: MachineConfig, ends: Descriptors
) -> list[str]:
    """Program and arguments: a PC with virtio devices, nothing that is not asked for, and no window."""
    uuid = uuid_of(launch.instance_id)
    mac = mac_of(launch.instance_id).hex(":")
    return [
        *(str(installation.system), "-name", launch.instance_id),
        *("-nodefaults", "-no-user-config", "-display", "none", "-machine", "pc"),
        *("-accel", how.accelerator, "-cpu", how.cpu, "-m", str(launch.memory_mib)),
        *(
            "-smbios",
            f"type=1,manufacturer=Amazon EC2,product={launch.instance_type},uuid={uuid},serial={uuid}",
        ),
        *("-smbios", "type=3,asset=Amazon EC2"),
        *firmware(installation, launch.boot_mode),
        *("-drive", f"file={OVERLAY},format=qcow2,if=none,id=root,cache=unsafe,discard=unmap"),
        *("-device", "virtio-blk-pci,drive=root,bootindex=1"),
        *("-object", "rng-builtin,id=entropy", "-device", "virtio-rng-pci,rng=entropy"),
        *("-netdev", f"socket,id=card,fd={ends.card}"),
        *("-device", f"virtio-net-pci,netdev=card,mac={mac},romfile="),
        *("-netdev", "user,id=outside,ipv6=off", "-netdev", f"socket,id=uplink,fd={ends.uplink}"),
        *("-netdev", "hubport,id=hub0,hubid=0,netdev=outside"),
        *("-netdev", "hubport,id=hub1,hubid=0,netdev=uplink"),
        *("-chardev", f"socket,id=serial,fd={ends.serial}", "-serial", "chardev:serial"),
        *("-chardev", f"socket,id=monitor,fd={ends.monitor}", "-mon", "chardev=monitor,mode=control"),
    ]


def firmware(installation: Installation, boot_mode: str) -> list[str]:
    """The arguments for the firmware: none for BIOS, which QEMU brings; two flash chips for UEFI."""
    if installation.uefi is None or not boot_mode.startswith("uefi"):
        return []
    code = str(installation.uefi).replace(",", ",,")
    drives = ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={code}"]
    if installation.uefi_variables is not None:
        drives += ["-drive", f"if=pflash,unit=1,format=raw,file={VARIABLES}"]
    return drives
