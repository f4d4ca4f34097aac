"""The plan of `extenci gc`: an end to what interrupted runs left, and to nothing else.

What a run that is at work may still need is never touched: not this home's, as the lock is held, and of
another home's only what is past the time that it gave itself.
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
from extenci.plan.images.obsolete_test_vms import end_obsolete_test_vms
from extenci.plan.images.unstage import remove_leftover
from extenci.plan.images.verification import is_expired
from extenci.plan.inputs import PlanInputs, gather_inputs
from extenci.plan.order import order_changes
from extenci.plan.part import PlanPart, join
from extenci.plan.service_index import ServiceIndex

ABANDONED_SECONDS = 3 * 86_400.0
"""After which a snapshot or an upload of another home's run, which no image uses, is taken for left behind:
as long as EBS keeps one into which no block comes (StartSnapshot, `Timeout`)."""
SKEW_SECONDS = 300.0
"""By how much the clocks of this machine and of a service may differ: signatures take no more."""
UPLOADS = "uploads"
"""The name under which what lies in S3 stands in a plan."""
ZEROS = ".zeros"
"""What is put at the end of a disk's key to name the zeros that were uploaded for it."""
FILES = "local-files"
"""The name under which files of this home stand in a plan: they are no image's."""


def plan_gc(
    desired: Desired, observation: Observation, records: Records, now: float, leftovers: Leftovers
) -> Plan:
    """What of the stack's test VMs, snapshots and key pairs, and of this home's files, nobody needs.

    `now` is seconds since the epoch. No disk is needed: what is half made goes whether or not it is desired
    for.
    """
    inputs = gather_inputs(desired, observation, records, now=now)
    parts = [collect_on_service(inputs, index, leftovers) for index in inputs.indexes.values()]
    whole = join(parts)
    collected = {
        name
        for change in whole.changes
        if isinstance(change.work, RemoveWork)
        for name in change.work.key_pairs
    }
    files = collect_files(inputs, leftovers, collected)
    changes = order_changes((*whole.changes, *files))
    return Plan(desired.stack, tuple(inputs.indexes), changes, blocked=whole.blocked, warnings=whole.warnings)


def collect_on_service(inputs: PlanInputs, index: ServiceIndex, leftovers: Leftovers) -> PlanPart:
    """What goes on one service."""
    tests = end_obsolete_test_vms(inputs, index)
    snapshots = join(
        remove_leftover(inputs, one) for one in index.snapshots.values() if is_left_over(inputs, index, one)
    )
    kept = PlanPart(snapshots.changes, warnings=tuple(one.reason for one in snapshots.blocked))
    key_pairs = collect_key_pairs(inputs, index, leftovers, tests)
    return join((tests, kept, PlanPart((*key_pairs, *collect_uploads(inputs, index, leftovers)))))


def is_left_over(inputs: PlanInputs, index: ServiceIndex, snapshot: Snapshot) -> bool:
    """Whether a snapshot was to become an image, and whoever made it will not go on."""
    marks = snapshot.marks
    if marks is None or not is_mine(inputs, index, marks) or snapshot.id in index.users:
        return False
    is_over = marks.plan in inputs.records.finished_runs or snapshot.state is SnapshotState.ERROR
    return is_over or is_old(snapshot.started, inputs.now)


def is_mine(inputs: PlanInputs, index: ServiceIndex, marks: Marks) -> bool:
    """Whether marks are of the stack, the service and the selection, in whatever role."""
    mine = (marks.stack, marks.service) == (inputs.desired.stack, index.service.name)
    return mine and inputs.covers(marks.address)


def is_old(started: str, now: float) -> bool:
    """Whether something was begun so long ago that nobody is at it any more."""
    try:
        return datetime.fromisoformat(started).timestamp() <= now - ABANDONED_SECONDS
    except ValueError:
        return False


def collect_key_pairs(
    inputs: PlanInputs, index: ServiceIndex, leftovers: Leftovers, tests: PlanPart
) -> Iterator[Change]:
    """Delete the key pairs of test VMs that no machine has, unless a run may be about to launch one."""
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
            yield remove(address, RemoveWork((pair.name,)), "no machine has it", pair.name)


def owner_of(inputs: PlanInputs, index: ServiceIndex, pair: KeyPair, leftovers: Leftovers) -> Address | None:
    """For which image of the stack a key pair was made, by a run that is over; None: nobody's to judge."""
    marks = pair.marks
    if marks is None:
        made = leftovers.made.get(pair.name)
        return made if made and made.service == index.service.name and inputs.covers(made) else None
    is_over = marks.plan in inputs.records.finished_runs or is_expired(marks, inputs.now)
    return marks.address if is_over and is_mine(inputs, index, marks) else None


def collect_uploads(inputs: PlanInputs, index: ServiceIndex, leftovers: Leftovers) -> Iterator[Change]:
    """Delete what was uploaded to be imported, and never was."""
    address, found = Address(index.service.name, UPLOADS), leftovers.uploaded.get(index.service.name)
    if found is None or not inputs.covers(address):
        return
    objects = tuple(
        one.key for one in found.objects if is_left_behind(found, one.key, one.modified, inputs.now)
    )
    uploads = tuple(one for one in found.uploads if is_left_behind(found, one.key, one.started, inputs.now))
    if objects or uploads:
        work = RemoveWork(bucket=found.bucket, objects=objects, uploads=uploads)
        yield remove(address, work, "left behind by an interrupted run", "")


def is_left_behind(found: Uploaded, key: str, at: float, now: float) -> bool:
    """Whether nobody is at what was put under a key at a moment: it is this home's, whose runs are over, or
    old. What another home's run puts there later is its own."""
    if key in found.busy:
        return False
    mine = found.begun.get(key.removesuffix(ZEROS))
    return (mine is not None and at <= mine + SKEW_SECONDS) or at <= now - ABANDONED_SECONDS


def collect_files(inputs: PlanInputs, leftovers: Leftovers, collected: set[str]) -> Iterator[Change]:
    """Delete files whose key pair or job is gone; those of key pairs that go now go with them."""
    there = {pair.name for pairs in leftovers.key_pairs.values() for pair in pairs}
    stray = [path for name, path in sorted(leftovers.key_files.items()) if name not in there | collected]
    files = (*stray, *leftovers.job_files, *leftovers.cache_files, *leftovers.upload_files)
    if files and inputs.indexes:
        address = Address(next(iter(inputs.indexes)), FILES)
        yield remove(address, RemoveWork(files=files), "nothing needs them", "")


def remove(address: Address, work: RemoveWork, reason: str, which: str) -> Change:
    """A change that deletes what is no resource."""
    return Change(
        id=" ".join(filter(None, (Action.REMOVE, str(address), which))),
        address=address,
        kind=Kind.LEFTOVER,
        action=Action.REMOVE,
        count=len(work.key_pairs) + len(work.files) + len(work.objects) + len(work.uploads),
        reason=reason,
        work=work,
    )
