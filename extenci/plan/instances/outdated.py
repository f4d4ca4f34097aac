"""Whether a machine is what its group's spec asks for, judged on what the service reports of it."""

from __future__ import annotations

from collections.abc import Iterator

from extenci.model.desired import DesiredGroup, ImageId
from extenci.model.observed import Machine
from extenci.model.ownership import SETTINGS_FORMAT, launch_mark
from extenci.model.plan import FieldChange
from extenci.plan.images.source import ImageSource, Staged
from extenci.plan.instances.health import lacks_job


def outdated_fields(
    machine: Machine, spec: DesiredGroup, source: ImageSource | ImageId, settings: str
) -> tuple[FieldChange, ...]:
    """The launch settings in which a machine differs from the spec; `settings` is the spec's own mark.

    What the service does not report (user data, root volume, spot price, launch) is compared by the mark
    on the machine, and shown as `settings`; a mark of another format says nothing. A job without a machine
    reports nothing but its image and the mark of all its settings.
    """
    if not machine.exists:
        return (
            *image_difference(machine, source),
            *launch_difference(machine, spec),
            *job_difference(machine, spec),
        )
    return (
        *image_difference(machine, source),
        *reported_differences(machine, spec),
        *groups_difference(machine, spec.settings.security_groups),
        *launch_difference(machine, spec),
        *hidden_difference(machine, settings),
    )


def image_difference(machine: Machine, source: ImageSource | ImageId) -> Iterator[FieldChange]:
    """A machine of another version. One version is the same under every id it is registered by."""
    if isinstance(source, ImageId):
        if machine.image != source.id:
            yield FieldChange("image", machine.image, source.id)
        return
    version = machine.marks.version if machine.marks else None
    staged = source.image.id if isinstance(source, Staged) else None
    if source.label not in (None, version) and machine.image != staged:
        yield FieldChange("image", version or machine.image, source.label)


def reported_differences(machine: Machine, spec: DesiredGroup) -> Iterator[FieldChange]:
    """Settings that are reported as they were asked for. Where no subnet or zone is asked for, any will
    do; where no key or profile is, there must be none."""
    settings = spec.settings
    if machine.type != settings.type:
        yield FieldChange("type", machine.type, settings.type)
    if machine.key_name != settings.key_name:
        yield FieldChange("key_name", machine.key_name, settings.key_name)
    if settings.subnet not in (None, machine.subnet):
        yield FieldChange("subnet", machine.subnet, settings.subnet)
    if settings.availability_zone not in (None, machine.availability_zone):
        yield FieldChange("availability_zone", machine.availability_zone, settings.availability_zone)
    profile = machine.instance_profile
    if settings.instance_profile not in (profile, profile and profile.rpartition("/")[2]):
        yield FieldChange("instance_profile", profile, settings.instance_profile)


def groups_difference(machine: Machine, wanted: tuple[str, ...]) -> Iterator[FieldChange]:
    """Security groups: none asked for, any will do. `machine.groups` has the name and the id of each, so
    that a spec may mix them; more groups than asked for show in the number of ids."""
    if not wanted:
        return
    ids = {group for group in machine.groups if group.startswith("sg-")}
    number = len(ids or machine.groups)
    if not machine.groups.issuperset(wanted) or number > len(set(wanted)):
        names = sorted(machine.groups - ids or ids)
        yield FieldChange("security_groups", names, sorted(wanted))


def launch_difference(machine: Machine, spec: DesiredGroup) -> Iterator[FieldChange]:
    """A machine that a job holds and none should, or that lost the job which should hold it."""
    if machine.job is not None and not spec.launch.has_queue:
        yield FieldChange("launch", str(machine.job.launched_by), str(spec.launch))
    if lacks_job(machine, spec):
        yield FieldChange("launch", NO_JOB, str(spec.launch))


NO_JOB = "no job"
"""In place of how a machine was launched whose job has vanished."""


def job_difference(machine: Machine, spec: DesiredGroup) -> Iterator[FieldChange]:
    """Settings of a job whose machine nobody can look at yet."""
    mark, wanted = machine.job.launch if machine.job else "", launch_mark(spec)
    if mark and mark != wanted and mark.partition(":")[0] == SETTINGS_FORMAT:
        yield FieldChange("settings", mark, wanted)


def hidden_difference(machine: Machine, settings: str) -> Iterator[FieldChange]:
    """Settings that only the mark tells of."""
    mark = machine.marks.settings if machine.marks else None
    if mark and mark != settings and mark.partition(":")[0] == SETTINGS_FORMAT:
        yield FieldChange("settings", mark, settings)
