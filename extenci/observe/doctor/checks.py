"""Checks of this machine, and of the services that specs are about."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from extenci.catalog.home import Home
from extenci.model.abilities import Ability
from extenci.model.desired import Desired, DesiredGroup
from extenci.model.errors import SandboxError, ServiceError
from extenci.model.finding import MACHINE, Finding, Level
from extenci.model.service import SANDBOX
from extenci.observe.doctor.abilities import check_abilities, check_bucket
from extenci.observe.parallel import answers
from extenci.plan.abilities import needed_abilities

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients

OLDEST_PYTHON = (3, 11)
SKEW_SECONDS = 60.0
"""AWS refuses requests that are 5 minutes off (Signature Version 4, "RequestTimeTooSkewed")."""


def check_machine(home: Home, services: Mapping[str, object]) -> Iterator[Finding]:
    """Checks of this machine for what these services need."""
    found = platform.python_version()
    if sys.version_info[:2] >= OLDEST_PYTHON:
        yield Finding(MACHINE, Level.OK, f"Python {found}")
    else:
        yield Finding(MACHINE, Level.PROBLEM, f"Python {found} is too old.", "Use Python 3.11 or newer.")
    yield check_home(home)
    yield from check_bindings()
    if SANDBOX in services:
        yield from check_sandbox()


def check_home(home: Home) -> Finding:
    """Whether extenci's folder can be written to, or made."""
    there = next(part for part in (home.path, *home.path.parents) if part.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return Finding(MACHINE, Level.OK, f"{home.path} can be written to")
    return Finding(
        MACHINE,
        Level.PROBLEM,
        f"The folder {home.path}, where extenci keeps its records, cannot be written to.",
        "Make it writable for this user, or set EXTENCI_HOME to a folder that is.",
    )


def check_bindings() -> Iterator[Finding]:
    """Whether HTCondor's Python bindings are installed; they come without HTCondor itself."""
    try:
        yield Finding(MACHINE, Level.OK, f"HTCondor's Python bindings {version('htcondor')}")
    except PackageNotFoundError:
        yield Finding(
            MACHINE,
            Level.WARNING,
            "HTCondor's Python bindings are not installed: nothing can be launched with `launch: condor`.",
            "Install them: pip install htcondor.",
        )


def check_sandbox() -> Iterator[Finding]:
    """Whether the local cloud has what it needs, and what it cannot do here."""
    if importlib.util.find_spec("moto") is None:
        yield Finding(
            MACHINE,
            Level.PROBLEM,
            "The sandbox needs moto, which is not installed here.",
            "Install the extra: pip install 'extenci[sandbox]'.",
        )
    yield from check_qemu()


def check_qemu() -> Iterator[Finding]:
    """Whether machines of the local cloud are real, and which of their ports are elsewhere."""
    from extenci.sandbox.qemu.acceleration import acceleration  # noqa: PLC0415 - not needed for other services
    from extenci.sandbox.qemu.installation import SETTING, choose, find_qemu  # noqa: PLC0415
    from extenci.sandbox.qemu.ports import reachable_ports, wanted_ports  # noqa: PLC0415

    try:
        found = choose()
        elsewhere = [
            f"{port} at {here}" for port, here in reachable_ports(wanted_ports()).items() if port != here
        ]
    except SandboxError as error:
        yield Finding(MACHINE, Level.PROBLEM, error.message, error.hint)
        return
    if found is None:
        missing = find_qemu()
        why = missing if isinstance(missing, str) else f"{SETTING} says so"
        yield Finding(MACHINE, Level.OK, f"machines of the sandbox are simulated, nothing boots: {why}")
        return
    how = acceleration(found).name
    yield Finding(MACHINE, Level.OK, f"machines of the sandbox are real: QEMU {found.version}, by {how}")
    if elsewhere:
        moved = ", ".join(elsewhere)
        yield Finding(MACHINE, Level.OK, f"ports of machines that this user cannot listen on: {moved}")


def check_services(
    clients: Mapping[str, Clients], desired: Desired, home: Home, stop: Event | None = None
) -> tuple[Finding, ...]:
    """Checks of every service, made side by side, in the order of their names."""
    questions: dict[str, Callable[[], tuple[Finding, ...]]] = {
        name: partial(
            check_service,
            clients[name],
            groups_on(desired, name),
            home.jobs_folder,
            needed_abilities(desired).get(name, frozenset()),
        )
        for name in sorted(clients)
    }
    found = answers(questions, stop or Event())
    return tuple(finding for name in sorted(found) for finding in found[name])


def groups_on(desired: Desired, service: str) -> tuple[DesiredGroup, ...]:
    """The selected groups of a service."""
    covers = desired.selection.covers
    return tuple(one for one in desired.instances if one.address.service == service and covers(one.address))


def check_service(
    clients: Clients,
    groups: tuple[DesiredGroup, ...],
    folder: Path,
    needed: frozenset[Ability] = frozenset(),
) -> tuple[Finding, ...]:
    """Checks of one service, and of the HTCondor that launches its machines. `needed` are the abilities that
    the specs need."""
    from extenci.observe.doctor.condor import check_condor  # noqa: PLC0415 - few services have one

    found = list(check_calls(clients))
    answers_calls = not any(one.level is Level.PROBLEM for one in found)
    queued = [group for group in groups if group.launch.has_queue]
    if queued or clients.service.condor is not None:
        found += check_condor(clients, queued, folder)
    if answers_calls:
        found += check_abilities(clients, needed)
    found += check_bucket(clients)
    return tuple(found)


def check_calls(clients: Clients, clock: Callable[[], float] = time.time) -> Iterator[Finding]:
    """Whether a service answers and takes the credentials, by one call that only reads; and its clock."""
    name = clients.service.name
    try:
        theirs = clients.ec2.server_time()
    except ServiceError as error:
        yield Finding(name, Level.PROBLEM, error.message, error.hint)
        return
    yield Finding(name, Level.OK, f"{clients.service.ec2_url} answers and takes the credentials")
    skew = theirs - clock() if theirs is not None else 0.0
    if abs(skew) > SKEW_SECONDS:
        side = "behind" if skew > 0 else "ahead of"
        yield Finding(
            name,
            Level.WARNING,
            f"The clock of this machine is {abs(skew):.0f} s {side} the service's; it refuses past 300 s.",
            "Let the clock be set from the network (timedatectl set-ntp true).",
        )
