"""Reach one machine: log in to it, or read its console. Nothing is changed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from extenci.api.options import Options
from extenci.api.session import Session, open_session
from extenci.api.specs import load_around
from extenci.catalog.home import Home
from extenci.launch.key_pairs import key_file
from extenci.model.address import Address
from extenci.model.desired import Desired, Selection
from extenci.model.errors import PlanError, ServiceError, UsageError
from extenci.model.observed import Machine
from extenci.model.ownership import Role
from extenci.model.text import listed
from extenci.model.verification import LoginCheck, Reach, Verify
from extenci.verify.ssh.login import Login, login_command
from extenci.verify.target import Target, safe_name

MOST_NAMED = 10
SSH_PORT = 22


@dataclass(frozen=True)
class Access:
    """The machine to reach: one of a group, or the test VM of an image, by its place in the list of them by
    id (from 0), or its id; neither is needed where there is one. `root` is the specs' folder."""

    address: Address
    place: int | None = None
    machine: str | None = None
    root: Path | None = None


@dataclass(frozen=True)
class SshOptions:
    """How to log in. None: as the checks of the image's `verify:` block do, else as ssh itself chooses;
    `private`: by the machine's private address."""

    user: str | None = None
    key: Path | None = None
    port: int | None = None
    private: bool = False


def ssh_words(
    access: Access, command: Sequence[str] = (), how: SshOptions = SshOptions(), *, home: Home | None = None
) -> list[str]:
    """The command line that logs in to a machine, or runs a command there. UsageError, SpecError; PlanError
    where there is no such machine, or several; ServiceError where its host key is not the one on its
    console."""
    home = home or Home.find()
    if shutil.which("ssh") is None:
        raise UsageError("There is no ssh here.", "Install OpenSSH's client (Debian: openssh-client).")
    if how.key is not None and not how.key.is_file():
        raise UsageError(f"The private key {how.key} does not exist.")
    with found_machine(access, home) as (session, machine):
        service = session.clients[access.address.service].service
        if service.simulated:
            raise UsageError(
                f"Machines of {service.name} are simulated: nothing boots there to log in to.",
                "Install QEMU (Debian: qemu-system-x86) and restart the sandbox.",
            )
        check, verify = login_of(session.desired, access.address), verify_of(session.desired, access.address)
        private = how.private or (verify is not None and verify.address is Reach.PRIVATE and is_test(machine))
        address = machine.private_host if private else machine.host
        if not address:
            raise PlanError(f"The machine {machine.id} has no address yet.", "Try again in a moment.")
        known = home.make(home.known_hosts_folder / safe_name(machine.id))
        shown = read_console(session, machine)
        target = Target(
            address=address,
            machine=machine.id,
            image=machine.image,
            service=access.address.service,
            name=access.address.name,
            stack=session.stack,
            folder=known,
            console=lambda: shown,
            user=how.user or (check.user if check else None),
            key=how.key or key_of(machine, check, home),
        )
        port = how.port or (check.port if check else SSH_PORT)
        return login_command(Login(target, service.forwards.get(port, port)), tuple(command))


def console(access: Access, *, home: Home | None = None) -> str:
    """The console output of a machine as the service has it, "" while that has none: any characters that the
    machine has sent. Errors as of `ssh_words`."""
    with found_machine(access, home or Home.find()) as (session, machine):
        return session.clients[access.address.service].ec2.console_output(machine.id)


@contextmanager
def found_machine(access: Access, home: Home) -> Iterator[tuple[Session, Machine]]:
    """A session that only reads, and the machine."""
    desired = load_around(access.address.service, access.root, home)
    desired = replace(desired, selection=Selection(frozenset({access.address})))
    with open_session(desired, home, Options()) as session:
        state = session.observe().observation.services[access.address.service]
        mine = [
            one
            for one in state.machines
            if one.exists
            and not one.state.is_gone
            and one.marks is not None
            and (one.marks.stack, one.marks.address) == (session.stack, access.address)
        ]
        yield session, choose(sorted(mine, key=lambda one: one.id), access)


def choose(machines: Sequence[Machine], access: Access) -> Machine:
    """The machine that is meant (PlanError)."""
    named = [
        f"{access.address}[{place}] {one.id}{' (test VM)' if is_test(one) else ''}"
        for place, one in enumerate(machines)
    ]
    there = f"There are {listed(named, MOST_NAMED)}." if named else "`extenci status` shows what there is."
    if access.machine is not None:
        found = [one for one in machines if one.id == access.machine]
        if not found:
            raise PlanError(f"{access.address} has no machine {access.machine}.", there)
        return found[0]
    if access.place is not None:
        if access.place >= len(machines):
            raise PlanError(f"{access.address} has no machine number {access.place}.", there)
        return machines[access.place]
    if not machines:
        raise PlanError(f"{access.address} has no machine that runs, and no test VM that waits.", there)
    if len(machines) > 1:
        raise PlanError(
            f"{access.address} has {len(machines)} machines: {listed(named, MOST_NAMED)}.",
            f"Name one: {access.address}[0], or --machine {machines[0].id}.",
        )
    return machines[0]


def is_test(machine: Machine) -> bool:
    """Whether a machine is a test VM."""
    return machine.marks is not None and machine.marks.role is Role.TEST


def verify_of(desired: Desired, address: Address) -> Verify | None:
    """The verify block of an image, or of the one that a group's machines are launched from."""
    group = next((one for one in desired.instances if one.address == address), None)
    image = group.image if group is not None else address
    found = desired.image(image) if isinstance(image, Address) else None
    return found.verify if found else None


def login_of(desired: Desired, address: Address) -> LoginCheck | None:
    """The first check of that block that logs in, of those that name a user before others."""
    verify = verify_of(desired, address)
    logins = [one for one in (verify.checks if verify else ()) if isinstance(one, LoginCheck)]
    return next((one for one in logins if one.user), logins[0] if logins else None)


def key_of(machine: Machine, check: LoginCheck | None, home: Home) -> Path | None:
    """The private key of a test VM's temporary key pair, where that is here, else the check's."""
    if machine.key_name:
        own = key_file(machine.key_name, home.keys_folder)
        if own.is_file():
            return own
    return Path(check.key) if check and check.key else None


def read_console(session: Session, machine: Machine) -> str:
    """The console, for the host keys in it; "" where it cannot be read."""
    (clients,) = session.clients.values()
    with suppress(ServiceError):
        return clients.ec2.console_output(machine.id)
    return ""
