"""Why a plan does to an address what it does, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from extenci.model.observed import Image, Machine, Snapshot
from extenci.model.plan import ExplainedChange, Explanation
from extenci.report.plan.json import blocked_document, change_document, drift_document
from extenci.report.plan.phrases import headline
from extenci.report.plan.text import address_title, drift_text, effect_colour
from extenci.report.text.columns import columns
from extenci.report.text.field_values import field_text, jsonable, value_text
from extenci.report.text.palette import PLAIN, Palette
from extenci.report.text.safe import paragraph, safe

EXPLANATION_JSON_VERSION = 1
SHOWN = 10
"""Resources that the text names; more are counted. JSON has all of them."""


def render_explanation(found: Explanation, *, palette: Palette = PLAIN, width: int = 80) -> str:
    """The whole explanation: the spec, the records, what was seen, and the changes with their rules."""
    title = address_title(found.address, found.kind) if found.kind else safe(found.address)
    sections = (
        ("", [palette.paint(palette.heading, title)]),
        ("Spec", spec_lines(found, width)),
        ("Recorded", recorded_lines(found, width)),
        ("Seen", seen_lines(found)),
        ("Drift", [line for one in found.drift for line in paragraph(drift_text(one), width, "  ", "    ")]),
        ("Plan", plan_lines(found, palette, width)),
    )
    parts = [
        "\n".join([*([palette.paint(palette.heading, name)] if name else []), *lines])
        for name, lines in sections
        if lines
    ]
    return "\n\n".join(parts) + "\n"


def spec_lines(found: Explanation, width: int) -> list[str]:
    """Where the spec stands, and its fields that say something."""
    if found.origin is None:
        return ["  no spec names it"]
    return [f"  {safe(found.origin)}", *field_lines(found.fields, width)]


def field_lines(fields: Mapping[str, object], width: int) -> list[str]:
    """Fields that are not empty, one line each."""
    said = ((name, value) for name, value in fields.items() if value not in (None, [], {}, False, ""))
    return [
        line
        for name, value in said
        for line in paragraph(f"{safe(name)}: {value_text(value)}", width, "    ", "      ")
    ]


def recorded_lines(found: Explanation, width: int) -> list[str]:
    """What this home knows: when the spec was applied, how it was otherwise, resources and verdicts."""
    lines: list[str] = []
    if found.applied is not None:
        lines.append(f"  fully applied {moment(found.applied.at)}")
        now = jsonable(found.fields)
        if found.fields and isinstance(now, dict):
            differing = {
                name: value
                for name, value in found.applied.fields.items()
                if name in now and jsonable(value) != now[name]
            }
            lines += field_lines(differing, width) if differing else ["    as the spec is now"]
    rows = [(one.id, one.kind, one.facts.get("state"), moment(one.seen)) for one in found.recorded]
    lines += shortened(rows, "  ")
    for one in found.verdicts:
        lines += paragraph(f"version {one.version}: {one.verdict} {moment(one.at)}", width, "  ", "    ")
    return lines or ["  nothing in this home"]


def seen_lines(found: Explanation) -> list[str]:
    """What the service reports."""
    if not found.read:
        return ["  the service could not be read"]
    machines = [one for one in found.seen if isinstance(one, Machine)]
    others = [one for one in found.seen if not isinstance(one, Machine)]
    lines = [*shortened(list(map(seen_row, machines)), "  "), *shortened(list(map(seen_row, others)), "  ")]
    return lines or ["  nothing on the service"]


def seen_row(thing: Image | Snapshot | Machine) -> tuple[object, ...]:
    """The cells of a resource: its id, and what tells it from others of its kind."""
    version = (thing.marks and thing.marks.version) or ""
    match thing:
        case Machine():
            return thing.id, thing.state, thing.type, thing.image
        case Image():
            return thing.id, "image", thing.state, thing.created[:10], version
        case _:
            return thing.id, "snapshot", thing.state, thing.started[:10], version


def plan_lines(found: Explanation, palette: Palette, width: int) -> list[str]:
    """The changes, each with its rule and fields, and what is blocked."""
    lines = [line for one in found.changes for line in change_lines(one, palette, width)]
    for blocked in found.blocked:
        lines += paragraph(f"blocked: {blocked.action}: {blocked.reason}", width, "  ", "    ")
    if lines:
        return lines
    if not found.covered:
        return ["  not in this plan: it is not selected, or left out"]
    if not found.read:
        return ["  nothing is planned for what was not seen"]
    return ["  nothing to do: what was seen is what the spec says"] if found.origin else ["  nothing to do"]


def change_lines(explained: ExplainedChange, palette: Palette, width: int) -> list[str]:
    """One change, its fields and its rule."""
    change = explained.change
    symbol = change.action.effect.symbol
    first, *rest = paragraph(f"{headline(change)}: {change.reason}", width, f"  {symbol} ", " " * 6)
    painted = f"  {palette.paint(effect_colour(change.action.effect, palette), symbol)}{first[3:]}"
    below = [*(field_text(field) for field in change.fields), f"Rule: {explained.rule}"]
    if change.depends_on:
        below.append(f"After: {', '.join(change.depends_on)}")
    return [painted, *rest, *(line for text in below for line in paragraph(text, width, " " * 6, " " * 8))]


def shortened(rows: Sequence[tuple[object, ...]], indent: str) -> list[str]:
    """Rows in columns; of many, the first, and how many more there are."""
    if not rows:
        return []
    more = len(rows) - SHOWN
    return [*columns(rows[:SHOWN], indent), *([f"{indent}and {more} more"] if more > 0 else [])]


def moment(seconds: float) -> str:
    """`2026-11-28 04:00 UTC`; "" where it is not known."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC") if seconds else ""


def explanation_document(found: Explanation) -> dict[str, object]:
    """The explanation as JSON values, with all resources."""
    return {
        "format_version": EXPLANATION_JSON_VERSION,
        "address": str(found.address),
        "kind": str(found.kind) if found.kind else None,
        "spec": {"origin": str(found.origin), "fields": jsonable(found.fields)} if found.origin else None,
        "recorded": {
            "applied": {"at": found.applied.at, "fields": jsonable(found.applied.fields)}
            if found.applied
            else None,
            "resources": [
                {"id": one.id, "kind": str(one.kind), "state": one.facts.get("state"), "seen": one.seen}
                for one in found.recorded
            ],
            "verdicts": [
                {"version": one.version, "verdict": str(one.verdict), "at": one.at} for one in found.verdicts
            ],
        },
        "seen": seen_documents(found.seen) if found.read else None,
        "covered": found.covered,
        "changes": [{**change_document(one.change), "rule": one.rule} for one in found.changes],
        "blocked": [blocked_document(one) for one in found.blocked],
        "drift": [drift_document(one) for one in found.drift],
    }


def seen_documents(things: Iterable[Image | Snapshot | Machine]) -> list[dict[str, object]]:
    """The resources that a service reports, as JSON values."""
    return [
        {
            "id": thing.id,
            "kind": type(thing).__name__.lower(),
            "state": str(thing.state),
            "version": thing.marks.version if thing.marks else None,
            **({"type": thing.type, "image": thing.image} if isinstance(thing, Machine) else {}),
        }
        for thing in things
    ]
