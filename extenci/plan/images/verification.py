"""Verification: which versions to try in a test VM, and what follows from their verdicts.

A verdict belongs to a version and a hash of the verify block and the files that it names. It is kept as a tag
of the image (`VERDICT:HASH`), and in the records, where it outlives the image.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.desired import DesiredImage
from extenci.model.observed import Image, Machine
from extenci.model.ownership import Marks, Role
from extenci.model.plan import Blocked, Change, FieldChange
from extenci.model.service import Tagging
from extenci.model.verdict import Verdict, VerdictMark
from extenci.model.verification import Verify
from extenci.model.work import ImageToLaunch, VerifyWork
from extenci.plan.differences import differences
from extenci.plan.fields import verify_fields
from extenci.plan.images.source import Staged, ToBeStaged, Unavailable, staged_as
from extenci.plan.inputs import PlanInputs
from extenci.plan.service_index import ServiceIndex, has_role, newest_first


@dataclass(frozen=True)
class VerdictStatus:
    """The verdict of a version, None where there is none, the summary that was recorded with it, and the test
    VM that waits for a person."""

    verdict: Verdict | None
    summary: str = ""
    machine: Machine | None = None


@dataclass(frozen=True)
class HeldBack:
    """A version that must not be used. Its groups use `instead`; `kept_back` are the ids of images that stay
    although nothing uses them."""

    instead: Staged | Unavailable
    blocked: Blocked
    kept_back: frozenset[str]


def verify_hash_of(inputs: PlanInputs, spec: DesiredImage) -> str:
    """The hash of an image's verify block and its files, "" where it has none."""
    return inputs.verify_hashes.get(spec.address, "")


def find_verdict_status(
    inputs: PlanInputs, index: ServiceIndex, spec: DesiredImage, label: str, image: Image | None
) -> VerdictStatus:
    """The verdict of a version of an image under its present verify block."""
    if spec.address in inputs.again:
        return VerdictStatus(None)
    verify_hash = verify_hash_of(inputs, spec)
    known = [
        one
        for one in inputs.records.verdicts
        if (one.address, one.version, one.verify_hash) == (spec.address, label, verify_hash)
    ]
    recorded = known[-1] if known else None
    tagged = read_verdict(image.marks.verdict if image and image.marks else None, verify_hash)
    verdict = tagged or (recorded.verdict if recorded else None)
    summary = recorded.summary if recorded and recorded.verdict is verdict else ""
    if verdict is not Verdict.WAITING:
        return VerdictStatus(verdict, summary)
    if image is None:
        return VerdictStatus(None)  # what waited was removed
    machine = next(iter(waiting_machines(inputs, index, spec.address, label)), None)
    return VerdictStatus(Verdict.WAITING if machine else Verdict.EXPIRED, summary, machine)


def read_verdict(tag: str | None, verify_hash: str) -> Verdict | None:
    """The verdict in a tag, None where it is about another verify block."""
    mark = VerdictMark.parse(tag)
    return mark.verdict if mark and mark.verify_hash == verify_hash else None


def waiting_machines(inputs: PlanInputs, index: ServiceIndex, address: Address, label: str) -> list[Machine]:
    """The test VMs of a version that wait for a person and have not expired."""
    return [
        machine
        for machine in index.tests.get(address, ())
        if machine.marks
        and machine.marks.version == label
        and word_of(machine.marks) is Verdict.WAITING
        and not is_expired(machine.marks, inputs.now)
    ]


def tried_images(inputs: PlanInputs, index: ServiceIndex, address: Address) -> tuple[Image, ...]:
    """The images of an address that a person may be asked about, newest first: the planned ones, and those
    that `test-vm` has staged."""
    scope = (inputs.desired.stack, index.service.name)
    manual = (
        image
        for image in index.images.values()
        if has_role(image.marks, Role.MANUAL, *scope) and image.marks.address == address
        if verdict_of(inputs, index, image) is not None
    )
    return newest_first((*index.owned_images.get(address, ()), *manual))


def word_of(marks: Marks | None) -> Verdict | None:
    """The verdict in marks, under whatever verify block."""
    mark = VerdictMark.parse(marks.verdict if marks else None)
    return mark.verdict if mark else None


def verdict_of(inputs: PlanInputs, index: ServiceIndex, image: Image) -> Verdict | None:
    """The verdict of an image under whatever verify block, from its tag, or from the records where the
    service has no tags."""
    marks = image.marks
    if marks is None or index.service.tags is not Tagging.NONE:
        return word_of(marks)
    known = [
        one.verdict
        for one in inputs.records.verdicts
        if (one.address, one.version) == (marks.address, marks.version)
    ]
    return known[-1] if known else None


def is_expired(marks: Marks, now: float) -> bool:
    """Whether a test VM has expired. One whose tag has no readable time has not."""
    try:
        return datetime.fromisoformat(marks.expires or "").timestamp() <= now
    except ValueError:
        return False


