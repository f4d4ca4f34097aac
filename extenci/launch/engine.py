"""An engine launches and ends machines. One class each; `extenci.launch.engines` lists them.

To add one: a file with its class, a line in that list, its name in `model.address.Launch`, and a client.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

from extenci.cloud.clients import Clients
from extenci.launch.context import LaunchContext
from extenci.launch.order import LaunchOrder
from extenci.model.observed import MachineHandle, ServiceState
from extenci.model.ownership import Marks
from extenci.model.plan import Change
from extenci.model.record import Intent
from extenci.model.service import Service
from extenci.model.work import AwaitedMachine


class Engine(ABC):
    """Launches machines and ends them. `calls` are the journal's names of its launching calls, whose outcome
    `recover` finds."""

    calls: frozenset[str]

    @abstractmethod
    def launch(self, order: LaunchOrder, context: LaunchContext) -> tuple[str, ...]:
        """Launch the machines of an order and wait until they run; their ids. MachinesLost where one ends
        instead; ServiceError and its kinds; Interrupted."""

    @abstractmethod
    def holds(self, handle: MachineHandle) -> bool:
        """Whether a machine is ended through this engine."""

    @abstractmethod
    def end(self, handles: Sequence[MachineHandle], context: LaunchContext) -> tuple[str, ...]:
        """End machines that this engine holds and wait until they are gone; the ids of those that existed.
        ServiceError and its kinds."""

    @abstractmethod
    def await_running(
        self, machines: Sequence[AwaitedMachine], seconds: float, context: LaunchContext
    ) -> tuple[str, ...]:
        """Wait for machines that this engine holds and has launched before until they run, for at most so
        many seconds, and record them; their ids. Errors as of `launch`."""

    @abstractmethod
    def find(self, ids: Sequence[str], context: LaunchContext) -> tuple[MachineHandle, ...]:
        """The handles of machines that this engine has just launched."""

    def cancel(self, is_own: Callable[[Marks | None], bool], context: LaunchContext) -> None:  # noqa: B027
        """Cancel the launches with own marks that wait outside the service, as in a queue, and end the
        machines they have by then. ServiceError and its kinds."""

    @abstractmethod
    def recover(self, intent: Intent, state: ServiceState) -> dict[str, object] | None:
        """The outcome of a launching call of a run that died, in the form of its answer; None where no trace
        of it is seen."""

    def preview(self, change: Change, service: Service, folder: Path) -> str | None:  # noqa: ARG002
        """The request for a change's machines as text for people, None where there is nothing to show.
        `folder` is where user data will lie."""
        return None

    def files_in_use(self, clients: Clients) -> frozenset[str]:  # noqa: ARG002 - most use none
        """The paths of files that machines in the making need, whoever launches them. ServiceError and its
        kinds."""
        return frozenset()
