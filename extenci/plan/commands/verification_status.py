"""The part of a status that is about tests: test VMs, and versions that did not pass."""

from __future__ import annotations

from collections.abc import Iterator

from extenci.model.observed import Machine
from extenci.model.ownership import Marks
from extenci.model.record import VerdictRecord
from extenci.model.status import RefusedVersion, TestVmStatus
from extenci.model.verdict import Verdict, VerdictMark
from extenci.plan.inputs import PlanInputs
from extenci.plan.service_index import ServiceIndex

REFUSED = (Verdict.FAILED, Verdict.EXPIRED)


def find_test_vms(inputs: PlanInputs, index: ServiceIndex) -> Iterator[TestVmStatus]:
    """The test VMs of a service that have not ended, by address."""
    for address, machines in sorted(index.tests.items()):
        if inputs.covers(address):
            for machine in machines:
                if (marks := machine.marks) is not None:
                    yield status_of_test_vm(inputs, index, machine, marks)


def status_of_test_vm(
    inputs: PlanInputs, index: ServiceIndex, machine: Machine, marks: Marks
) -> TestVmStatus:
    """The status of one test VM."""
    return TestVmStatus(
        address=marks.address,
        id=machine.id if machine.exists else "",
        state=str(machine.state),
        host=machine.host or machine.private_host,
        image=machine.image,
        type=machine.type,
        launched=machine.launched,
        verdict=verdict_on(inputs, index, machine, marks),
        expires=marks.expires or "",
    )


def verdict_on(inputs: PlanInputs, index: ServiceIndex, machine: Machine, marks: Marks) -> str | None:
    """The verdict on the version that a test VM runs: from its own tag, the image's, or the records."""
    own = VerdictMark.parse(marks.verdict)
    if own is not None:
        return str(own.verdict)
    image = index.images.get(machine.image)
    mark = VerdictMark.parse(image.marks.verdict if image is not None and image.marks is not None else None)
    if mark is not None:
        return str(mark.verdict)
    known = [
        one for one in inputs.records.verdicts if (one.address, one.version) == (marks.address, marks.version)
    ]
    return str(known[-1].verdict) if known else None


def find_refused(inputs: PlanInputs, index: ServiceIndex) -> Iterator[RefusedVersion]:
    """The last verdict on each image of a service, where it is against a version that is no longer staged."""
    last: dict[object, VerdictRecord] = {}
    for one in inputs.records.verdicts:
        if one.address.service == index.service.name and inputs.covers(one.address):
            last[one.address] = one
    for one in sorted(last.values(), key=lambda one: one.address):
        staged = {image.marks.version for image in index.owned_images.get(one.address, ()) if image.marks}
        if one.verdict in REFUSED and one.version not in staged:
            yield RefusedVersion(one.address, one.version, str(one.verdict), one.at, one.summary)
