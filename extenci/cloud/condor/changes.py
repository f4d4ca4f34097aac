"""Puts jobs into the queue of a schedd, and removes them.

Only `extenci.cloud.journalled` makes these calls, and journals each first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from extenci.cloud.condor.client import Condor
from extenci.model.errors import AccessRefused

REMOVE_AT_ONCE = 1000
"""The most jobs that one request removes."""


class CondorChanges:
    """Changes the queue of one service's schedd. Any thread may use it. Every method raises ServiceError and
    its kinds."""

    def __init__(self, condor: Condor) -> None:
        self._condor = condor

    def submit(self, description: Mapping[str, str], count: int) -> tuple[str, ...]:
        """Put `count` jobs into the queue, all or none; their ids. If the answer is lost,
        `Condor.jobs_by_token` tells whether they are there."""
        cluster = self._condor.ask("submit", changes=True, description=dict(description), count=count)
        return tuple(f"{cluster}.{number}" for number in range(count))

    def remove(self, ids: Sequence[str], reason: str, *, at_once: bool = False) -> None:
        """Remove jobs, and so terminate their machines; jobs that are not in the queue are no error.
        `at_once`: drop jobs that are removed already, whatever became of their machines."""
        for start in range(0, len(ids), REMOVE_AT_ONCE):
            batch = list(ids[start : start + REMOVE_AT_ONCE])
            refused = self._condor.ask("remove", changes=True, jobs=batch, reason=reason, at_once=at_once)
            if refused:
                raise self._refused(refused, len(batch))

    def _refused(self, refused: int, number: int) -> AccessRefused:
        service = self._condor.service.name
        return AccessRefused(
            f"The schedd of the service {service} does not let this user remove {refused} of {number} jobs.",
            "Use the credentials of the jobs' owner, or of a queue superuser.",
            service=service,
            call="remove",
            code="PermissionDenied",
        )
