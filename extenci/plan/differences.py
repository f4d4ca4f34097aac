"""Differences between fields as people see them: dotted path, value before, value after."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from extenci.model.plan import FieldChange
from extenci.model.text import listed

FieldPath = tuple[str | int, ...]
"""The keys and indexes that lead to a value inside of a field."""


def differences(
    before: Mapping[str, object], after: Mapping[str, object], only: Collection[str] | None = None
) -> tuple[FieldChange, ...]:
    """The fields that differ: those of `only` in that order; None: all, by name.

    Values are those of JSON. Mappings, and lists of mappings, are compared down to their last values
    (`root_volume.gib`, `checks[0].tcp`), other lists as a whole. A key that is missing is None.
    """
    names = sorted(before.keys() | after.keys()) if only is None else only
    return tuple(
        change
        for name in names
        if before.get(name) != after.get(name)
        for change in inner_differences(name, before.get(name), after.get(name))
    )


def inner_differences(name: str, before: object, after: object) -> Iterator[FieldChange]:
    """Where exactly two values of one field differ."""
    if not (has_fields(before) and has_fields(after)):
        yield FieldChange(name, before, after)
        return
    from deepdiff import DeepDiff  # noqa: PLC0415 - slow to load, and seldom needed

    found = DeepDiff(
        before,
        after,
        view="tree",
        zip_ordered_iterables=True,
        ignore_numeric_type_changes=True,
        ignore_private_variables=False,
        threshold_to_diff_deeper=0,
    )
    levels = (level for levels in found.values() for level in levels)
    for place in sorted({shown_place(level.path(output_format="list"), before, after) for level in levels}):
        old, new = value_at(before, place), value_at(after, place)
        if old != new:
            yield FieldChange(name + spell_place(place), old, new)


def has_fields(value: object) -> bool:
    """Whether a value is shown by its parts: a mapping, or a list of mappings."""
    if isinstance(value, list | tuple):
        return any(isinstance(item, Mapping) for item in value)
    return isinstance(value, Mapping)


def shown_place(path: Sequence[str | int], before: object, after: object) -> FieldPath:
    """The place at which a difference is shown: that of the whole list, where it is inside of a plain one."""
    place: FieldPath = ()
    for key in path:
        if not (has_fields(value_at(before, place)) and has_fields(value_at(after, place))):
            break
        place = (*place, key)
    return place


def value_at(value: object, place: FieldPath) -> object:
    """The value at a place, None where there is none."""
    for key in place:
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list | tuple) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            return None
    return value


def spell_place(place: FieldPath) -> str:
    """`.gib`, `.checks[0].tcp`."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place)


def new_fields(fields: Mapping[str, object], only: Collection[str]) -> tuple[FieldChange, ...]:
    """The fields of something new, without those that are empty."""
    said = {name: value for name, value in fields.items() if value not in (None, [], {}, False, "")}
    return differences({}, said, only)


def describe(changes: Iterable[FieldChange]) -> str:
    """Differences for a sentence: `count 3 → 5 and type none → m5.large`, the first of them if they are
    many."""
    return listed([f"{one.path} {spell(one.before)} → {spell(one.after)}" for one in changes])


def spell(value: object) -> str:
    """A value as a word."""
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case list() | tuple():
            return ", ".join(map(str, value)) or "none"
        case _:
            return str(value)
