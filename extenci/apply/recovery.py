"""Calls whose outcome is unknown, because the run that made them died: their outcome is found out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from extenci.apply.calls import RecoveryRun
from extenci.catalog.journal.journal import Journal
from extenci.cloud.journalled.client import Journalled
from extenci.launch import engines
from extenci.launch.key_pairs import key_file
from extenci.model.errors import ServiceError
from extenci.model.journal import is_sure
from extenci.model.observed import Observation, ServiceState
from extenci.model.record import Intent
from extenci.model.service import Tagging
from extenci.stage import methods
from extenci.stage.context import StageContext
from extenci.stage.ebs.start import TIMEOUT_MINUTES, repeat_start

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients


class Recovery:
    """What became of the calls of a stack's dead runs. The lock must be held: no run of this home is alive.

    `tell` tells a person something worth a line. Every method raises ServiceError and its kinds.
    """

    def __init__(
        self, stack: str, clients: Mapping[str, Clients], journal: Journal, tell: Callable[[str], None]
    ) -> None:
        self._stack = stack
        self._clients = clients
        self._journal = journal
        self._tell = tell
        self._run = RecoveryRun(journal, stack)

    def finish_staging(self, now: float) -> None:
        """Bring what staging methods had begun to its end. `now` is seconds since the epoch."""
        for name in self._clients:
            self._repeat_untagged_starts(name, now)
            methods.recover(self._unsettled(name), self._context(name))
        self._run.end()

    def claim(self) -> None:
        """Tag what runs of any home made for the stack and died before they could tag it."""
        for name in self._clients:
            methods.claim(self._stack, self._context(name))
        self._run.end()

    def close(self, observation: Observation) -> None:
        """Journal what the observation shows of calls with an unknown outcome: what they made, or that they
        left no trace. What is still to be done, the next plan says."""
        for intent in self._journal.unsettled(self._stack):
            state = observation.services.get(intent.service)
            if state is None or methods.method_of(intent.call) is not None:
                continue  # a staging method's own business
            made = find_outcome(intent, state)
            if made:
                self._journal.settle(intent.id, made)
            else:
                self._journal.fail(intent.id, "its outcome is unknown, and nothing is seen of it")

    def delete_key_pairs(self, observation: Observation, folder: Path) -> None:
        """Delete the key pairs that runs which are over made for test VMs, and that no machine has; and their
        files in `folder`."""
        for name in self._clients:
            state = observation.services.get(name)
            used = {machine.key_name for machine in state.machines} if state else set()
            for key_pair in self._journal.left_key_pairs(self._stack, name):
                if key_pair not in used:
                    self._context(name).changes.ec2.delete_key_pair(key_pair)
                    key_file(key_pair, folder).unlink(missing_ok=True)
                    self._journal.forget_key_pair(key_pair)
        self._run.end()

    def _repeat_untagged_starts(self, service: str, now: float) -> None:
        """Find the snapshots of unanswered StartSnapshot calls where no tag tells: the same token gives the
        same snapshot (EBS direct APIs, "Idempotency"), which the next plan then uses or removes.

        A call whose snapshot would have timed out by now is closed: to repeat it could only make another.
        """
        if self._clients[service].service.tags is Tagging.CREATE:
            return
        for intent in self._unsettled(service):
            if intent.call != "StartSnapshot":
                continue
            if now - intent.at >= TIMEOUT_MINUTES * 60:
                reason = "its outcome is unknown, and what it may have made has timed out"
                self._journal.fail(intent.id, reason)
                continue
            try:
                snapshot = repeat_start(intent, self._context(service))
                self._journal.settle(intent.id, {"snapshot": snapshot})
            except ServiceError as error:
                if not is_sure(error):
                    raise
                self._journal.fail(intent.id, error.message)

    def _unsettled(self, service: str) -> Iterable[Intent]:
        return (one for one in self._journal.unsettled(self._stack) if one.service == service)

    def _context(self, service: str) -> StageContext:
        clients = self._clients[service]
        return StageContext(clients, Journalled(clients, self._run.calls(service)), note=self._tell)


def find_outcome(intent: Intent, state: ServiceState) -> dict[str, object] | None:
    """The outcome of a call as the service's state shows it; None where it shows nothing of it."""
    match intent.call:
        case "RegisterImage":
            images = [image.id for image in state.images if image.name == intent.token]
            return {"image": images[0]} if images else None
        case "CreateKeyPair":  # names are never used twice, and deleting what is not there is no error
            return {"name": intent.token}
        case _:
            return engines.recover(intent, state)
