"""Launches through HTCondor, and what they need of a service and a spec."""

from __future__ import annotations

from collections.abc import Iterator

from extenci.model.service import SANDBOX, Service
from extenci.spec.format import LaunchKeys
from extenci.spec.spec_file import SpecEntry
from extenci.spec.words import quoted
from extenci.spec.yaml.document import Mark


def check_condor(
    entry: SpecEntry, service: Service, spec: LaunchKeys, *above: str
) -> Iterator[tuple[Mark, str]]:
    """Why HTCondor cannot launch what an entry asks for below the keys `above`, with the places."""
    if service.condor is None and service.name != SANDBOX:
        text = (
            f"the service {quoted(service.name)} has no 'condor' block, which names the HTCondor that "
            "launches there; an empty one, 'condor: {}', means this machine's"
        )
        yield entry.place(*above, "launch"), text
    if service.condor is None or service.condor.is_local:
        return
    key = "user_data" if spec.user_data is not None else "user_data_file"
    if spec.user_data is not None or spec.user_data_file is not None:
        text = (
            f"{quoted(key)} cannot be sent through a schedd on another machine: it would be part of "
            "the job, where everyone can read it; use a schedd here, or launch: ec2"
        )
        yield entry.place(*above, key), text
