"""The steps that launch machines, replace them and end them, whoever does it: EC2 or HTCondor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from extenci.apply.context import ChangeContext
from extenci.apply.executor import Made
from extenci.apply.records import forget
from extenci.launch.condor import end_jobs, launch_jobs
from extenci.launch.ec2 import end_instances, launch_instances
from extenci.launch.key_pairs import drop_key_pair
from extenci.launch.order import Order
from extenci.launch.readiness import wait_until_gone
from extenci.model.address import Launch
from extenci.model.errors import Interrupted, PlanError
from extenci.model.journal import written_down
from extenci.model.observed import JOB_PREFIX, job_handle
from extenci.model.outcome import Outcome, Status
from extenci.model.work import ImageToLaunch, LaunchWork, RemoveWork, ReplaceWork, TerminateWork


def do_launch(work: LaunchWork, context: ChangeContext, made: Made) -> Outcome:
    """Launch machines and wait until they run."""
    ids = _launch(Order(work.group, _image_id(work.image, made), work.count, work.tags), context)
    return Outcome(context.change.id, Status.DONE, made={"machines": ids})


def do_replace(work: ReplaceWork, context: ChangeContext, made: Made) -> Outcome:
    """Replace machines a batch at a time, so that never more are missing than may be."""
    handles, held = _to_replace(work, context, made)
    image, launched, total = _image_id(work.image, made), 0, len(handles)
    for batch in _batches(handles, work.batch):
        if context.staging.stop.is_set():
            raise Interrupted(f"{launched} of {total} machines were replaced before the stop.")
        if not work.surge:
            end_machines(batch, held, context)
        _launch(Order(work.group, image, len(batch), work.tags, launched, total), context)
        if work.surge:
            end_machines(batch, held, context)
        launched += len(batch)
    return Outcome(context.change.id, Status.DONE)


def _to_replace(
    work: ReplaceWork, context: ChangeContext, made: Made
) -> tuple[tuple[str, ...], dict[str, str]]:
    """The handles of all that is replaced, and the machines that jobs among them hold: those of the plan, and
    what was launched in this run of an older version."""
    outcome = made.get(work.launched_by or "")
    launched = outcome.made.get("machines", ()) if outcome else ()
    ids = tuple(str(one) for one in launched) if isinstance(launched, tuple | list) else ()
    if not ids or work.group.launch is Launch.EC2:
        return (*work.machines, *ids), dict(work.held)
    jobs = context.staging.clients.condor.jobs(context.run_context.stack)
    found = {job_handle(job.id): job.machine for job in jobs if job.machine in ids}
    return (*work.machines, *found), {**work.held, **{key: str(one) for key, one in found.items()}}


def do_terminate(work: TerminateWork, context: ChangeContext) -> Outcome:
    """End machines and wait until they are gone; what was made for them alone goes, too."""
    end_machines(work.machines, work.held, context)
    for name in work.key_pairs:
        drop_key_pair(name, context)
    return Outcome(context.change.id, Status.DONE)


def do_remove(work: RemoveWork, context: ChangeContext) -> Outcome:
    """Delete key pairs that test VMs left behind, and files and uploads that nothing needs."""
    for name in work.key_pairs:
        drop_key_pair(name, context)
        context.run_context.catalog.journal.forget_key_pair(name)
    for file in work.files:
        Path(file).unlink(missing_ok=True)
    if work.objects or work.uploads:
        _empty_bucket(work, context)
    return Outcome(context.change.id, Status.DONE)


def _empty_bucket(work: RemoveWork, context: ChangeContext) -> None:
    s3 = context.staging.clients.s3
    request = {"bucket": work.bucket, "keys": [*work.objects, *(upload.key for upload in work.uploads)]}
    with written_down(context.staging.calls, "DeleteObject", request=request) as settle:
        for upload in work.uploads:
            s3.abort_multipart(work.bucket, upload.key, upload.id)
        s3.delete_objects(work.bucket, work.objects)
        settle(request)


def _launch(order: Order, context: ChangeContext) -> tuple[str, ...]:
    match order.group.launch:
        case Launch.EC2:
            return launch_instances(order, context)
        case Launch.CONDOR:
            return launch_jobs(order, context)


def end_machines(handles: tuple[str, ...], held: Mapping[str, str], context: ChangeContext) -> None:
    """End machines by their handles, through their jobs where they have some; wait until they are gone."""
    jobs = tuple(handle.removeprefix(JOB_PREFIX) for handle in handles if handle.startswith(JOB_PREFIX))
    ids = tuple(handle for handle in handles if not handle.startswith(JOB_PREFIX))
    of_jobs = tuple(held[handle] for handle in handles if handle in held)
    if ids:
        wait_until_gone(end_instances(ids, context), context)
    if jobs:
        of_jobs = end_jobs(jobs, of_jobs, context)
    forget(context, (*ids, *of_jobs))


def _image_id(image: ImageToLaunch, made: Made) -> str:
    outcome = made.get(image.staged_by or "")
    found = image.id or (outcome.made.get("image") if outcome else None)
    if not isinstance(found, str):
        raise PlanError(f"The change {image.staged_by} made no image to launch from.")
    return found


def _batches(ids: tuple[str, ...], size: int) -> list[tuple[str, ...]]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]
