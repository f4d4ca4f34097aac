"""Why a group's machines are launched, replaced or ended, and the fields of the spec that differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from extenci.model.desired import DesiredGroup
from extenci.model.plan import FieldChange
from extenci.model.text import counted, listed
from extenci.plan.differences import differences, new_fields
from extenci.plan.fields import LAUNCH_FIELDS, group_fields
from extenci.plan.inputs import PlanInputs
from extenci.plan.instances.groups import Group
from extenci.plan.instances.health import lacks_job
from extenci.plan.instances.outdated import NO_JOB


def explain_launch(inputs: PlanInputs, group: Group) -> str:
    """`new group of 3`, `count 3 → 5`, `1 machine gone`, or the last two together; without records, only
    `2 missing`."""
    before = applied_count(inputs, group.spec)
    grown = max(0, group.spec.count - before) if before is not None else 0
    lost = min(lost_machines(inputs, group), group.missing - min(grown, group.missing))
    causes = [f"count {before} → {group.spec.count}"] if grown else []
    causes += [f"{counted(lost, 'machine')} gone"] if lost else []
    nothing_known = f"new group of {group.missing}" if is_new(inputs, group) else f"{group.missing} missing"
    return ", ".join(causes) or nothing_known


def explain_terminate(inputs: PlanInputs, group: Group) -> str:
    """`count 5 → 3`, or, without records, `2 more than wanted`."""
    before = applied_count(inputs, group.spec)
    if before is not None and before > group.spec.count:
        return f"count {before} → {group.spec.count}"
    return f"{len(group.surplus)} more than wanted"


def explain_replace(inputs: PlanInputs, group: Group) -> str:
    """`type differs`, `image and type differ`, `1 without a job`, `1 stopped`, in the order of the spec's
    keys."""
    jobless = sum(lacks_job(member.machine, group.spec) for member in group.renewed)
    names = list(
        dict.fromkeys(
            field.path.partition(".")[0] for field in replace_fields(inputs, group) if field.before != NO_JOB
        )
    )
    causes = (
        [f"{listed(names, most=len(names))} {'differs' if len(names) == 1 else 'differ'}"] if names else []
    )
    causes += [f"{jobless} without a job"] if jobless else []
    return ", ".join((*causes, *explain_illness(group)))


MOST_CAUSES = 5
"""Each held job may have a reason of its own."""


def explain_illness(group: Group) -> Iterator[str]:
    """`1 stopped`, `2 held: held by a person (code 1)`: the commonest causes, the rest as a number."""
    ill = Counter(member.health.message for member in group.renewed if not member.health.ok)
    ranked = sorted(ill, key=lambda message: (-ill[message], message))
    shown = ranked if len(ranked) <= MOST_CAUSES else ranked[: MOST_CAUSES - 1]
    yield from (f"{ill[message]} {message}" for message in sorted(shown))
    rest = ill.total() - sum(ill[message] for message in shown)
    if rest:
        yield f"{rest} for other reasons"


def applied_count(inputs: PlanInputs, spec: DesiredGroup) -> int | None:
    """The count that was last fully applied, if known."""
    count = (inputs.applied(spec.address) or {}).get("count")
    return count if isinstance(count, int) else None


def lost_machines(inputs: PlanInputs, group: Group) -> int:
    """How many recorded machines of a group are gone."""
    machines = inputs.indexes[group.spec.address.service].machines
    records = inputs.recorded.get(group.spec.address, ())
    return sum(record.kind == "machine" and record.id not in machines for record in records)


def is_new(inputs: PlanInputs, group: Group) -> bool:
    """Whether neither the service nor the records know a group."""
    return inputs.applied(group.spec.address) is None and not group.members


def launch_fields(inputs: PlanInputs, group: Group) -> tuple[FieldChange, ...]:
    """Every field of a group that is new, else its count where that changed."""
    fields = group_fields(group.spec)
    if is_new(inputs, group):
        return new_fields(fields, ("count", *LAUNCH_FIELDS))
    applied = inputs.applied(group.spec.address)
    return differences(applied, fields, ("count",)) if applied is not None else ()


def terminate_fields(inputs: PlanInputs, group: Group) -> tuple[FieldChange, ...]:
    """The count where that changed."""
    applied = inputs.applied(group.spec.address)
    return differences(applied, group_fields(group.spec), ("count",)) if applied is not None else ()


def replace_fields(inputs: PlanInputs, group: Group) -> tuple[FieldChange, ...]:
    """The launch settings that differ: before as the machines have them, and, for settings that no service
    reports, as last applied."""
    found: dict[str, list[FieldChange]] = {}
    for member in group.renewed:
        for field in member.outdated:
            found.setdefault(field.path, []).append(field)
    seen = [merge(fields) for fields in found.values()]
    hidden = hidden_fields(inputs, group) if "settings" in found else ()
    hidden = tuple(field for field in hidden if field.path not in found)
    if hidden or "launch" in found:
        seen = [field for field in seen if field.path != "settings"]
    order = {name: place for place, name in enumerate((*LAUNCH_FIELDS, "settings"))}
    return tuple(sorted((*seen, *hidden), key=lambda field: order[field.path.partition(".")[0]]))


def hidden_fields(inputs: PlanInputs, group: Group) -> tuple[FieldChange, ...]:
    """The settings that no service reports and that changed in the specs, if that is known."""
    applied = inputs.applied(group.spec.address)
    hidden = ("launch", "user_data", "root_volume", "spot_price")
    return differences(applied, group_fields(group.spec), hidden) if applied is not None else ()


def merge(fields: list[FieldChange]) -> FieldChange:
    """One field of many machines, with the values that they have, or the one value if it is the same."""
    values: list[object] = []
    for field in fields[:1] if len({repr(field.before) for field in fields}) == 1 else fields:
        if field.before not in values:
            values.append(field.before)
    before = values[0] if len(values) == 1 else sorted(values, key=str)
    return FieldChange(fields[0].path, before, fields[0].after)
