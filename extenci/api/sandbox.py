"""The sandbox: the local cloud of a home, and the service by which it is used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from extenci.catalog.home import Home
from extenci.model.abilities import SANDBOX_ABILITIES, Abilities
from extenci.model.desired import Desired
from extenci.model.service import SANDBOX, KeyFiles, SandboxStatus, Service
from extenci.sandbox import control
from extenci.spec.services.library import SANDBOX_STAND_IN

NOT_RUNNING = "http://127.0.0.1 (not running)"


def start_sandbox(
    faults: str | None = None, without: str | None = None, *, home: Home | None = None
) -> SandboxStatus:
    """Start the sandbox unless it runs (SandboxError). `faults` says how it is to misbehave from now on,
    `none`: not at all; `without` names the abilities that it is to lack, `none`: it has all (UsageError)."""
    return control.start((home or Home.find()).path, faults, without)


def stop_sandbox(*, home: Home | None = None) -> SandboxStatus:
    """Stop the sandbox, and remove everything in it."""
    home = home or Home.find()
    control.stop(home.path)
    return control.status(home.path)


def reset_sandbox(*, home: Home | None = None) -> SandboxStatus:
    """Empty the sandbox. One that runs stays at the same addresses, with the same keys."""
    return control.reset((home or Home.find()).path)


def sandbox_status(*, home: Home | None = None) -> SandboxStatus:
    """Whether the sandbox runs, and where."""
    return control.status((home or Home.find()).path)


def make_bootable_disk(
    file: Path,
    public_keys: Sequence[Path] | None = None,
    *,
    ssh: bool = True,
    panic: bool = False,
    tell: Callable[[str], None] = lambda _line: None,
    home: Home | None = None,
) -> int:
    """Make a small bootable raw disk (1 GiB, sparse), with an SSH server unless told otherwise.

    The public keys in the files named, or of this user (~/.ssh/id_*.pub), may log in as root. Returns how
    many they are; the key pair of a launch may always log in. With `panic` the kernel gives up as it boots.
    `tell` is given lines about progress. SandboxError, UsageError.
    """
    from extenci.sandbox.bootable import Recipe, make_image, read_keys, users_keys  # noqa: PLC0415 - rare

    keys = [key for path in public_keys for key in read_keys(path)] if public_keys else users_keys()
    recipe = Recipe(tuple(keys), ssh=ssh, panic=panic)
    make_image(file, (home or Home.find()).path / "kernels", recipe, tell)
    return len(keys)


def sandbox_service(home: Home) -> Service:
    """The built-in service. The sandbox is started unless it runs (SandboxError)."""
    home.make()
    return _service(home, control.start(home.path))


def shown_sandbox_service(home: Home) -> Service:
    """The built-in service as it is now. The sandbox is not started only to be shown."""
    return _service(home, control.status(home.path))


def recognise_sandbox(service: Service, home: Home) -> Service:
    """The service, with the facts about its machines if it is this home's sandbox under a name of the
    user's."""
    if not service.on_loopback:
        return service
    status = control.status(home.path)
    return _with_machines(service, status) if service.ec2 == status.ec2 else service


def with_running_sandbox(desired: Desired, home: Home) -> Desired:
    """Specs that use the sandbox with the service as it runs; others as they are (SandboxError)."""
    if SANDBOX not in desired.services:
        return desired
    return replace(desired, services={**desired.services, SANDBOX: sandbox_service(home)})


def _service(home: Home, status: SandboxStatus) -> Service:
    access, secret = control.key_files(home.path)
    service = replace(
        SANDBOX_STAND_IN,
        abilities=Abilities(),
        ec2=status.ec2 or NOT_RUNNING,
        s3=status.s3 or NOT_RUNNING,
        ebs=status.ebs or NOT_RUNNING,
        credentials=KeyFiles(str(access), str(secret)),
        bundle=control.bundle_keys(home.path),
    )
    return _with_machines(service, status)


def _with_machines(service: Service, status: SandboxStatus) -> Service:
    elsewhere = {port: reached_at for port, reached_at in status.forwards.items() if port != reached_at}
    return replace(
        service,
        simulated=status.machines == "simulated",
        forwards=elsewhere,
        abilities=(Abilities() if status.without else SANDBOX_ABILITIES) | service.abilities,
    )
