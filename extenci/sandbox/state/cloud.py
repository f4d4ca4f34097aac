"""The state that the sandbox's services share: moto's EC2 backend, its lock, the disks and the machines.

moto is not safe for threads. Whatever reads or changes the backend holds `Cloud.lock`; the bytes of
blocks and objects are moved outside of it.
"""

from __future__ import annotations

import ipaddress
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.instances import Instance, Reservation

from extenci.model.service import SANDBOX_ACCOUNT
from extenci.sandbox.state.imports import SandboxImportTask
from extenci.sandbox.state.machines import Machines
from extenci.sandbox.state.tokens import Tokens

REGION = "us-east-1"
ACCOUNT = SANDBOX_ACCOUNT


@dataclass(frozen=True)
class Delays:
    """Delays of the cloud, in seconds."""

    complete_snapshot: float = 0.2
    shut_down: float = 0.2
    forget_terminated: float = 3600.0
    import_snapshot: float = 0.0


@dataclass
class Cloud:
    """The state of one sandbox. `clock` gives seconds since 1970."""

    disks: Path
    machines: Machines
    timing: Delays = field(default_factory=Delays)
    key: Path = Path()
    """The private key that bundles are opened with."""
    user_certificate: Path = Path()
    """Of whoever signs bundles."""
    clock: Callable[[], float] = time.time
    lock: threading.RLock = field(default_factory=threading.RLock)
    restless: dict[str, Instance] = field(default_factory=dict)
    """Machines that are on their way to another state, by id."""
    imports: dict[str, SandboxImportTask] = field(default_factory=dict)
    launches: Tokens[Reservation] = field(default_factory=Tokens)
    """RunInstances' client tokens."""
    import_tokens: Tokens[SandboxImportTask] = field(default_factory=Tokens)
    """ImportSnapshot's."""
    deregistered: dict[str, float] = field(default_factory=dict)
    """When images were deregistered, by their ids."""
    _addresses: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def next_public_address(self) -> str:
        """One of 198.18.0.0/15, which nobody on the Internet has (RFC 2544); moto's could be anybody's."""
        return str(ipaddress.IPv4Address("198.18.0.0") + next(self._addresses))

    @property
    def backend(self) -> EC2Backend:
        """moto's EC2 for the only account and region there are."""
        return ec2_backends[ACCOUNT][REGION]
