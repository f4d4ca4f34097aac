"""The plan of `extenci gc`: what interrupted runs left behind is removed, and nothing else.

What a run may still need is never touched: no run of this home is under way, since the lock is held, and what
runs of other homes made is only removed once it is old or has expired.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.desired import Desired
from extenci.model.leftovers import Leftovers, Uploaded
from extenci.model.observed import KeyPair, Observation, Snapshot, SnapshotState
from extenci.model.ownership import Marks
from extenci.model.plan import Change, Plan
from extenci.model.record import Records
from extenci.model.work import RemoveWork, TerminateWork
from extenci.plan.commands.end_test_vms import notes_on_test_vms
from extenci.plan.commands.manual import swap_roles
from extenci.plan.images.obsolete_test_vms import end_obsolete_test_vms
from extenci.plan.images.unconfirmed import endings, unconfirmed_images
from extenci.plan.images.unstage import remove_leftover, unstage_images
from extenci.plan.images.verification import is_expired
from extenci.plan.inputs import PlanInputs, gather_inputs
from extenci.plan.order import order_changes
from extenci.plan.part import PlanPart, join
from extenci.plan.service_index import ServiceIndex

LEFT_BEHIND_SECONDS = 3 * 86_400.0
"""The age from which an unused snapshot or upload of another home counts as left behind: EBS keeps a snapshot
that gets no blocks as long (StartSnapshot, `Timeout`)."""
SKEW_SECONDS = 300.0
"""How far the clocks of this machine and of a service may differ. Signatures allow no more."""
UPLOADS = "uploads"
"""The name in an address of what lies in S3."""
FILES = "local-files"
"""The name in an address of files of this home, which belong to no image."""


def plan_gc(
    desired: Desired, observation: Observation, records: Records, now: float, leftovers: Leftovers
) -> Plan:
    """Remove the stack's test VMs, what was staged for them alone, snapshots, key pairs and uploads, and
    this home's files, that nobody needs.

    `now` is in seconds since the epoch. Disks are not needed: what is half made is removed even if its image
    is desired.
    """
    inputs = gather_inputs(desired, observation, records, now=now)
    manual = gather_inputs(desired, swap_roles(observation, desired.stack, records), records, now=now)
    found = [collect_on_service(inputs, index, leftovers) for index in inputs.indexes.values()]
    tried = [
        collect_unconfirmed(inputs, manual, name, part)
        for name, part in zip(inputs.indexes, found, strict=True)
    ]
    whole = join((*found, *tried))
    collected = {
        name
        for change in whole.changes
        if isinstance(change.work, RemoveWork)
        for name in change.work.key_pairs
    }
    files = collect_files(inputs, leftovers, collected)
    changes = order_changes((*whole.changes, *files))
    notes = [note for index in inputs.indexes.values() for note in notes_on_test_vms(inputs, index)]
    return Plan(
        desired.stack,
        tuple(inputs.indexes),
        changes,
        blocked=whole.blocked,
        warnings=(*whole.warnings, *notes),
        unread=observation.unread,
    )


def collect_on_service(inputs: PlanInputs, index: ServiceIndex, leftovers: Leftovers) -> PlanPart:
    """Remove what was left behind on one service."""
    tests = end_obsolete_test_vms(inputs, index)
    snapshots = join(
        remove_leftover(inputs, one)
        for one in index.snapshots.values()
        if is_garbage_snapshot(inputs, index, one)
    )
    kept = PlanPart(snapshots.changes, warnings=tuple(one.reason for one in snapshots.blocked))
    key_pairs = collect_key_pairs(inputs, index, leftovers, tests)
    return join((tests, kept, PlanPart((*key_pairs, *collect_uploads(inputs, index, leftovers)))))


def collect_unconfirmed(inputs: PlanInputs, manual: PlanInputs, service: str, found: PlanPart) -> PlanPart:
    """Unstage what `test-vm` has staged, and nobody confirmed before its run was over. `manual` are the
    inputs with the roles swapped, for which such images are those to look after; `found` is what else is
    collected."""
    removals = [
        one
        for one in unconfirmed_images(inputs, inputs.indexes[service], endings(found.changes))
        if one.image.marks
        if one.image.marks.plan in inputs.records.finished_runs or is_old(one.image.created, inputs.now)
    ]
    return unstage_images(manual, manual.indexes[service], removals, {})


def is_garbage_snapshot(inputs: PlanInputs, index: ServiceIndex, snapshot: Snapshot) -> bool:
    """Whether a snapshot was to become an image, and whoever made it will not go on with it."""
    marks = snapshot.marks
    if marks is None or not is_mine(inputs, index, marks) or snapshot.id in index.users:
        return False
    is_over = marks.plan in inputs.records.finished_runs or snapshot.state is SnapshotState.ERROR
    return is_over or is_old(snapshot.started, inputs.now)


def is_mine(inputs: PlanInputs, index: ServiceIndex, marks: Marks) -> bool:
    """Whether marks are of the stack, the service and the selection, whatever their role."""
    mine = (marks.stack, marks.service) == (inputs.desired.stack, index.service.name)
    return mine and inputs.covers(marks.address)


def is_old(started: str, now: float) -> bool:
    """Whether something was begun so long ago that it counts as left behind; `started` is ISO 8601."""
    try:
        return datetime.fromisoformat(started).timestamp() <= now - LEFT_BEHIND_SECONDS
    except ValueError:
        return False


def collect_key_pairs(
    inputs: PlanInputs, index: ServiceIndex, leftovers: Leftovers, tests: PlanPart
) -> Iterator[Change]:
    """Delete key pairs of test VMs that no machine uses, unless a run may be about to launch one with it."""
    going = {
        name
        for change in tests.changes
        if isinstance(change.work, TerminateWork)
        for name in change.work.key_pairs
    }
    used = {machine.key_name for machine in index.machines.values()}
    for pair in leftovers.key_pairs.get(index.service.name, ()):
        address = owner_of(inputs, index, pair, leftovers)
        if address is not None and pair.name not in used | going:
            yield remove(address, RemoveWork((pair.name,)), "no machine uses it", pair.name)


def owner_of(inputs: PlanInputs, index: ServiceIndex, pair: KeyPair, leftovers: Leftovers) -> Address | None:
    """The image of the stack that a finished run made a key pair for; None: it is not known to be one."""
    marks = pair.marks
    if marks is None:
        made = leftovers.made.get(pair.name)
        return made if made and made.service == index.service.name and inputs.covers(made) else None
    is_over = marks.plan in inputs.records.finished_runs or is_expired(marks, inputs.now)
    return marks.address if is_over and is_mine(inputs, index, marks) else None


def collect_uploads(inputs: PlanInputs, index: ServiceIndex, leftovers: Leftovers) -> Iterator[Change]:
    """Delete what was uploaded to be imported, and never was imported."""
    address, found = Address(index.service.name, UPLOADS), leftovers.uploaded.get(index.service.name)
    if found is None or not inputs.covers(address):
        return
    objects = tuple(
        one.key for one in found.objects if is_garbage_upload(found, one.key, one.modified, inputs.now)
    )
    uploads = tuple(
        one for one in found.uploads if is_garbage_upload(found, one.key, one.started, inputs.now)
    )
    if objects or uploads:
        work = RemoveWork(bucket=found.bucket, objects=objects, uploads=uploads)
        yield remove(address, work, "no import needs it", "")


def is_garbage_upload(found: Uploaded, key: str, at: float, now: float) -> bool:
    """Whether an upload under a key, last touched `at` a time, was left behind: it is this home's, whose runs
    are over, or it is old. What a run of another home puts there later is its own."""
    if key in found.busy:
        return False
    mine = found.begun.get(key)
    return (mine is not None and at <= mine + SKEW_SECONDS) or at <= now - LEFT_BEHIND_SECONDS


def collect_files(inputs: PlanInputs, leftovers: Leftovers, collected: set[str]) -> Iterator[Change]:
    """Delete files whose key pair or job is gone. Files of key pairs that this plan deletes go with them."""
    there = {pair.name for pairs in leftovers.key_pairs.values() for pair in pairs}
    garbage = [path for name, path in sorted(leftovers.key_files.items()) if name not in there | collected]
    files = (*garbage, *leftovers.job_files, *leftovers.cache_files, *leftovers.upload_files)
    if files and inputs.indexes:
        address = Address(next(iter(inputs.indexes)), FILES)
        yield remove(address, RemoveWork(files=files), "nothing needs them", "")


def remove(address: Address, work: RemoveWork, reason: str, which: str) -> Change:
    """A change that deletes leftovers."""
    return Change(
        id=" ".join(filter(None, (Action.REMOVE, str(address), which))),
        address=address,
        kind=Kind.LEFTOVER,
        action=Action.REMOVE,
        count=len(work.key_pairs) + len(work.files) + len(work.objects) + len(work.uploads),
        reason=reason,
        work=work,
    )
