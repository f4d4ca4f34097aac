"""The engine `ec2`: machines are launched and ended through EC2 itself."""

from __future__ import annotations

from collections.abc import Sequence

from extenci.cloud.aws.error_codes import SPENT
from extenci.cloud.aws.requests.parameters import LaunchRequest
from extenci.launch.context import LaunchContext
from extenci.launch.engine import Engine
from extenci.launch.order import LaunchOrder, request_of, unused_token
from extenci.launch.readiness import wait_until_gone, wait_until_running
from extenci.model.abilities import Ability
from extenci.model.errors import Interrupted, ServiceError
from extenci.model.observed import MachineHandle, ServiceState
from extenci.model.record import Intent
from extenci.stage.tags import ensure_tags

LARGEST_LAUNCH = 100
"""Machines in one RunInstances. When the capacity is short, less is lost with a smaller call."""


class Ec2Engine(Engine):
    """Launches by RunInstances, ends by TerminateInstances."""

    calls = frozenset(("RunInstances",))

    def launch(self, order: LaunchOrder, context: LaunchContext) -> tuple[str, ...]:
        """See `Engine.launch`."""
        ids: list[str] = []
        while len(ids) < order.count:
            if context.stop.is_set():
                raise Interrupted(f"{len(ids)} of {order.count} machines were launched before the stop.")
            ids += _run_instances(order, min(order.count - len(ids), LARGEST_LAUNCH), context)
        launched = tuple(ids)
        timeout, total = order.group.launch_timeout, order.total or None
        wait_until_running(launched, timeout, context, before=order.before, total=total)
        return launched

    def holds(self, handle: MachineHandle) -> bool:
        """See `Engine.holds`."""
        return handle.job is None

    def end(self, handles: Sequence[MachineHandle], context: LaunchContext) -> tuple[str, ...]:
        """See `Engine.end`."""
        ids = tuple(one.machine for one in handles if one.machine is not None)
        wait_until_gone(terminate(ids, context), context)
        return ids

    def find(self, ids: Sequence[str], context: LaunchContext) -> tuple[MachineHandle, ...]:  # noqa: ARG002
        """See `Engine.find`."""
        return tuple(map(MachineHandle, ids))

    def recover(self, intent: Intent, state: ServiceState) -> dict[str, object] | None:
        """See `Engine.recover`."""
        machines = [machine.id for machine in state.machines if machine.token == intent.token]
        return {"machines": machines} if machines else None


def terminate(ids: Sequence[str], context: LaunchContext) -> tuple[str, ...]:
    """Terminate machines; the ids of those that existed. The service refuses a call for all of its machines
    where it does not know one, so those that it does not list, or not yet, have calls of their own."""
    listed = {machine.id for machine in context.clients.ec2.machines_by_id(ids)} if ids else set()
    there = tuple(id_ for id_ in ids if id_ in listed)
    ended = context.changes.ec2.terminate(there) if there else ()
    hidden = (context.changes.ec2.terminate([id_]) for id_ in ids if id_ not in listed)
    return (*ended, *(id_ for found in hidden for id_ in found))


def _run_instances(order: LaunchOrder, count: int, context: LaunchContext) -> tuple[str, ...]:
    """One RunInstances. A service short of capacity may give fewer machines than asked, at least one. One
    whose machines were terminated before the service could tell of them is made again, with a new token."""
    tags = context.tags(order.tags)
    request = _next_request(order, count, context)
    try:
        ids = context.changes.ec2.run_instances(request, tags)
    except ServiceError as error:
        if error.code != SPENT:
            raise
        request = _next_request(order, count, context)
        ids = context.changes.ec2.run_instances(request, tags)
    if not ids:
        raise ServiceError(f"{context.address.service} launched no machine and gave no reason.")
    context.remember(ids, tags)
    ensure_tags(Ability.TAG_INSTANCE, ids, tags, context, at_creation=request.tags)
    return ids


def _next_request(order: LaunchOrder, count: int, context: LaunchContext) -> LaunchRequest:
    """A request whose token no call was journalled with and no machine launched."""
    ec2 = context.clients.ec2
    token = unused_token(order, context, lambda token: bool(ec2.machines_by_token([token])))
    return request_of(order, count, token, context)
