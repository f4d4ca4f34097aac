"""Launching and ending machines through EC2 itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from extenci.apply.context import ChangeContext
from extenci.apply.records import remember
from extenci.cloud.aws.parameters import LaunchRequest
from extenci.launch.order import Order, request_of, unused_token
from extenci.launch.readiness import wait_until_running
from extenci.model.errors import Interrupted, ServiceError
from extenci.model.journal import written_down
from extenci.model.record import ResourceKind
from extenci.stage.tags import tag_after_birth

LARGEST_LAUNCH = 100
"""Machines in one RunInstances: AWS advises to ask for no more than needed at once, and a smaller call is
less to lose when the capacity is short."""


def launch_instances(order: Order, context: ChangeContext) -> tuple[str, ...]:
    """Launch the machines of an order and wait until they run; their ids."""
    ids: list[str] = []
    while len(ids) < order.count:
        if context.staging.stop.is_set():
            raise Interrupted(f"{len(ids)} of {order.count} machines were launched before the stop.")
        ids += _run_instances(order, min(order.count - len(ids), LARGEST_LAUNCH), context)
    launched = tuple(ids)
    wait_until_running(
        launched, order.group.launch_timeout, context, before=order.before, total=order.total or None
    )
    return launched


def end_instances(ids: Sequence[str], context: ChangeContext) -> tuple[str, ...]:
    """End machines; those of them that there were."""
    with written_down(context.staging.calls, "TerminateInstances", request={"machines": list(ids)}) as settle:
        # A machine that is gone from the service's memory is refused there, and with it the whole call.
        there = [machine.id for machine in context.staging.clients.ec2.machines_by_id(ids)]
        if there:
            context.staging.clients.ec2.terminate(there)
        settle({"machines": there})
    return tuple(there)


def _run_instances(order: Order, count: int, context: ChangeContext) -> tuple[str, ...]:
    """One RunInstances. A service short of capacity may give fewer machines than asked, at least one."""
    ec2, tags = context.staging.clients.ec2, context.tags(order.tags)
    token = unused_token(context, lambda token: bool(ec2.machines_by_token([token])))
    ids = _ask_for_machines(request_of(order, count, token, context), tags, context)
    if not ids:
        raise ServiceError(f"{context.change.address.service} launched no machine and gave no reason.")
    remember(context, ResourceKind.MACHINE, ids, tags)
    for id_ in ids:
        tag_after_birth(id_, tags, context.staging)
    return ids


def _ask_for_machines(
    request: LaunchRequest, tags: Mapping[str, str], context: ChangeContext
) -> tuple[str, ...]:
    shown = {"image": request.image, "count": request.count, "type": request.settings.type}
    calls = context.staging.calls
    with written_down(calls, "RunInstances", token=request.token, request=shown, tags=tags) as settle:
        ids = context.staging.clients.ec2.run_instances(request)
        settle({"machines": list(ids)})
    return ids
