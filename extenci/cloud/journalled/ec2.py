"""EC2's changing calls, journalled. Parameters, results and errors as of `Ec2Changes`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from extenci.cloud.abilities import AbilityBook
from extenci.cloud.aws.ec2_changes import Ec2Changes
from extenci.cloud.aws.requests.parameters import LaunchRequest, RegisterRequest
from extenci.cloud.journalled.intents import Intents, Operation
from extenci.model.abilities import Ability
from extenci.model.errors import NotFound
from extenci.model.journal import VISIBLE_SECONDS
from extenci.model.s3 import ImportTask

PAUSE_SECONDS = 1.0
"""The pause between attempts to remove what the service does not know yet."""


class JournalledEc2:
    """Changes resources of one service's EC2. `tags` are the final ones of a new resource, set at its
    creation or soon after. The journal has them in case the run dies in between."""

    def __init__(
        self,
        bare: Ec2Changes,
        intents: Intents,
        abilities: AbilityBook,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._bare = bare
        self._intents = intents
        self._abilities = abilities
        self._sleep = sleep

    def register_image(self, request: RegisterRequest, tags: Mapping[str, str]) -> str:
        """Register an image; its id."""
        shown: dict[str, object] = {"name": request.name}
        if request.location is not None:
            shown |= {"location": request.location}
        else:
            shown |= {"snapshot": request.snapshot, "gib": request.registration.gib}
        with self._intents.writing("RegisterImage", token=request.name, request=shown, tags=tags) as settle:
            image = self._bare.register_image(request)
            settle({"image": image, "snapshot": request.snapshot})
        return image

    def deregister_image(
        self, image: str, *, snapshots: Sequence[str] = (), within: Operation | None = None
    ) -> None:
        """Deregister an image; one that is gone already is no error. `snapshots` are to be deleted once it is
        gone: with them in the journal, a later command can finish that."""
        shown: dict[str, object] = {"image": image, **({"snapshots": list(snapshots)} if snapshots else {})}
        with self._intents.writing("DeregisterImage", request=shown, within=within) as settle:
            was_there = self._remove(image, lambda: self._bare.deregister_image(image))
            settle(shown if was_there else {**shown, "gone": True})

    def delete_snapshot(self, snapshot: str) -> None:
        """Delete a snapshot; one that is gone already is no error. InUse while an image uses it."""
        shown = {"snapshot": snapshot}
        with self._intents.writing("DeleteSnapshot", request=shown) as settle:
            was_there = self._remove(snapshot, lambda: self._bare.delete_snapshot(snapshot))
            settle(shown if was_there else {**shown, "gone": True})

    def import_snapshot(
        self,
        bucket: str,
        key: str,
        token: str,
        tags: Mapping[str, str],
        *,
        description: str,
        within: Operation,
    ) -> ImportTask:
        """Begin to import a raw disk from S3, within the operation that watches over it until its snapshot
        is tagged."""
        shown = {"bucket": bucket, "key": key}
        with self._intents.writing("ImportSnapshot", token=token, request=shown, within=within):
            return self._bare.import_snapshot(bucket, key, token, tags, description=description)

    def run_instances(self, request: LaunchRequest, tags: Mapping[str, str]) -> tuple[str, ...]:
        """Launch machines; their ids."""
        shown = {"image": request.image, "count": request.count, "type": request.settings.type}
        with self._intents.writing("RunInstances", token=request.token, request=shown, tags=tags) as settle:
            ids = self._bare.run_instances(request)
            settle({"machines": list(ids)})
        return ids

    def terminate(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Terminate machines; those that existed. One that the service has forgotten is no error."""
        with self._intents.writing("TerminateInstances", request={"machines": list(ids)}) as settle:
            try:
                self._bare.terminate(ids)
                there = tuple(ids)
            except NotFound:  # one that is not there is enough for none to be terminated
                there = tuple(id_ for id_ in ids if self._remove(id_, partial(self._bare.terminate, [id_])))
            settle({"machines": list(there)})
        return there

    def _remove(self, resource: str, remove: Callable[[], None]) -> bool:
        """Make a call that removes a resource; False where it is gone already. One that was made a moment ago
        may not be known to the service everywhere: it is removed as soon as it is."""
        while True:
            try:
                remove()
            except NotFound:
                unseen = self._intents.calls.unseen_seconds(resource)
                may_show = unseen is not None and 0 <= unseen < VISIBLE_SECONDS
                if not may_show or self._abilities.has(Ability.CONSISTENT):
                    return False
                self._sleep(PAUSE_SECONDS)
            else:
                return True

    def create_tags(
        self, ids: Sequence[str], tags: Mapping[str, str], *, within: Operation | None = None
    ) -> None:
        """Put tags on resources."""
        shown = {"resources": list(ids)}
        with self._intents.writing("CreateTags", request=shown, tags=tags, within=within) as settle:
            self._bare.create_tags(ids, tags)
            settle({})

    def delete_tags(self, ids: Sequence[str], keys: Sequence[str]) -> None:
        """Take tags off resources."""
        shown = {"resources": list(ids), "keys": list(keys)}
        with self._intents.writing("DeleteTags", request=shown) as settle:
            self._bare.delete_tags(ids, keys)
            settle({})

    def create_key_pair(self, name: str, at_creation: Mapping[str, str]) -> str:
        """Make a key pair; its private key, which is secret. `at_creation` are the tags that the call itself
        sets."""
        with self._intents.writing("CreateKeyPair", token=name, request={"name": name}) as settle:
            private_key = self._bare.create_key_pair(name, at_creation)
            settle({"name": name})
        return private_key

    def delete_key_pair(self, name: str, *, within: Operation | None = None) -> None:
        """Delete a key pair."""
        with self._intents.writing("DeleteKeyPair", request={"name": name}, within=within) as settle:
            self._bare.delete_key_pair(name)
            settle({"name": name})
