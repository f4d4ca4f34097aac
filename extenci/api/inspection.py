"""Look at a stack, and at this machine and its services. Nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from extenci.api.disks import readable_disks
from extenci.api.options import Options, ignore
from extenci.api.reconcile import find_last_pass
from extenci.api.sandbox import sandbox_service, sandbox_status, shown_sandbox_service
from extenci.api.session import open_clients, open_session
from extenci.api.trust import find_untrusted, not_trusted
from extenci.apply.bucket_probe import try_bucket
from extenci.catalog.home import Home
from extenci.catalog.records import Catalog
from extenci.cloud.clients import Clients
from extenci.model.desired import Desired
from extenci.model.errors import CatalogError
from extenci.model.finding import Finding, Level
from extenci.model.outcome import Listener
from extenci.model.service import SANDBOX, Service
from extenci.model.status import StackStatus
from extenci.observe.doctor.diagnosis import diagnose
from extenci.plan.commands.status import make_status


def status(desired: Desired, *, home: Home | None = None, listener: Listener = ignore) -> StackStatus:
    """The desired, recorded and live state, side by side. Disks that cannot be read are in its notes."""
    home = home or Home.find()
    with open_session(desired, home, Options(listener=listener)) as session:
        observed = session.observe()
        disks, notes = readable_disks(session)
        found = replace(
            make_status(desired, disks, observed.observation, observed.records),
            notes=notes,
            last_pass=find_last_pass(desired.root, home),
        )
    if SANDBOX not in desired.services:
        return found
    return replace(found, sandbox_machines=sandbox_status(home=home).machines)


@dataclass(frozen=True)
class SandboxContent:
    """The number of machines that have not ended, and of images, in the sandbox."""

    machines: int = 0
    images: int = 0


def sandbox_content(*, home: Home | None = None) -> SandboxContent:
    """The content of the sandbox, which goes when it is stopped; nothing where it does not run
    (ServiceError)."""
    home = home or Home.find()
    if not sandbox_status(home=home).running:
        return SandboxContent()
    service = shown_sandbox_service(home)
    with Catalog.open(home) as catalog, open_clients({service.name: service}, home, catalog) as clients:
        ec2 = clients[service.name].ec2
        machines = sum(not machine.state.is_gone for machine in ec2.all_machines())
        return SandboxContent(machines, len(ec2.images()))


def doctor(
    paths: Sequence[Path] = (),
    *,
    home: Home | None = None,
    service: str | None = None,
    probe: bool = False,
    write: bool = False,
    listener: Listener = ignore,
) -> tuple[Finding, ...]:
    """Find out what is missing on this machine and for each service of the specs, or of the catalog where
    there are no specs. What cannot be examined is a finding, too; only UsageError is raised.

    With `probe`, what was learned of the services' abilities is forgotten and found out anew. With `write`, a
    small object is stored in each service's bucket, read and deleted; otherwise only calls that read are
    sent.
    """
    home = home or Home.find()
    found: list[Finding] = []

    @contextmanager
    def opened(services: Mapping[str, Service]) -> Iterator[Mapping[str, Clients]]:
        for request in find_untrusted(services.values(), home):
            error = not_trusted((request,))
            found.append(Finding(request.service, Level.PROBLEM, error.message, error.hint))
            services = {name: one for name, one in services.items() if name != request.service}
        with Catalog.open(home) as catalog:
            for one in services.values() if probe else ():
                with suppress(CatalogError):
                    catalog.abilities.forget(one)
            with open_clients(services, home, catalog, Options(listener=listener).tell) as clients:
                yield clients
                if write:
                    found.extend(
                        one for each in clients.values() for one in try_bucket(each, catalog.journal)
                    )

    examined = diagnose(paths, home, service, sandbox_service, opened)
    return (*examined, *found)
