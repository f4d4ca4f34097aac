"""The clients of one service: those that read and, apart from them, those that make changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from extenci.cloud.abilities import AbilityBook
from extenci.cloud.aws.answers.limits import LIMITS, Limits
from extenci.cloud.aws.answers.waiting import Waiting
from extenci.cloud.aws.ebs import Ebs
from extenci.cloud.aws.ebs_changes import EbsChanges
from extenci.cloud.aws.ec2 import Ec2
from extenci.cloud.aws.ec2_changes import Ec2Changes
from extenci.cloud.aws.imports import Imports
from extenci.cloud.aws.probes import Probes
from extenci.cloud.aws.s3 import S3
from extenci.cloud.aws.s3_changes import S3Changes
from extenci.cloud.aws.session import ServiceSession
from extenci.cloud.blocks.concurrency import MOST
from extenci.cloud.condor.changes import CondorChanges
from extenci.cloud.condor.client import Condor
from extenci.model.abilities import Ability
from extenci.model.service import Service, Tagging, effective_tagging


@dataclass(frozen=True)
class Unjournalled:
    """The changing calls of one service, without a journal. Only `extenci.cloud.journalled` makes them, and
    journals each."""

    ec2: Ec2Changes
    ebs: EbsChanges
    s3: S3Changes
    condor: CondorChanges


class Clients:
    """The clients of one service. Creating it reads and sends nothing; any thread may use it.

    `abilities` is what is known of the service and takes what is learned, None: what its file says.
    `fence` is called before each journalled call, and raises ServiceError where nothing may be changed;
    `is_leased`: it is a lease's, so that nobody else changes the stack at the same time.
    `clock` returns monotonic seconds, `sleep` waits for so many seconds; an upload uses at most `connections`
    connections. `limits` bound the service's answers; `waiting` tells people of a service that keeps them
    waiting; `stop` set ends waiting for HTCondor.
    """

    def __init__(
        self,
        service: Service,
        *,
        abilities: AbilityBook | None = None,
        connections: int = MOST,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        limits: Limits = LIMITS,
        waiting: Waiting | None = None,
        stop: Event | None = None,
    ) -> None:
        self.service = service
        self.abilities = abilities or AbilityBook(service.abilities)
        self.fence: Callable[[], None] = lambda: None
        self.is_leased = False
        self.clock = clock
        self.sleep = sleep
        self._session = self._open_session(limits, waiting or Waiting())
        self.ec2 = Ec2(self._session)
        self.ebs = Ebs(self._session)
        self.s3 = S3(self._session)
        self.imports = Imports(self._session)
        self.probes = Probes(self._session)
        self.condor = Condor(service, waiting, stop)
        self.unjournalled = Unjournalled(
            Ec2Changes(self._session, sleep=sleep),
            EbsChanges(self._session, connections=connections, clock=clock, sleep=sleep),
            S3Changes(self._session),
            CondorChanges(self.condor),
        )

    def tagging(self, creation: Ability) -> Tagging:
        """When a kind of resource gets its tags, as far as is known now; `creation` is the ability to set
        them at creation."""
        return effective_tagging(self.service.tags, self.abilities.now, creation)

    def _open_session(self, limits: Limits, waiting: Waiting) -> ServiceSession:
        return ServiceSession(self.service, self.abilities, limits, waiting)

    def close(self) -> None:
        """Close the idle connections, and end HTCondor's process. Later calls open new ones."""
        self._session.close()
        self.condor.close()