def hold_back(
    inputs: PlanInputs,
    index: ServiceIndex,
    spec: DesiredImage,
    label: str,
    image: Image | None,
    verdict_status: VerdictStatus,
) -> HeldBack:
    """Hold back a version that has a verdict other than passed."""
    reason = explain_verdict(spec, label, verdict_status)
    good = last_good(inputs, index, spec, label)
    keeps = spec.verify is not None and spec.verify.keep_on_failure
    waits = verdict_status.verdict is Verdict.WAITING
    stays = verdict_status.verdict is not Verdict.FAILED or keeps
    return HeldBack(
        instead=staged_as(good) if good else Unavailable(reason, label, waits),
        blocked=Blocked(spec.address, Kind.IMAGE, Action.VERIFY, reason, waits),
        kept_back=frozenset({image.id} if image and stays else ()),
    )


def explain_verdict(spec: DesiredImage, label: str, verdict_status: VerdictStatus) -> str:
    """Why a version must not be used, and what to do about it."""
    again = f"extenci verify {spec.address}"
    match verdict_status.verdict:
        case Verdict.WAITING:
            machine, marks = (
                verdict_status.machine,
                verdict_status.machine.marks if verdict_status.machine else None,
            )
            where = f" at {machine.host or machine.private_host}" if machine else ""
            until = f" until {marks.expires}" if marks and marks.expires else ""
            name = machine.id if machine else ""
            return (
                f"Version {label} waits for a person{until}: its test VM {name}{where} is running. Run "
                f"`extenci confirm {spec.address} --yes` or `--no`."
            )
        case Verdict.EXPIRED:
            return f"Nobody said in time whether version {label} works. To try it again, run `{again}`."
        case _:
            said = f": {verdict_status.summary}" if verdict_status.summary else "."
            return (
                f"Version {label} failed its verification{said} Change the disk or its verify block, or run "
                f"`{again}` to try it again."
            )


def last_good(inputs: PlanInputs, index: ServiceIndex, spec: DesiredImage, label: str) -> Image | None:
    """The newest other version of an image that passed, under whatever verify block."""
    good = (
        image
        for image in newest_first(index.owned_images.get(spec.address, ()))
        if image.marks and image.marks.version != label and verdict_of(inputs, index, image) is Verdict.PASSED
    )
    return next(good, None)


def verify_version(
    inputs: PlanInputs, spec: DesiredImage, source: Staged | ToBeStaged, left: tuple[str, ...]
) -> Change:
    """The change that verifies a version, after the changes `left`, which terminate obsolete test VMs."""
    assert spec.verify is not None  # noqa: S101 - for the type checker
    image = source.image if isinstance(source, Staged) else None
    marks = Marks(
        stack=inputs.desired.stack,
        root_id=inputs.desired.root_id,
        service=spec.address.service,
        name=spec.address.name,
        role=Role.TEST,
        digest=source.digest,
        version=source.label,
    )
    to_launch = ImageToLaunch(image.id) if image else ImageToLaunch(None, staged_by=changes_of(source))
    work = VerifyWork(
        version=source.label,
        digest=source.digest,
        image=to_launch,
        verify=spec.verify,
        verify_hash=verify_hash_of(inputs, spec),
        tags=marks.to_tags(),
        removable=not (spec.protect or spec.verify.keep_on_failure or spec.verify.aside),
    )
    before = (changes_of(source),) if isinstance(source, ToBeStaged) else ()
    return Change(
        id=f"{Action.VERIFY} {spec.address}",
        address=spec.address,
        kind=Kind.IMAGE,
        action=Action.VERIFY,
        count=1,
        reason=verification_reason(inputs, spec, source.label, image),
        work=work,
        fields=changed_block(inputs, spec.address, spec.verify),
        depends_on=(*before, *left),
    )


def changes_of(source: Staged | ToBeStaged) -> str:
    """The id of the change that registers a version, "" where it is registered."""
    return source.change if isinstance(source, ToBeStaged) else ""


def changed_block(inputs: PlanInputs, address: Address, verify: Verify) -> tuple[FieldChange, ...]:
    """The fields of a verify block that changed since it was last fully applied, if that is known."""
    applied = inputs.applied(address) or {}
    if "verify" not in applied:
        return ()
    return differences(applied, {"verify": verify_fields(verify)}, ("verify",))


def verification_reason(inputs: PlanInputs, spec: DesiredImage, label: str, image: Image | None) -> str:
    """Why a version is verified."""
    if spec.address in inputs.again:
        return "asked for"
    tagged = bool(image and image.marks and image.marks.verdict)
    recorded = any((one.address, one.version) == (spec.address, label) for one in inputs.records.verdicts)
    return "verify block changed" if tagged or recorded else "not verified yet"
