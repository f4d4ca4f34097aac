"""Checks of the HTCondor that launches machines of a service."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from extenci.model.desired import DesiredGroup
from extenci.model.errors import ServiceError
from extenci.model.finding import Finding, Level
from extenci.model.observed import QueueFacts
from extenci.model.service import CondorAccess, Service
from extenci.observe.file_access import Access, Account, account_of, can_reach, can_read
from extenci.plan.condor.queue_limits import judge_queue

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients

NO_SUBMIT = "extenci-doctor"
"""A token that no job has: asking for its jobs shows whether the queue answers."""


def check_condor(clients: Clients, groups: Sequence[DesiredGroup], folder: Path) -> Iterator[Finding]:
    """Whether the HTCondor of a service can launch these groups; `folder` is for files that jobs name."""
    service = clients.service
    try:
        clients.condor.jobs_by_token(NO_SUBMIT)
    except ServiceError as error:
        yield failure(service, error)
        yield from check_keys(service, None)
        return
    try:
        owner = clients.condor.owner()
    except ServiceError as error:
        yield failure(service, error)
        owner = ""
    facts = clients.condor.facts()
    findings = judge_queue(service, facts, sum(group.count for group in groups))
    yield Finding(service.name, Level.OK, greeting(facts))
    yield from findings
    account = account_of(owner.partition("@")[0]) if owner else None
    yield from check_keys(service, account)
    if any(group.settings.user_data for group in groups):
        yield from check_user_data(service, account, folder)


def failure(service: Service, error: ServiceError) -> Finding:
    """An error as a finding."""
    return Finding(service.name, Level.PROBLEM, error.message, error.hint)


def greeting(facts: QueueFacts) -> str:
    """`HTCondor 23.9.6 answers as schedd submit.example.edu; jobs would belong to ann@example.edu`."""
    owned = f"; jobs would belong to {facts.owner}" if facts.owner else ""
    return f"HTCondor {facts.version} answers as schedd {facts.schedd}{owned}"


def check_keys(service: Service, account: Account | None) -> Iterator[Finding]:
    """Whether the jobs' owner can read the key files; they are not opened."""
    keys = service.job_credentials
    if keys is None:
        yield Finding(
            service.name,
            Level.PROBLEM,
            "Jobs of HTCondor need key files, and the service names none.",
            "Name them under `condor: credentials:`, as paths on the schedd's machine.",
        )
        return
    if not is_local(service):
        yield Finding(
            service.name,
            Level.OK,
            "the jobs' key files are on the schedd's machine and cannot be checked from here",
        )
        return
    for path in (keys.access_key_file, keys.secret_key_file):
        access = can_read(Path(path), account) if account else _exists(Path(path))
        if access.possible is False:
            yield Finding(
                service.name,
                Level.PROBLEM,
                f"The jobs' key file {path} cannot be read by their owner: {access.why}.",
                "HTCondor reads it when it launches a machine. Let the jobs' owner own it (chown, mode 600), "
                "in a folder that this user can enter.",
            )


def _exists(path: Path) -> Access:
    return can_read(path, Account("its reader", os.geteuid()))


def check_user_data(service: Service, account: Account | None, folder: Path) -> Iterator[Finding]:
    """Whether the jobs' owner will be able to read user data, which is written to files in a folder."""
    if not is_local(service):
        yield Finding(
            service.name,
            Level.WARNING,
            f"HTCondor reads user data from {folder}, which must be on the schedd's machine too.",
            "Let EXTENCI_HOME be a folder that both machines share, or use `launch: ec2`.",
        )
        return
    if account is None or account.uid == os.geteuid():
        return
    if os.geteuid() != 0:
        yield Finding(
            service.name,
            Level.PROBLEM,
            f"HTCondor reads user data as {account.name}, the jobs' owner, who cannot read them.",
            "Submit jobs as this user, or apply as root, who can give the files to that user.",
        )
        return
    above = can_reach(folder.parent.parent, account)
    if above.possible is False:
        yield Finding(
            service.name,
            Level.PROBLEM,
            f"HTCondor reads user data from {folder} as {account.name}, who cannot get there: {above.why}.",
            "Set EXTENCI_HOME to a folder that this user can enter, such as /var/lib/extenci.",
        )


def is_local(service: Service) -> bool:
    """Whether files of the schedd's machine are files of this one."""
    return (service.condor or CondorAccess()).is_local
