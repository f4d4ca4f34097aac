"""Whether a machine is what its group's spec asks for, judged on what the service reports of it."""

from __future__ import annotations

from extenci.model.desired import DesiredGroup, ImageId
from extenci.model.observed import Machine
from extenci.model.ownership import SETTINGS_FORMAT, launch_mark
from extenci.model.plan import FieldChange
from extenci.plan.differences import differences
from extenci.plan.images.source import ImageSource, Staged
from extenci.plan.instances.health import lacks_job

Compared = dict[str, tuple[object, object]]
"""By field, the value that a machine has, and the one that the spec asks for: the same where any will do."""

KEY_OF_JOB = "SSH_"

NO_JOB = "no job"
"""What stands for the launcher of a machine whose job has vanished."""


def outdated_fields(
    machine: Machine, spec: DesiredGroup, source: ImageSource | ImageId, settings: str
) -> tuple[FieldChange, ...]:
    """The launch settings in which a machine differs from the spec; `settings` is the spec's own mark.

    Settings that the service does not report (user data, root volume, spot price, launch) are compared by the
    mark on the machine, and shown as `settings`. A mark of another format says nothing. A job without a
    machine reports only its image and the mark of all its settings.
    """
    compared = compare_image(machine, source) | compare_launch(machine, spec)
    if machine.exists:
        compared |= compare_reported(machine, spec)
        compared |= compare_marks(machine.marks.settings if machine.marks else None, settings)
    else:
        compared |= compare_marks(machine.job.launch if machine.job else None, launch_mark(spec))
    seen = {name: pair[0] for name, pair in compared.items()}
    return differences(seen, {name: pair[1] for name, pair in compared.items()})


def compare_image(machine: Machine, source: ImageSource | ImageId) -> Compared:
    """The version of a machine. One version is the same under every id it is registered by."""
    if isinstance(source, ImageId):
        return {"image": (machine.image, source.id)}
    version = machine.marks.version if machine.marks else None
    is_staged_one = isinstance(source, Staged) and machine.image == source.image.id
    return (
        {} if source.label is None or is_staged_one else {"image": (version or machine.image, source.label)}
    )


def compare_reported(machine: Machine, spec: DesiredGroup) -> Compared:
    """Settings that are reported as they were asked for. Where no subnet or zone is asked for, any will
    do; where no key or profile is, there must be none."""
    wanted, profile = spec.settings, machine.instance_profile
    short_profile = profile and profile.rpartition("/")[2]
    return {
        "type": (machine.type, wanted.type),
        "key_name": (None if has_key_of_job(machine) else machine.key_name, wanted.key_name),
        "subnet": (machine.subnet, machine.subnet if wanted.subnet is None else wanted.subnet),
        "availability_zone": (
            machine.availability_zone,
            machine.availability_zone if wanted.availability_zone is None else wanted.availability_zone,
        ),
        "instance_profile": (
            wanted.instance_profile if wanted.instance_profile == short_profile else profile,
            wanted.instance_profile,
        ),
        **compare_security_groups(machine, wanted.security_groups),
    }


def has_key_of_job(machine: Machine) -> bool:
    """Whether HTCondor made a key pair for the machine's job alone, as it does where it does not take the
    service for AWS (ec2job.cpp, `build_keypair`). Nobody asked for it, and nobody has its private key."""
    return machine.job is not None and (machine.key_name or "").startswith(KEY_OF_JOB)


def compare_security_groups(machine: Machine, wanted: tuple[str, ...]) -> Compared:
    """Security groups: where none is asked for, any will do. `machine.groups` has the name and the id of
    each, so that a spec may mix them; more groups than asked for show in the number of ids."""
    ids = {group for group in machine.groups if group.startswith("sg-")}
    number = len(ids or machine.groups)
    if not wanted or (machine.groups.issuperset(wanted) and number <= len(set(wanted))):
        return {}
    return {"security_groups": (sorted(machine.groups - ids or ids), sorted(wanted))}


def compare_launch(machine: Machine, spec: DesiredGroup) -> Compared:
    """How a machine was launched: one may have a job and should have none, or have lost the job that it
    should have."""
    if not spec.launch.has_queue and machine.launched_by is not None:
        return {"launch": (str(machine.launched_by), str(spec.launch))}
    return {"launch": (NO_JOB, str(spec.launch))} if lacks_job(machine, spec) else {}


def compare_marks(mark: str | None, wanted: str) -> Compared:
    """Settings that are known by their mark alone."""
    is_readable = mark is not None and mark.partition(":")[0] == SETTINGS_FORMAT
    return {"settings": (mark, wanted)} if is_readable else {}
