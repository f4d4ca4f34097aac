"""The words for changes that all formats of a plan share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from extenci.model.action import Action, Effect
from extenci.model.plan import Change, Plan
from extenci.model.text import counted, listed
from extenci.model.version import BLOCK_BYTES, shown_source
from extenci.model.work import (
    AdoptWork,
    ForgetWork,
    ImageToLaunch,
    ImportWork,
    LaunchWork,
    RegisterWork,
    RemoveWork,
    ReplaceWork,
    StageWork,
    TerminateWork,
    UnstageWork,
    UpdateWork,
)
from extenci.report.text.field_values import value_text
from extenci.report.text.quantities import portion, size
from extenci.report.text.safe import safe


def summary_order(action: Action) -> tuple[bool, int]:
    """The sort key of actions in a summary: what affects resources first, then bookkeeping."""
    return action.effect is Effect.NOTE, action.rank


SUMMARY_ORDER = tuple(sorted(Action, key=summary_order))

UNREAD = "Left out, so nothing is planned there"
REFUSED = "Over a limit: refused without --force"
BLOCKED = "Blocked: needed, but not possible now"
AWAITED = "Being launched already, so that apply waits for them"
DRIFT = "Drift: changed outside the specs"


def headline(change: Change) -> str:  # noqa: C901, PLR0911, PLR0912 - one return a case
    """A change in a few words, without its address and reason: `launch 3 machines`."""
    machines = counted(change.count, change.kind.noun)
    match change.work:
        case StageWork(version=version):
            return f"stage version {version}"
        case RegisterWork(version=version):
            return f"register version {version}"
        case ReplaceWork(batch=batch):
            return f"replace {machines}" + (f", {batch} at a time" if batch < change.count else "")
        case UnstageWork(image=None, snapshots=snapshots):
            return f"delete the leftover {named('snapshot', snapshots)}"
        case UnstageWork(image=image, snapshots=snapshots):
            return f"unstage {safe(image)}" + (f" and {named('snapshot', snapshots)}" if snapshots else "")
        case UpdateWork():
            return f"update the tags of {machines}"
        case AdoptWork():
            return f"adopt {machines}"
        case ImportWork():
            return f"import {machines}"
        case ForgetWork(resources=resources):
            return f"forget {safe(listed(resources))}"
        case RemoveWork(key_pairs=names) if names:
            return f"delete the leftover {named('key pair', names)}"
        case RemoveWork(bucket=bucket) if bucket:
            return f"delete {counted(change.count, 'leftover upload')} in the bucket {safe(bucket)}"
        case RemoveWork():
            return f"delete {counted(change.count, 'local file')}"
        case _:
            return f"{change.action} {machines}"


def named(noun: str, names: tuple[str, ...]) -> str:
    """`snapshot snap-1`, `snapshots snap-1 and snap-2`."""
    return f"{noun if len(names) == 1 else noun + 's'} {safe(listed(names))}"


def details(plan: Plan, change: Change) -> list[str]:  # noqa: PLR0911 - one return a case
    """Further facts about a change, besides its fields, one line each."""
    match change.work:
        case StageWork() as work:
            return stage_details(work)
        case RegisterWork(snapshot=snapshot, staged_by=staged_by):
            return [f"from snapshot {safe(snapshot)}" if snapshot else after(plan, staged_by)]
        case LaunchWork(image=image):
            return launch_details(plan, image)
        case ReplaceWork() as work:
            meanwhile = new_before_old(len(work.machines)) if work.surge else missing(work.batch)
            return [f"{safe(listed(work.machines))}: {meanwhile}", *launch_details(plan, work.image)]
        case TerminateWork(machines=machines):
            return [safe(listed(machines))]
        case UnstageWork(image=str(), snapshots=()):
            return ["its snapshot, if any, stays"]
        case RemoveWork(files=files, objects=objects, uploads=uploads):
            return [safe(one) for one in (*files, *objects, *(upload.key for upload in uploads))]
        case UpdateWork() | AdoptWork() | ImportWork() as work:
            return [safe(listed(work.resources)), *([] if change.fields else tag_details(work))]
        case _:
            return []


def stage_details(work: StageWork) -> list[str]:
    """How much is uploaded, from where, and what need not be sent again."""
    lines = [
        f"{work.version.registration.gib} GiB volume, {upload_phrase(work)}",
        f"from {safe(shown_source(work.source))}",
    ]
    if work.snapshot:
        lines.append(f"continues the upload to {safe(work.snapshot)}")
    elif work.parent:
        parent = safe(work.parent.snapshot)
        known = f"the rest is that of {parent}"
        unknown = f"only blocks that differ from {parent}, if those are known here"
        lines.append(unknown if work.to_send is None else known)
    return lines


def upload_phrase(work: StageWork) -> str:
    """`200 MiB of data to upload`; `0.5 of 64 MiB of data to upload` where less has to be sent."""
    data = data_bytes(work)
    if work.to_send is None:
        return f"{size(data)} of data to upload"
    sent = work.to_send * BLOCK_BYTES
    amount = portion(sent, data) if sent <= data else size(sent)
    return f"{amount} of data {'left ' if work.snapshot else ''}to upload"


def data_bytes(work: StageWork) -> int:
    """The bytes of a disk's blocks that are not all zeros."""
    return min(work.blocks * BLOCK_BYTES, work.size)


