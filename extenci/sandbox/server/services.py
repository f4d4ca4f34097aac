"""The three services of one sandbox, put together behind their listeners."""

from __future__ import annotations

import os
from importlib.metadata import version

from extenci.model.errors import SandboxError
from extenci.sandbox.ebs.service import EbsService
from extenci.sandbox.ec2.service import AMAZON, Ec2Service
from extenci.sandbox.folder import Folder
from extenci.sandbox.http.listener import Listener
from extenci.sandbox.http.service import SandboxService
from extenci.sandbox.qemu import installation
from extenci.sandbox.qemu.machines import QemuMachines, memory_budget
from extenci.sandbox.qemu.ports import reachable_ports, wanted_ports
from extenci.sandbox.s3.service import S3Service
from extenci.sandbox.server.calls import CallLog
from extenci.sandbox.server.faulty import FaultFile, FaultyService
from extenci.sandbox.server.gateway import Gateway
from extenci.sandbox.server.lacking import LackingFile, LackingService
from extenci.sandbox.state.cloud import Cloud, Delays
from extenci.sandbox.state.machines import Machines, SimulatedMachines


def open_listeners(
    folder: Folder,
    ports: list[int],
    identity: str,
    *,
    boot_seconds: float,
    forget_seconds: float,
    seal_seconds: float,
    import_seconds: float = 0.0,
    server_name: str = AMAZON,
) -> tuple[list[Listener], Machines]:
    """Listeners for EC2, S3 and EBS direct, in this order, and the machines behind them.

    `ports`: one each, 0 for any free one. In seconds: how long a simulated machine is pending, how
    long a terminated one is still listed, how long a snapshot that was completed still says `pending`,
    and how long an import takes besides its work. `server_name`: what EC2 calls itself in the header
    `Server`.
    """
    _check_moto()
    machines = _machines(folder, boot_seconds)
    timing = Delays(
        complete_snapshot=seal_seconds, forget_terminated=forget_seconds, import_snapshot=import_seconds
    )
    cloud = Cloud(folder.disks, machines, timing, folder.cloud_key, folder.user_certificate)
    _ = cloud.backend  # made now, not by the first request
    log = CallLog(folder.calls)
    told = {"identity": identity, "pid": str(os.getpid()), "machines": machines.kind}
    services: tuple[SandboxService, ...] = (
        Ec2Service(cloud, server_name),
        S3Service(folder.objects),
        EbsService(cloud),
    )
    lacking = LackingFile(folder.lacking)
    faulty = [
        FaultyService(LackingService(service, lacking), FaultFile(folder.faults), log) for service in services
    ]
    listeners = [
        Listener(
            port,
            Gateway(service, log, told),
            spool=folder.objects if service.name == "s3" else None,
            breaks_off=service.breaks_off,
        )
        for port, service in zip(ports, faulty, strict=True)
    ]
    return listeners, machines


def _machines(folder: Folder, boot_seconds: float) -> Machines:
    """Real ones where QEMU is, unless they are not wanted."""
    found = installation.choose()
    if found is None:
        return SimulatedMachines(boot_seconds)
    return QemuMachines(found, folder.machines, reachable_ports(wanted_ports()), memory_budget())


def _check_moto() -> None:
    """SandboxError for another moto than 5.2, whose mistakes are corrected here: it may have others."""
    found = version("moto")
    numbers = tuple(int(part) for part in found.split(".")[:3] if part.isdecimal())
    if not (5, 2, 5) <= numbers < (5, 3):
        raise SandboxError(
            f"The sandbox needs moto from 5.2.5 to before 5.3, but {found} is installed.",
            "Install it with: pip install 'extenci[sandbox]'",
        )
