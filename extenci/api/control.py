"""Start, stop and list single machines, without specs. No plan of specs touches them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from extenci.api.approval import Proposal, carry_out_approved, carry_out_unasked
from extenci.api.execution import Run
from extenci.api.options import DEFAULTS, Options
from extenci.api.recovery import recover
from extenci.api.session import Session, open_session
from extenci.api.specs import empty_stack
from extenci.catalog.home import Home
from extenci.model.address import NAME
from extenci.model.desired import Desired
from extenci.model.errors import UsageError
from extenci.model.launch import LaunchDefaults
from extenci.model.observed import Machine
from extenci.model.outcome import Result
from extenci.model.service import CondorAccess
from extenci.plan.commands.control import MachineRequest, manual_machines, plan_start, plan_stop
from extenci.spec.launch.keys import to_settings


@dataclass(frozen=True)
class StartOptions:
    """How to start a machine. None: as the service's file says for test VMs; for `name`, that of the
    image."""

    type: str | None = None
    name: str | None = None
    key_name: str | None = None


def start_machine(
    image: str,
    service: str,
    how: StartOptions = StartOptions(),
    *,
    stack: str | None = None,
    home: Home | None = None,
    options: Options = DEFAULTS,
) -> Result:
    """Start one machine from an image, given by its id, or by the address or name that it has in the stack,
    and wait until it runs. It is launched through EC2 or HTCondor as the service's file says, and marked
    `manual`. The stack as in `empty_stack`.

    UsageError, SpecError; PlanError where there is no such image; and whatever `apply` raises.
    """
    home = home or Home.find()
    desired = _stack_on(service, stack, home)
    if how.name is not None and not NAME.fullmatch(how.name):
        raise UsageError("That cannot be a machine's name.", "Use letters, digits, ., _ and -.")
    defaults = desired.services[service].test or LaunchDefaults()
    type_ = how.type or defaults.type
    if type_ is None:
        raise UsageError(
            f"The type of the machine is missing, and the file of {service} names none for test VMs.",
            "Give TYPE, such as t3.micro, after SERVICE.",
        )
    if how.key_name is not None:
        defaults = replace(defaults, key_name=how.key_name)
    launch = defaults.launch or desired.services[service].launch
    asked = MachineRequest(image, to_settings(type_, defaults), launch, how.name)

    def propose(session: Session) -> Proposal:
        observed = recover(session)
        return Proposal(plan_start(desired, service, asked, observed.observation), observed)

    return carry_out_unasked(desired, home, options, propose)


def stop_machines(
    ids: Sequence[str],
    service: str,
    *,
    stack: str | None = None,
    home: Home | None = None,
    options: Options = DEFAULTS,
) -> Result:
    """Ask, and terminate machines that `start_machine` started. The stack as in `empty_stack`.

    UsageError, SpecError; PlanError where one does not exist or is not manual; and whatever `apply` raises.
    """
    home = home or Home.find()
    desired = _stack_on(service, stack, home)

    def propose(session: Session) -> Proposal:
        observed = recover(session)
        return Proposal(plan_stop(desired, service, ids, observed.observation), observed)

    return carry_out_approved(desired, home, options, propose, Run(is_whole=False))


def list_machines(
    service: str, *, stack: str | None = None, home: Home | None = None, options: Options = DEFAULTS
) -> tuple[Machine, ...]:
    """The machines that were started manually and have not ended, by the time of their launch. UsageError,
    SpecError, ServiceError."""
    home = home or Home.find()
    desired = _stack_on(service, stack, home)
    with open_session(desired, home, options) as session:
        state = session.observe().observation.services[service]
    return tuple(one for one in manual_machines(state, desired.stack) if not one.state.is_gone)


def _stack_on(service: str, stack: str | None, home: Home) -> Desired:
    """A stack that desires nothing. Where a queue launches the service's machines, it is looked at, too."""
    desired = empty_stack(service, stack=stack, home=home)
    found = desired.services[service]
    launch = (found.test.launch if found.test else None) or found.launch
    if found.condor is None and launch.has_queue:
        found = replace(found, condor=CondorAccess())
    return replace(desired, services={service: found})
