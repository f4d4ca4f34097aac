"""The plan of `extenci confirm`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.desired import Desired
from extenci.model.errors import AnswerTooLate, PlanError
from extenci.model.observed import Image, Machine, Observation
from extenci.model.ownership import Role
from extenci.model.plan import Change, Plan
from extenci.model.record import Records
from extenci.model.verdict import Verdict, VerdictMark
from extenci.model.work import ConfirmWork
from extenci.plan.images.obsolete_test_vms import asked_about
from extenci.plan.images.unstage import remove_leftover
from extenci.plan.images.verification import (
    is_expired,
    tried_images,
    verdict_of,
    waiting_machines,
    word_of,
)
from extenci.plan.inputs import PlanInputs, gather_inputs
from extenci.plan.part import PlanPart, join, key_pairs_of
from extenci.plan.service_index import ServiceIndex


def plan_confirm(
    desired: Desired,
    observation: Observation,
    records: Records,
    now: float,
    address: Address,
    works: bool,
    asked: Asked | None = None,
) -> Plan:
    """The plan that records a person's answer about a version that waits: the newest one, or the one that the
    person was `asked` about. Where that answer was given before, it is the rest of what follows from it.
    PlanError where no version of the image waits, or no longer, or the other answer was given."""
    inputs = gather_inputs(desired, observation, records, now=now)
    index = inputs.indexes.get(address.service)
    part = plan_answer(inputs, index, address, works, asked) if index is not None else None
    if part is None:
        raise explain_refusal(inputs, index, address, asked)
    return Plan(desired.stack, (address.service,), part.changes, blocked=part.blocked, warnings=part.warnings)


@dataclass(frozen=True)
class Asked:
    """The test VM and the version that a person was asked about; with `keep_until` the answer is that it
    does not work, and that the test VM runs on until then, in seconds since the epoch."""

    machine: str
    version: str
    verify_hash: str
    keep_until: float | None = None


def plan_answer(
    inputs: PlanInputs, index: ServiceIndex, address: Address, works: bool, asked: Asked | None = None
) -> PlanPart | None:
    """What is to be done about an answer; None where nobody waits for one or has had one. An earlier answer
    whose test VM still runs is finished before another version gets one."""
    given = find_given(inputs, index, address, asked)
    if given is None or not given.machines:
        waiting = find_waiting(inputs, index, address, asked)
        if waiting is not None:
            return PlanPart((confirm_version(inputs, address, waiting, works, asked),))
    return finish(inputs, index, address, given, works) if given is not None else None


def explain_refusal(
    inputs: PlanInputs, index: ServiceIndex | None, address: Address, asked: Asked | None
) -> PlanError:
    """The error that says why nobody waits for an answer."""
    hint = f"Run `extenci status` to see verdicts, or `extenci verify {address}` to verify it."
    late = next(
        (
            one
            for one in (index.tests.get(address, ()) if index is not None else ())
            if one.marks and word_of(one.marks) is Verdict.WAITING and is_expired(one.marks, inputs.now)
            if asked is None or one.id == asked.machine
        ),
        None,
    )
    if late is not None and late.marks is not None:
        return AnswerTooLate(
            f"The answer comes too late, so no version of {address} waits for a person any more: the test VM "
            f"{late.id} waited until {late.marks.expires}.",
            hint,
        )
    if asked is not None:
        return PlanError(
            f"Nothing waits for this answer any more: the test VM {asked.machine} of {address}, or its "
            "image, was removed meanwhile.",
            hint,
        )
    return PlanError(f"No version of {address} waits for a person.", hint)


def confirm_version(
    inputs: PlanInputs, address: Address, waiting: Waiting, works: bool, asked: Asked | None = None
) -> Change:
    """The change that records an answer about a version, and does what follows from it."""
    is_manual = waiting.image.marks is not None and waiting.image.marks.role is Role.MANUAL
    work = ConfirmWork(
        image=waiting.image.id,
        version=waiting.version,
        verify_hash=waiting.verify_hash,
        works=works,
        machines=tuple(one.handle for one in waiting.machines),
        key_pairs=key_pairs_of(waiting.machines),
        removable=not waiting.aside and (is_manual or not keeps_failed(inputs, address)),
        keep_until=None if works or asked is None else asked.keep_until,
        aside=waiting.aside,
    )
    return Change(
        id=f"confirm {address}",
        address=address,
        kind=Kind.IMAGE,
        action=Action.VERIFY,
        count=1,
        reason="a person said that it works" if works else "a person said that it does not work",
        work=work,
    )


def keeps_failed(inputs: PlanInputs, address: Address) -> bool:
    """Whether a version that failed stays staged."""
    spec = inputs.images.get(address)
    return spec is not None and (spec.protect or (spec.verify is not None and spec.verify.keep_on_failure))


@dataclass(frozen=True)
class Waiting:
    """A version that waits for an answer, or has had one, with its test VMs that wait."""

    image: Image
    version: str
    verify_hash: str
    machines: Sequence[Machine]
    aside: bool = False


@dataclass(frozen=True)
class Given:
    """The verdict that a version was given, and its test VMs that waited for it; `image` is None where it was
    unstaged."""

    verdict: Verdict
    version: str
    verify_hash: str
    image: Image | None
    machines: Sequence[Machine]


def find_given(
    inputs: PlanInputs, index: ServiceIndex, address: Address, asked: Asked | None = None
) -> Given | None:
    """The last verdict that a version of an image, or the one that was `asked` about, was given: by this
    home, on a version that was unstaged after it, or else that on the newest image."""
    images = tried_images(inputs, index, address)
    if asked is not None:
        images = tuple(one for one in images if one.marks and one.marks.version == asked.version)
    versions = {one.marks.version for one in images if one.marks}
    recorded = [
        one
        for one in inputs.records.verdicts
        if one.address == address
        if asked is None or (one.version, one.verify_hash) == (asked.version, asked.verify_hash)
    ]
    last = recorded[-1] if recorded else None
    if last is not None and last.verdict is Verdict.FAILED and last.version not in versions:
        return Given(last.verdict, last.version, last.verify_hash, None, ())
    image = images[0] if images else None
    verdict = verdict_of(inputs, index, image) if image is not None else None
    if image is None or image.marks is None or verdict not in (Verdict.PASSED, Verdict.FAILED):
        return None
    version, mark = str(image.marks.version), VerdictMark.parse(image.marks.verdict)
    waited = tuple(
        machine
        for machine in index.tests.get(address, ())
        if machine.marks and machine.marks.version == version and word_of(machine.marks) is Verdict.WAITING
        if not is_aside(machine)
    )
    known = next((one.verify_hash for one in reversed(recorded) if one.version == version), "")
    verify_hash = mark.verify_hash if mark else known
    if asked is not None and asked.verify_hash != verify_hash:
        return None
    return Given(verdict, version, verify_hash, image, waited)


def finish(inputs: PlanInputs, index: ServiceIndex, address: Address, given: Given, works: bool) -> PlanPart:
    """The rest of what follows from an answer that was given (PlanError where it was the other one): nothing,
    where all is done."""
    if works is not (given.verdict is Verdict.PASSED):
        raise PlanError(
            f"Version {given.version} of {address} has the verdict {given.verdict} already, so it does not "
            f"wait for `{'--yes' if works else '--no'}`.",
            f"Run `extenci verify {address}` to verify it again.",
        )
    is_removed = not works and not keeps_failed(inputs, address)
    if given.image is not None:
        is_kept = any(word_of(one.marks) is Verdict.FAILED for one in index.tests.get(address, ()))
        if not given.machines and (is_kept or not is_removed):
            return PlanPart()
        rest = Waiting(given.image, given.version, given.verify_hash, given.machines)
        return PlanPart((confirm_version(inputs, address, rest, works),))
    return join(
        remove_leftover(inputs, one)
        for one in index.owned_snapshots
        if is_removed and one.id not in index.users and one.marks
        if (one.marks.address, one.marks.version) == (address, given.version)
    )


def find_waiting(
    inputs: PlanInputs, index: ServiceIndex, address: Address, asked: Asked | None = None
) -> Waiting | None:
    """The newest image of an address that waits, as `status` shows it, or the one of the test VM that was
    `asked` about. Those that wait for the same answer are ended with it."""
    for image in tried_images(inputs, index, address):
        version = image.marks.version if image.marks else None
        if version is None:
            continue
        machines = [
            machine
            for machine in waiting_machines(inputs, index, address, version)
            if machine.marks and asked_about(inputs, index, machine.marks) == image
        ]
        first = next((one for one in machines if asked is None or one.id == asked.machine), None)
        mark = VerdictMark.parse(first.marks.verdict) if first and first.marks else None
        if mark is not None:
            same = [one for one in machines if one.marks and VerdictMark.parse(one.marks.verdict) == mark]
            return Waiting(image, version, mark.verify_hash, same, mark.aside)
    return None


def is_aside(machine: Machine) -> bool:
    """Whether a test VM tries its version in another way than its verify block says."""
    mark = VerdictMark.parse(machine.marks.verdict if machine.marks else None)
    return mark is not None and mark.aside