def launch_details(plan: Plan, image: ImageToLaunch) -> list[str]:
    """The image of a launch, or the change that has to make it first."""
    return [f"from {safe(image.id)}"] if image.id else [after(plan, image.staged_by)]


def after(plan: Plan, id_: str | None) -> str:
    """The change that has to make the image first."""
    first = plan.change(id_ or "")
    if first is None:
        return f"from the result of `{safe(id_)}`"
    done = "registered" if first.action is Action.REGISTER else "staged"
    return f"from {first.address}, once it is {done}"


def new_before_old(number: int) -> str:
    """How machines are replaced where spare ones are allowed."""
    if number == 1:
        return "the new one runs before the old one goes"
    return "the new ones run before the old ones go"


def missing(number: int) -> str:
    """How machines are replaced where spare ones are not allowed."""
    return f"up to {counted(number, 'machine')} missing at a time"


def tag_details(work: UpdateWork | AdoptWork | ImportWork) -> list[str]:
    """Tags that are set and removed, without extenci's own marks."""
    unset = () if isinstance(work, AdoptWork) else work.unset
    return [
        *(f"{safe(key)}: {value_text(value)}" for key, value in sorted(work.set.items()) if shown(key)),
        *(f"{safe(key)}: removed" for key in sorted(unset) if shown(key)),
    ]


def shown(key: str) -> bool:
    """Whether a tag is the user's own."""
    return not key.startswith("extenci:")


def summary_phrase(plan: Plan) -> str:
    """`1 image to stage, 3 machines to launch, 1 blocked`; "" for an empty plan."""
    parts = [action_phrase(plan.changes, action) for action in SUMMARY_ORDER]
    blocked = [f"{len(plan.blocked)} blocked"] if plan.blocked else []
    return ", ".join(part for part in (*parts, *blocked) if part)


def counts_phrase(changes: Sequence[Change]) -> str:
    """`1 image to stage, 3 machines to launch`."""
    return ", ".join(filter(None, (action_phrase(changes, action) for action in SUMMARY_ORDER)))


def action_phrase(changes: Iterable[Change], action: Action) -> str:
    """`3 machines to launch`; "" if no change has the action."""
    same = [change for change in changes if change.action is action]
    if not same:
        return ""
    return f"{counted(sum(change.count for change in same), noun_of(same))} to {action}"


def noun_of(changes: Sequence[Change]) -> str:
    """The noun for the things that some changes are about."""
    kinds = {change.kind for change in changes}
    return kinds.pop().noun if len(kinds) == 1 else "resource"


def awaited_sentences(plan: Plan) -> list[str]:
    """`sandbox/pool: 2 of 3 machines being launched already` for each group that apply waits for."""
    return [f"{change.address}: {change.reason}" for change in plan.awaited]


def nothing_to_do(plan: Plan) -> str:
    """The sentence for a plan without changes."""
    if plan.awaited:
        number = sum(change.count for change in plan.awaited)
        verb = "runs" if number == 1 else "run"
        return f"Nothing to change: it is done once {counted(number, 'machine')} {verb}."
    services = services_text(plan)
    if plan.drift_only:
        return drift_phrase(plan, services)
    if plan.destroy:
        found = "nothing that is selected" if plan.partial else "nothing"
        return f"Nothing to do: stack {safe(plan.stack)} owns {found} on {services}."
    if plan.partial:
        return f"Nothing to do: what is selected on {services} matches the specs."
    verb = "matches" if len(plan.services) == 1 else "match"
    return f"Nothing to do: {services} {verb} the specs."


def drift_phrase(plan: Plan, services: str) -> str:
    """The sentence for a plan that is about drift alone."""
    if not plan.drift:
        return f"No drift: nothing on {services} was changed outside the specs."
    places = listed(sorted({each.address for each in plan.drift}))
    return f"Drift: {counted(len(plan.drift), 'difference')} at {safe(places)}, changed outside the specs."


def services_text(plan: Plan) -> str:
    """The services of a plan, in a sentence."""
    return safe(listed(plan.services, most=8))
