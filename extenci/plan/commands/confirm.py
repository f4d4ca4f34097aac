"""The plan of `extenci confirm`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.desired import Desired
from extenci.model.errors import PlanError
from extenci.model.observed import Image, Machine, Observation
from extenci.model.plan import Change, Plan
from extenci.model.record import Records
from extenci.model.verdict import Verdict, VerdictMark
from extenci.model.work import ConfirmWork
from extenci.plan.images.unstage import remove_leftover
from extenci.plan.images.verification import verdict_of, waiting_machines, word_of
from extenci.plan.inputs import PlanInputs, gather_inputs
from extenci.plan.part import PlanPart, join, key_pairs_of
from extenci.plan.service_index import ServiceIndex, newest_first


def plan_confirm(
    desired: Desired, observation: Observation, records: Records, now: float, address: Address, works: bool
) -> Plan:
    """The plan that records a person's answer about a version that waits. Where that answer was given before,
    it is the rest of what follows from it. PlanError where no version of the image waits, or the other answer
    was given."""
    inputs = gather_inputs(desired, observation, records, now=now)
    index = inputs.indexes.get(address.service)
    part = plan_answer(inputs, index, address, works) if index is not None else None
    if part is None:
        raise PlanError(
            f"No version of {address} waits for a person.",
            f"Run `extenci status` to see verdicts, or `extenci verify {address}` to verify it.",
        )
    return Plan(desired.stack, (address.service,), part.changes, blocked=part.blocked, warnings=part.warnings)


def plan_answer(inputs: PlanInputs, index: ServiceIndex, address: Address, works: bool) -> PlanPart | None:
    """What is to be done about an answer; None where nobody waits for one or has had one. An earlier answer
    whose test VM still runs is finished before another version gets one."""
    given = find_given(inputs, index, address)
    if given is None or not given.machines:
        waiting = find_waiting(inputs, index, address)
        if waiting is not None:
            return PlanPart((confirm_version(inputs, address, waiting, works),))
    return finish(inputs, index, address, given, works) if given is not None else None


def confirm_version(inputs: PlanInputs, address: Address, waiting: Waiting, works: bool) -> Change:
    """The change that records an answer about a version, and does what follows from it."""
    work = ConfirmWork(
        image=waiting.image.id,
        version=waiting.version,
        verify_hash=waiting.verify_hash,
        works=works,
        machines=tuple(one.handle for one in waiting.machines),
        key_pairs=key_pairs_of(waiting.machines),
        removable=not keeps_failed(inputs, address),
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


@dataclass(frozen=True)
class Given:
    """The verdict that a version was given, and its test VMs that waited for it; `image` is None where it was
    unstaged."""

    verdict: Verdict
    version: str
    verify_hash: str
    image: Image | None
    machines: Sequence[Machine]


def find_given(inputs: PlanInputs, index: ServiceIndex, address: Address) -> Given | None:
    """The last verdict that a version of an image was given: by this home, on a version that was unstaged
    after it, or else that on the newest image."""
    images = newest_first(index.owned_images.get(address, ()))
    versions = {one.marks.version for one in images if one.marks}
    recorded = [one for one in inputs.records.verdicts if one.address == address]
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
    )
    known = next((one.verify_hash for one in reversed(recorded) if one.version == version), "")
    return Given(verdict, version, mark.verify_hash if mark else known, image, waited)


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


def find_waiting(inputs: PlanInputs, index: ServiceIndex, address: Address) -> Waiting | None:
    """The newest image of an address that waits, as `status` shows it."""
    images = newest_first(index.owned_images.get(address, ()))
    for image in images:
        version = image.marks.version if image.marks else None
        if version is None or verdict_of(inputs, index, image) is not Verdict.WAITING:
            continue
        machines = waiting_machines(inputs, index, address, version)
        verdicts = [VerdictMark.parse(one.marks.verdict) for one in machines if one.marks]
        if verdicts and verdicts[0]:
            return Waiting(image, version, verdicts[0].verify_hash, machines)
    return None
