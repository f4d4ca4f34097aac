"""A plan as Markdown, fit for a comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from extenci.model.plan import Change, Plan
from extenci.report.plan.phrases import (
    AWAITED,
    UNREAD,
    awaited_sentences,
    details,
    headline,
    nothing_to_do,
    services_text,
    summary_phrase,
)
from extenci.report.plan.text import drift_text
from extenci.report.plan.view import PlanView
from extenci.report.text.field_values import field_text
from extenci.report.text.markdown import markdown
from extenci.report.text.safe import safe

LONGEST = 60_000
"""Characters of a comment: GitHub takes 65,536."""


def plan_markdown(view: PlanView) -> str:
    """The plan as `extenci plan --format markdown` prints it."""
    return render_markdown(view.plan) + submits_markdown(view.submits or {})


def render_markdown(plan: Plan, *, longest: int = LONGEST) -> str:
    """The plan as Markdown: a summary as its heading, a table for each service, details to unfold.

    A plan that would be longer than `longest` characters is shown without its details, then without its
    tables, and says so.
    """
    shortened = "_This plan is too long to be shown in full here._"
    texts = (
        [*main_parts(plan), *detail_parts(plan)],
        [*main_parts(plan), shortened],
        [*heading_parts(plan), shortened],
    )
    rendered = ["\n\n".join(parts) + "\n" for parts in texts]
    return next((text for text in rendered if len(text) <= longest), rendered[-1])


def main_parts(plan: Plan) -> Iterator[str]:
    """Everything that must be visible without unfolding anything."""
    yield from heading_parts(plan)
    yield from sentence_part("Over a limit: refused without `--force`", plan.refusals)
    blocked = [f"{each.action} {each.address}: {each.reason}" for each in plan.blocked]
    yield from sentence_part("Blocked", blocked)
    yield from sentence_part(UNREAD, [str(one) for one in plan.unread])
    yield from sentence_part(AWAITED, awaited_sentences(plan))
    yield from sentence_part("Warnings", plan.warnings)
    for service in dict.fromkeys((*plan.services, *(change.address.service for change in plan.changes))):
        changes = [change for change in plan.changes if change.address.service == service]
        if changes:
            yield f"#### {markdown(service)}"
            yield table([change_row(change) for change in changes])


def heading_parts(plan: Plan) -> Iterator[str]:
    """The summary, the stack and its services."""
    if plan.is_empty:
        yield "### extenci plan: nothing to do"
        yield markdown(nothing_to_do(plan))
        return
    yield f"### extenci plan: {markdown(summary_phrase(plan))}"
    verb = "Destroys stack" if plan.destroy else "Stack"
    yield f"{verb} {markdown(plan.stack)} on {markdown(services_text(plan))}."


def sentence_part(title: str, sentences: Sequence[str]) -> Iterator[str]:
    """A titled list, or nothing."""
    if sentences:
        yield "\n".join([f"**{title}**", "", *(f"- {markdown(sentence)}" for sentence in sentences)])


def table(rows: Sequence[str]) -> str:
    """A table of changes."""
    return "\n".join(["| | Address | Change | Reason |", "|---|---|---|---|", *rows])


def change_row(change: Change) -> str:
    """One change as a row."""
    cells = (markdown(cell) for cell in (change.address, headline(change), change.reason))
    return f"| {change.action.effect.symbol} | {' | '.join(cells)} |"


def detail_parts(plan: Plan) -> Iterator[str]:
    """The folded parts: the details and fields of each change, and drift."""
    lines = [line for change in plan.changes for line in change_details(plan, change)]
    yield from fold("Details", lines)
    drift = [f"- {markdown(each.address)} {markdown(drift_text(each))}" for each in plan.drift]
    yield from fold(f"Drift ({len(plan.drift)})", drift)


def change_details(plan: Plan, change: Change) -> list[str]:
    """A change's details and fields as a nested list; nothing if it has none."""
    texts = [*details(plan, change), *(field_text(field) for field in change.fields)]
    title = f"- {markdown(change.address)}: {markdown(headline(change))}"
    return [title, *(f"  - {markdown(text)}" for text in texts)] if texts else []


def fold(title: str, lines: Sequence[str]) -> Iterator[str]:
    """Lines that the reader can unfold."""
    if lines:
        content = "\n".join(lines)
        yield f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"


def submits_markdown(submits: Mapping[str, str]) -> str:
    """The submit description of each HTCondor job, as a folded block of code."""
    return "".join(
        f"\n<details><summary>Submit description of {markdown(change)}</summary>\n\n"
        + "".join(f"    {safe(line)}\n" for line in text.splitlines())
        + "\n</details>\n"
        for change, text in submits.items()
    )
