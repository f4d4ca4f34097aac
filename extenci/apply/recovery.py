"""Recovery from runs that died: the outcome of their unanswered calls is found, and their work finished."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from extenci.apply.calls import RecoveryRun
from extenci.catalog.journal.journal import Journal
from extenci.cloud.journalled.client import Journalled
from extenci.launch import engines
from extenci.launch.key_pairs import key_file
from extenci.model.errors import ServiceError
from extenci.model.observed import Observation, ServiceState
from extenci.model.record import Intent, resources_in
from extenci.observe.failures import Failures
from extenci.stage import methods
from extenci.stage.context import StageContext

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients


class Recovery:
    """Recovers from a stack's dead runs. The lock must be held, so that no run of this home is alive.

    `tell` tells a person something worth a line. Services that fail are noted in `failures`, and nothing more
    is done there; ServiceError and its kinds where none is left. Interrupted once `stop` is set.
    """

    def __init__(
        self,
        stack: str,
        clients: Mapping[str, Clients],
        journal: Journal,
        tell: Callable[[str], None],
        failures: Failures | None = None,
        stop: Event | None = None,
    ) -> None:
        self._stack = stack
        self._clients = clients
        self._journal = journal
        self._tell = tell
        self._run = RecoveryRun(journal, stack)
        self._failures = failures or Failures(clients)
        self._stop = stop or Event()

    def finish_staging(self, now: float) -> None:
        """Finish or undo the operations of staging methods. `now` is seconds since the epoch."""
        for name in self._failures.working():
            with self._failures.noting(name):
                methods.recover(self._unsettled(name), replace(self._context(name), now=lambda: now))
        self._run.end()

    def claim(self) -> None:
        """Tag the resources that runs of any home made for the stack and did not live to tag."""
        for name in self._failures.working():
            with self._failures.noting(name):
                methods.claim(self._stack, self._context(name))
        self._run.end()

    def close(self, observation: Observation) -> None:
        """Journal the outcome of unanswered calls as the observation shows it: the resources they made, or
        that they left no trace. The next plan contains the work that is still to be done."""
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
        """Delete the key pairs that finished runs made for test VMs and that no living machine has, and their
        files in `folder`. No work needs that, so a failure is only told of: the next command tries again."""
        for name, state in observation.services.items():
            try:
                self._delete_key_pairs(state, folder)
            except ServiceError as error:
                self._tell(f"A key pair of a test VM is still on {name}: {error.message}")
        self._run.end()

    def _delete_key_pairs(self, state: ServiceState, folder: Path) -> None:
        used = {machine.key_name for machine in state.machines if not machine.state.is_gone}
        for key_pair in self._journal.left_key_pairs(self._stack, state.service):
            if key_pair not in used:
                self._context(state.service).changes.ec2.delete_key_pair(key_pair)
                key_file(key_pair, folder).unlink(missing_ok=True)
                self._journal.forget_key_pair(key_pair)

    def _unsettled(self, service: str) -> Iterable[Intent]:
        return (one for one in self._journal.unsettled(self._stack) if one.service == service)

    def _context(self, service: str) -> StageContext:
        clients = self._clients[service]
        changes = Journalled(clients, self._run.calls(service))
        return StageContext(
            clients,
            changes,
            self._stop,
            clients.clock,
            note=self._tell,
            history=self._journal.history(service),
        )


def find_outcome(intent: Intent, state: ServiceState) -> dict[str, object] | None:
    """The outcome of a call as the service's state shows it; None where it shows no trace of it."""
    match intent.call:
        case "RegisterImage":
            images = [image.id for image in state.images if image.name == intent.token]
            return {"image": images[0]} if images else None
        case "DeregisterImage" | "DeleteSnapshot":
            there = {image.id for image in state.images} | {snapshot.id for snapshot in state.snapshots}
            return None if there.intersection(resources_in(intent.request)) else {**intent.request}
        case "CreateKeyPair":  # names are never used twice, and deleting what is not there is no error
            return {"name": intent.token}
        case _:
            return engines.recover(intent, state)
