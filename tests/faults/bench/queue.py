"""HTCondor's queue, as its own programs show it."""

from __future__ import annotations

import time

from tests.condor_pool.pool import Pool

REMOVE_SECONDS = 40.0


class Queue:
    """The jobs of stacks."""

    def __init__(self, pool: Pool | None) -> None:
        assert pool is not None
        self._pool = pool

    def jobs(self, stack: str) -> list[str]:
        """Job ids with the names of their states (`JobStatus`: 1 idle, 2 running, 3 removed, 5 held)."""
        shown = self._pool.daemons.ask(
            "condor_q", "-allusers", "-constraint", f'ExtenciStack == "{stack}"', "-af:j", "JobStatus"
        )
        return [line.strip() for line in shown.splitlines() if line.strip()]

    def remove(self, stack: str) -> None:
        """Ends what is left of a stack, while its service can be reached."""
        if not self.jobs(stack):
            return
        self._pool.daemons.ask("condor_rm", "-constraint", f'ExtenciStack == "{stack}"')
        until = time.monotonic() + REMOVE_SECONDS
        while self.jobs(stack) and time.monotonic() < until:
            time.sleep(0.5)
