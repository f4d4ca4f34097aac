"""A plan as text for terminals and logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from extenci.model.action import Effect
from extenci.model.address import Address, Kind
from extenci.model.plan import Blocked, Change, Drift, Plan
from extenci.report.plan.phrases import (
    AWAITED,
    BLOCKED,
    DRIFT,
    REFUSED,
    UNREAD,
    awaited_sentences,
    details,
    headline,
    nothing_to_do,
    services_text,
    summary_phrase,
)
from extenci.report.plan.view import PlanView
from extenci.report.text.field_values import field_text, value_text
from extenci.report.text.palette import PLAIN, Palette
from extenci.report.text.safe import paragraph, safe


def plan_text(view: PlanView) -> str:
    """The plan as `extenci plan` prints it."""
    return render_plan(view.plan, palette=view.palette, width=view.width) + submits_text(view.submits or {})


def render_plan(plan: Plan, *, palette: Palette = PLAIN, width: int = 80, nothing: str | None = None) -> str:
    """The whole plan: changes by address, drift, blocked changes, warnings, refusals, and a summary in one
    line, which is `nothing` where there is nothing to do. `width` is in characters; longer ids and paths are
    not broken."""
    sections = (
        heading_lines(plan, palette, width),
        *change_sections(plan, palette, width),
        drift_lines(plan.drift, palette, width),
        blocked_lines(plan.blocked, palette, width),
        sentence_lines(UNREAD, [str(one) for one in plan.unread], palette, palette.alarm, width),
        sentence_lines(AWAITED, awaited_sentences(plan), palette, palette.heading, width),
        sentence_lines("Warnings", plan.warnings, palette, palette.warning, width),
        sentence_lines(REFUSED, plan.refusals, palette, palette.alarm, width),
        [nothing] if nothing is not None and plan.is_empty else [summary_line(plan, palette)],
    )
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def heading_lines(plan: Plan, palette: Palette, width: int) -> list[str]:
    """The stack and the services; nothing for an empty plan, whose one sentence names them."""
    if plan.is_empty:
        return []
    verb = "Destroy stack" if plan.destroy else "Stack"
    lines = paragraph(f"{verb} {plan.stack} on {services_text(plan)}", width)
    return [palette.paint(palette.heading, line) for line in lines]


def change_sections(plan: Plan, palette: Palette, width: int) -> Iterator[list[str]]:
    """The changes, one section an address, in the order of services and then of the plan."""
    services = {name: place for place, name in enumerate(plan.services)}
    addresses = {address: place for place, address in enumerate(dict.fromkeys(first_seen(plan)))}

    def place(change: Change) -> tuple[int, int]:
        return services.get(change.address.service, len(services)), addresses[change.address]

    for address, changes in groupby(sorted(plan.changes, key=place), key=lambda change: change.address):
        same = tuple(changes)
        title = palette.paint(palette.heading, address_title(address, same[0].kind))
        yield [title, *(line for change in same for line in change_lines(plan, change, palette, width))]


def first_seen(plan: Plan) -> Iterator[Address]:
    """The addresses of a plan's changes, in plan order."""
    return (change.address for change in plan.changes)


def address_title(address: Address, kind: Kind) -> str:
    """`sandbox/worker (image)`."""
    return f"{safe(address)} ({kind})"


def change_lines(plan: Plan, change: Change, palette: Palette, width: int) -> list[str]:
    """One change: its headline and reason, then its details and fields."""
    symbol = change.action.effect.symbol
    reason = f": {change.reason}" if change.reason else ""
    first, *others = paragraph(f"{headline(change)}{reason}", width, f"  {symbol} ")
    painted = f"  {palette.paint(effect_colour(change.action.effect, palette), symbol)}{first[3:]}"
    below = [*details(plan, change), *field_lines(change)]
    return [painted, *others, *(line for text in below for line in paragraph(text, width, " " * 6, " " * 8))]


def field_lines(change: Change) -> list[str]:
    """The fields of a change, without those that its reason already names (`count 3 → 5`)."""
    texts = (field_text(field) for field in change.fields)
    return [text for text in texts if text.replace(":", "", 1) not in change.reason]


def effect_colour(effect: Effect, palette: Palette) -> str:
    """The colour of a change's symbol."""
    return {Effect.CREATE: palette.add, Effect.REMOVE: palette.remove}.get(effect, palette.change)


def drift_lines(drift: Sequence[Drift], palette: Palette, width: int) -> list[str]:
    """Differences that no spec asked for, by address."""
    if not drift:
        return []
    lines = [palette.paint(palette.heading, DRIFT)]
    for address, found in groupby(
        sorted(drift, key=lambda each: each.address), key=lambda each: each.address
    ):
        same = tuple(found)
        lines.append(f"  {address_title(address, same[0].kind)}")
        lines += [line for each in same for line in paragraph(drift_text(each), width, " " * 6, " " * 8)]
    return lines


def drift_text(drift: Drift) -> str:
    """`i-1.type: m5.large → m5.xlarge`."""
    return f"{safe(drift.path)}: {value_text(drift.before)} → {value_text(drift.after)}"


def blocked_lines(blocked: Sequence[Blocked], palette: Palette, width: int) -> list[str]:
    """The blocked changes, each with its reason."""
    if not blocked:
        return []
    lines = [palette.paint(palette.alarm, BLOCKED)]
    for each in blocked:
        lines.append(f"  {each.action} {safe(each.address)}")
        lines += paragraph(each.reason, width, " " * 6)
    return lines


def sentence_lines(
    title: str, sentences: Sequence[str], palette: Palette, code: str, width: int
) -> list[str]:
    """A titled list of sentences."""
    if not sentences:
        return []
    below = [line for sentence in sentences for line in paragraph(sentence, width, "  - ")]
    return [palette.paint(code, title), *below]


def summary_line(plan: Plan, palette: Palette) -> str:
    """The last line. It is never wrapped, so that it can be found in a log."""
    if plan.is_empty:
        return palette.paint(palette.good, nothing_to_do(plan))
    return palette.paint(palette.heading, f"Plan: {summary_phrase(plan)}.")


def submits_text(submits: Mapping[str, str]) -> str:
    """The submit description of each HTCondor job, indented below the id of its change."""
    return "".join(
        f"\nSubmit description of {safe(change)}:\n"
        + "".join(f"  {safe(line)}\n" for line in text.splitlines())
        for change, text in submits.items()
    )
