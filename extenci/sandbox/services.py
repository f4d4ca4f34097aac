"""The three services of one sandbox, put together behind their listeners."""

from __future__ import annotations

import os

from extenci.sandbox.calls import CallLog
from extenci.sandbox.cloud import Cloud, Pace
from extenci.sandbox.ebs import EbsService
from extenci.sandbox.ec2 import Ec2Service
from extenci.sandbox.folder import Folder
from extenci.sandbox.gateway import Gateway, Service
from extenci.sandbox.listener import Listener
from extenci.sandbox.machines import SimulatedMachines
from extenci.sandbox.s3 import S3Service


def open_listeners(
    folder: Folder, ports: list[int], identity: str, *, boot_seconds: float, forget_seconds: float
) -> tuple[list[Listener], str]:
    """Listeners for EC2, S3 and EBS direct, in this order, and the kind of machines behind them.

    `ports`: one each, 0 for any free one.
    """
    machines = SimulatedMachines(boot_seconds)
    pace = Pace(forget_terminated=forget_seconds)
    cloud = Cloud(folder.disks, machines, pace)
    _ = cloud.backend  # made now, not by the first request
    log = CallLog(folder.calls)
    told = {"identity": identity, "pid": str(os.getpid()), "machines": machines.kind}
    services: tuple[Service, ...] = (Ec2Service(cloud), S3Service(), EbsService(cloud))
    listeners = [
        Listener(port, Gateway(service, log, told)) for port, service in zip(ports, services, strict=True)
    ]
    return listeners, machines.kind
