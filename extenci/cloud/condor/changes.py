"""Puts jobs into the queue of a schedd, and removes them.

Only `extenci.cloud.journalled` makes these calls, and journals each first.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

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

        def send(htcondor: Any, schedd: Any) -> tuple[str, ...]:
            with warnings.catch_warnings(record=True):  # about macros that the schedd's machine sets
                result = schedd.submit(htcondor.Submit(dict(description)), count=count)
            return tuple(f"{result.cluster()}.{number}" for number in range(count))

        return self._condor.ask("submit", send)

    def remove(self, ids: Sequence[str], reason: str, *, at_once: bool = False) -> None:
        """Remove jobs, and so terminate their machines; jobs that are not in the queue are no error.
        `at_once`: drop jobs that are removed already, whatever became of their machines."""
        for start in range(0, len(ids), REMOVE_AT_ONCE):
            batch = list(ids[start : start + REMOVE_AT_ONCE])
            self._condor.ask("remove", partial(self._act, batch, reason, at_once))

    def _act(self, batch: list[str], reason: str, at_once: bool, htcondor: Any, schedd: Any) -> None:
        action = htcondor.JobAction.RemoveX if at_once else htcondor.JobAction.Remove
        answer = schedd.act(action, batch, reason)
        refused = answer.get("TotalPermissionDenied", 0)
        if refused:
            service = self._condor.service.name
            raise AccessRefused(
                f"The schedd of the service {service} does not let this user remove {refused} of "
                f"{len(batch)} jobs.",
                "Use the credentials of the jobs' owner, or of a queue superuser.",
                service=service,
                call="remove",
                code="PermissionDenied",
            )
