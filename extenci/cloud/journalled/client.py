"""All changing calls of one service, journalled."""

from __future__ import annotations

from collections.abc import Mapping

from extenci.cloud.clients import Clients
from extenci.cloud.journalled.condor import JournalledCondor
from extenci.cloud.journalled.ebs import JournalledEbs
from extenci.cloud.journalled.ec2 import JournalledEc2
from extenci.cloud.journalled.intents import Intents, Operation
from extenci.cloud.journalled.s3 import JournalledS3
from extenci.model.journal import Calls
from extenci.model.record import Intent


class Journalled:
    """Changes one service, and journals each call. Any thread may use it."""

    def __init__(self, clients: Clients, calls: Calls) -> None:
        bare, self._intents = clients.unjournalled, Intents(calls, clients.fence)
        self.ec2 = JournalledEc2(bare.ec2, self._intents, clients.abilities, clients.sleep)
        self.ebs = JournalledEbs(bare.ebs, self._intents)
        self.s3 = JournalledS3(bare.s3, self._intents)
        self.condor = JournalledCondor(bare.condor, clients.condor, self._intents)

    def begin(
        self,
        operation: str,
        *,
        token: str = "",
        request: Mapping[str, object],
        tags: Mapping[str, str] | None = None,
    ) -> Operation:
        """Journal that an operation of several calls begins; its calls are made `within` it."""
        return self._intents.begin(operation, token=token, request=request, tags=tags)

    def resume(self, intent: Intent) -> Operation:
        """The open operation of a run that died, to be finished or undone."""
        return Operation(self._intents.calls, intent.id)
