"""Changes of a schedd's queue, journalled. Parameters, results and errors as of `CondorChanges`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from extenci.cloud.condor.changes import CondorChanges
from extenci.cloud.condor.client import Condor
from extenci.cloud.journalled.intents import Intents
from extenci.model.errors import ServiceError
from extenci.model.record import SUBMIT


class JournalledCondor:
    """Changes the queue of one service's schedd."""

    def __init__(self, bare: CondorChanges, reads: Condor, intents: Intents) -> None:
        self._bare = bare
        self._reads = reads
        self._intents = intents

    def submit(
        self,
        description: Mapping[str, str],
        count: int,
        *,
        token: str,
        request: Mapping[str, object],
        tags: Mapping[str, str],
    ) -> tuple[str, ...]:
        """Put `count` jobs into the queue; their ids. Where only the answer is lost, the jobs are found in
        the queue by their `token`. `request` goes into the journal, and must hold no secret."""
        with self._intents.writing(SUBMIT, token=token, request=request, tags=tags) as settle:
            try:
                jobs = self._bare.submit(description, count)
            except ServiceError:
                jobs = tuple(job.id for job in self._reads.jobs_by_token(token))
                if not jobs:
                    raise
            settle({"jobs": list(jobs)})
        return jobs

    def remove(self, ids: Sequence[str], reason: str, *, at_once: bool = False) -> None:
        """Remove jobs, and so terminate their machines."""
        with self._intents.writing("RemoveJobs", request={"jobs": list(ids)}) as settle:
            self._bare.remove(ids, reason, at_once=at_once)
            settle({"jobs": list(ids)})
