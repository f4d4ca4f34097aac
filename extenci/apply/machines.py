"""The steps that launch machines, replace them and end them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from extenci.apply.executor import Made
from extenci.apply.memory import forget, remember
from extenci.apply.readiness import wait_until_gone, wait_until_running
from extenci.apply.workshop import Bench
from extenci.cloud.requests import LaunchRequest
from extenci.model.errors import Interrupted, PlanError, ServiceError
from extenci.model.journal import written_down
from extenci.model.outcomes import Outcome, Status
from extenci.model.plans import ImageToLaunch, LaunchWork, ReplaceWork, TerminateWork
from extenci.model.records import ResourceKind
from extenci.model.wishes import InstancesWish
from extenci.stage.tagging import tag_after_birth

LARGEST_LAUNCH = 100
"""Machines in one RunInstances: AWS advises to ask for no more than needed at once, and a smaller call is
less to lose when the capacity is short."""


def do_launch(work: LaunchWork, bench: Bench, made: Made) -> Outcome:
    """Launch machines and wait until they run."""
    ids = _launch(work.group, _image_id(work.image, made), work.count, work.tags, bench)
    wait_until_running(ids, work.group.launch_timeout, bench)
    return Outcome(bench.change.id, Status.DONE, made={"machines": ids})


def do_replace(work: ReplaceWork, bench: Bench, made: Made) -> Outcome:
    """Replace machines a batch at a time, so that never more are missing than may be."""
    image, launched = _image_id(work.image, made), 0
    for batch in _batches(work.machines, work.batch):
        if bench.means.stop.is_set():
            raise Interrupted(f"{launched} of {len(work.machines)} machines were replaced before the stop.")
        if not work.surge:
            _terminate(batch, bench)
        ids = _launch(work.group, image, len(batch), work.tags, bench)
        wait_until_running(ids, work.group.launch_timeout, bench, before=launched, total=len(work.machines))
        if work.surge:
            _terminate(batch, bench)
        launched += len(batch)
    return Outcome(bench.change.id, Status.DONE)


def do_terminate(work: TerminateWork, bench: Bench) -> Outcome:
    """End machines and wait until they are gone."""
    _terminate(work.machines, bench)
    return Outcome(bench.change.id, Status.DONE)


def _launch(
    group: InstancesWish, image: str, count: int, tags: Mapping[str, str], bench: Bench
) -> tuple[str, ...]:
    launched: list[str] = []
    while len(launched) < count:
        if bench.means.stop.is_set():
            raise Interrupted(f"{len(launched)} of {count} machines were launched before the stop.")
        asked = min(count - len(launched), LARGEST_LAUNCH)
        launched += _run_instances(group, image, asked, bench.tags(tags), bench)
    return tuple(launched)


def _run_instances(
    group: InstancesWish, image: str, count: int, tags: Mapping[str, str], bench: Bench
) -> tuple[str, ...]:
    """One RunInstances. A service short of capacity may give fewer machines than asked, at least one."""
    request = LaunchRequest(
        image=image,
        settings=group.settings,
        count=count,
        token=_unused_token(bench),
        tags=bench.means.tags_at_birth(tags),
    )
    ids = _ask_for_machines(request, tags, bench)
    if not ids:
        raise ServiceError(f"{bench.change.address.service} launched no machine and gave no reason.")
    remember(bench, ResourceKind.MACHINE, ids, tags)
    for id_ in ids:
        tag_after_birth(id_, tags, bench.means)
    return ids


def _ask_for_machines(request: LaunchRequest, tags: Mapping[str, str], bench: Bench) -> tuple[str, ...]:
    shown = {"image": request.image, "count": request.count, "type": request.settings.type}
    calls = bench.means.calls
    with written_down(calls, "RunInstances", token=request.token, request=shown, tags=tags) as settle:
        ids = bench.means.clients.ec2.run_instances(request)
        settle({"machines": list(ids)})
    return ids


def _unused_token(bench: Bench) -> str:
    """A token that no machine was launched with. A run that goes on under the id of a saved plan, whose
    journal was lost meanwhile, would else ask for machines that it had before: the service would answer
    with those, dead or alive."""
    step = bench.calls_so_far()
    if bench.workshop.is_new:
        return bench.token(step)
    while bench.means.clients.ec2.machines_by_token([bench.token(step)]):
        step += 1
    return bench.token(step)


def _terminate(ids: Sequence[str], bench: Bench) -> None:
    with written_down(bench.means.calls, "TerminateInstances", request={"machines": list(ids)}) as settle:
        # A machine that is gone from the service's memory is refused there, and with it the whole call.
        there = [machine.id for machine in bench.means.clients.ec2.machines_by_id(ids)]
        if there:
            bench.means.clients.ec2.terminate(there)
        settle({"machines": there})
    wait_until_gone(tuple(there), bench)
    forget(bench, ids)


def _image_id(image: ImageToLaunch, made: Made) -> str:
    outcome = made.get(image.staged_by or "")
    found = image.id or (outcome.made.get("image") if outcome else None)
    if not isinstance(found, str):
        raise PlanError(f"The change {image.staged_by} made no image to launch from.")
    return found


def _batches(ids: tuple[str, ...], size: int) -> list[tuple[str, ...]]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]
