"""The status of a stack as a JSON document, `format_version` 1."""

from __future__ import annotations

from datetime import UTC, datetime

from extenci.model.status import (
    ImageStatus,
    InstancesStatus,
    MachineStatus,
    RefusedVersion,
    StackStatus,
    TestVmStatus,
)
from extenci.report.plan.json import unread_document
from extenci.report.reconcile.json import last_pass_document

STATUS_JSON_VERSION = 1


def status_document(status: StackStatus) -> dict[str, object]:
    """The status as JSON values."""
    return {
        "format_version": STATUS_JSON_VERSION,
        "stack": status.stack,
        "services": list(status.services),
        "images": [image_document(image) for image in status.images],
        "instances": [instances_document(group) for group in status.instances],
        "test_vms": [test_vm_document(one) for one in status.test_vms],
        "refused_versions": [refused_document(one) for one in status.refused],
        "sandbox_machines": status.sandbox_machines,
        **({"unread": [unread_document(one) for one in status.unread]} if status.unread else {}),
        **({"last_pass": last_pass_document(status.last_pass)} if status.last_pass else {}),
        **({"notes": list(status.notes)} if status.notes else {}),
    }


def image_document(image: ImageStatus) -> dict[str, object]:
    """One image."""
    return {
        "address": str(image.address),
        "digest": image.digest,
        "id": image.id,
        "snapshot": image.snapshot,
        "state": image.state,
        "verdict": image.verdict,
        "older": list(image.older),
    }


def instances_document(group: InstancesStatus) -> dict[str, object]:
    """One group with its machines."""
    return {
        "address": str(group.address),
        "wanted": group.wanted,
        "recorded": group.recorded,
        "machines": [machine_document(machine) for machine in group.machines],
    }


def machine_document(machine: MachineStatus) -> dict[str, object]:
    """One machine."""
    return {
        "id": machine.id,
        "state": machine.state,
        "host": machine.host,
        "image": machine.image,
        "job": machine.job,
        "outdated": machine.outdated,
        "type": machine.type,
        "launched": time_or_none(machine.launched),
    }


def test_vm_document(machine: TestVmStatus) -> dict[str, object]:
    """One test VM."""
    return {
        "address": str(machine.address),
        "id": machine.id,
        "state": machine.state,
        "host": machine.host,
        "image": machine.image,
        "type": machine.type,
        "launched": time_or_none(machine.launched),
        "verdict": machine.verdict,
        "expires": machine.expires or None,
    }


def refused_document(one: RefusedVersion) -> dict[str, object]:
    """One version that is gone, since it did not pass."""
    return {
        "address": str(one.address),
        "version": one.version,
        "verdict": one.verdict,
        "at": time_or_none(one.at),
        "summary": one.summary,
    }


def time_or_none(seconds: float) -> str | None:
    """Seconds since the epoch as ISO 8601, None where they are not known."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else None
