"""Calls whose outcome is unknown, because the run that made them died: what became of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from extenci.catalog.journal.journal import Journal
from extenci.launch.key_pairs import key_file
from extenci.model.address import Tagging
from extenci.model.errors import ServiceError
from extenci.model.journal import is_sure
from extenci.model.observed import Observation, ServiceState
from extenci.model.record import DELETE_BUNDLE, PUT_BUNDLE, SUBMIT, Intent
from extenci.stage.bundle import location as bundle_places
from extenci.stage.context import StageContext
from extenci.stage.ebs.start import TIMEOUT_MINUTES, repeat_start
from extenci.stage.s3_import.tasks import recover, take_by_tags

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients


BUNDLE_CALLS = frozenset((PUT_BUNDLE, DELETE_BUNDLE))


def repeat_untagged_starts(
    intents: Iterable[Intent], clients: Mapping[str, Clients], journal: Journal, now: float
) -> None:
    """Find the snapshots of unanswered StartSnapshot calls where no tag tells: the same token gives
    the same snapshot (EBS direct APIs, "Idempotency"), which the next plan then uses or removes.

    A call whose snapshot would have timed out by `now` (seconds since the epoch) is closed: to repeat it
    could only make another.
    """
    for intent in intents:
        service = clients.get(intent.service)
        if service is None or intent.call != "StartSnapshot" or service.service.tags is Tagging.CREATE:
            continue
        if now - intent.at >= TIMEOUT_MINUTES * 60:
            journal.fail(intent.id, "its outcome is unknown, and what it may have made has timed out")
            continue
        try:
            journal.settle(intent.id, {"snapshot": repeat_start(intent, service)})
        except ServiceError as error:
            if not is_sure(error):
                raise
            journal.fail(intent.id, error.message)


def finish_imports(
    intents: Iterable[Intent], clients: Mapping[str, Clients], journal: Journal, tell: Callable[[str], None]
) -> None:
    """Tag what ImportSnapshot made since its run died, and delete what was uploaded for it; and bundles that
    no image came of. ServiceError and its kinds."""
    for intent in intents:
        service = clients.get(intent.service)
        if service is None:
            continue
        if intent.call == "ImportSnapshot":
            recover(intent, StageContext(service, OpenCalls(journal), note=tell))
        elif intent.call in BUNDLE_CALLS:
            bundle_places.recover(intent, StageContext(service, OpenCalls(journal), note=tell))


def tag_imports(stack: str, clients: Mapping[str, Clients], journal: Journal) -> None:
    """The same of runs of other homes, where the imports themselves are tagged."""
    for service in clients.values():
        if service.service.bucket is not None and service.service.tags is Tagging.CREATE:
            take_by_tags(stack, StageContext(service, OpenCalls(journal)))


@dataclass(frozen=True)
class OpenCalls:
    """The `Calls` of runs that died, of which none is begun any more."""

    journal: Journal

    def begin(
        self,
        call: str,
        *,
        token: str = "",
        request: Mapping[str, object] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> int:
        """See `Calls.begin`."""
        raise NotImplementedError(call, token, request, tags)

    def settle(self, intent: int, result: Mapping[str, object]) -> None:
        """See `Calls.settle`."""
        self.journal.settle(intent, result)

    def fail(self, intent: int, reason: str) -> None:
        """See `Calls.fail`."""
        self.journal.fail(intent, reason)


def drop_left_key_pairs(
    stack: str, clients: Mapping[str, Clients], observation: Observation, journal: Journal, keys: Path
) -> None:
    """Delete the key pairs that runs which are over made for test VMs, and that no machine has; and their
    files in `keys`."""
    for name, service in clients.items():
        state = observation.services.get(name)
        used = {machine.key_name for machine in state.machines} if state else set()
        for key_pair in journal.left_key_pairs(stack, name):
            if key_pair not in used:
                service.ec2.delete_key_pair(key_pair)
                key_file(key_pair, keys).unlink(missing_ok=True)
                journal.forget_key_pair(key_pair)


def close_intents(intents: Iterable[Intent], observation: Observation, journal: Journal) -> None:
    """Write down what the observation shows of calls with an unknown outcome: what they made, or that
    they left no trace. What is still to be done, the next plan says."""
    for intent in intents:
        state = observation.services.get(intent.service)
        if state is None or intent.call in {"ImportSnapshot", *BUNDLE_CALLS}:  # see `finish_imports`
            continue
        made = _traces(intent, state)
        if made:
            journal.settle(intent.id, made)
        else:
            journal.fail(intent.id, "its outcome is unknown, and nothing is seen of it")


def _traces(intent: Intent, state: ServiceState) -> dict[str, object]:
    match intent.call:
        case "RunInstances":
            machines = [machine.id for machine in state.machines if machine.token == intent.token]
            return {"machines": machines} if machines else {}
        case call if call == SUBMIT:
            jobs = [one.job.id for one in state.machines if one.job and one.job.token == intent.token]
            return {"jobs": jobs} if jobs else {}
        case "RegisterImage":
            images = [image.id for image in state.images if image.name == intent.token]
            return {"image": images[0]} if images else {}
        case "CreateKeyPair":  # names are never used twice, and deleting what is not there is no error
            return {"name": intent.token}
        case _:
            return {}
