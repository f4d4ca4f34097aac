"""Look at a stack, and at this machine and its services. Nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from extenci.api.disks import known_disks
from extenci.api.options import DEFAULTS
from extenci.api.sandbox import sandbox_service, sandbox_status
from extenci.api.session import open_session
from extenci.catalog.home import Home
from extenci.model.desired import Desired
from extenci.model.finding import Finding
from extenci.model.service import SANDBOX
from extenci.model.status import StackStatus
from extenci.observe.doctor.diagnosis import diagnose
from extenci.plan.commands.status import make_status


def status(desired: Desired, *, home: Home | None = None) -> StackStatus:
    """What is desired, recorded and live, side by side."""
    home = home or Home.find()
    with open_session(desired, home, DEFAULTS) as session:
        observed = session.observe()
        found = make_status(desired, known_disks(session), observed.observation, observed.records)
    if SANDBOX not in desired.services:
        return found
    return replace(found, sandbox_machines=sandbox_status(home=home).machines)


def doctor(
    paths: Sequence[Path] = (), *, home: Home | None = None, service: str | None = None
) -> tuple[Finding, ...]:
    """Find out what is missing on this machine and for each service of the specs, or of the catalog where
    there are no specs. What cannot be examined is a finding, too; only UsageError is raised."""
    return diagnose(paths, home or Home.find(), service, sandbox_service)
