"""A plan as one self-contained HTML page: the dangerous changes first, then all changes, as drawings and
tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from xml.etree.ElementTree import Element

from extenci.model.action import Action, Effect
from extenci.model.address import Kind
from extenci.model.plan import Blocked, Change, Drift, FieldChange, Plan
from extenci.model.text import counted
from extenci.report.plan.html.element import add, document
from extenci.report.plan.html.graph import add_graph
from extenci.report.plan.html.style import STYLE
from extenci.report.plan.phrases import (
    AWAITED,
    BLOCKED,
    DRIFT,
    REFUSED,
    UNREAD,
    action_phrase,
    awaited_sentences,
    details,
    headline,
    nothing_to_do,
    services_text,
    summary_phrase,
)
from extenci.report.plan.view import PlanView
from extenci.report.text.field_values import value_text
from extenci.report.text.safe import safe

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""The page's Content-Security-Policy: a browser loads nothing for it."""
MOST_SHOWN = 8
"""Dangerous changes of one action that are shown at once; the rest is folded."""
MOST_FIELDS = 6
"""Fields of a change that are shown at once."""


def plan_html(view: PlanView) -> str:
    """The plan as `extenci plan --format html` prints it. The same plan gives the same bytes."""
    plan = view.plan
    root = Element("html", {"lang": "en"})
    add_head(root, plan)
    body = add(root, "body")
    add_header(body, plan)
    main = add(body, "main")
    anchors = {change.id: f"change-{number}" for number, change in enumerate(plan.changes, 1)}
    add_dangers(main, plan, anchors)
    for service, changes in by_service(plan).items():
        add_service(main, plan, service, changes, anchors)
    add_drift(main, plan.drift)
    add_list(main, AWAITED, awaited_sentences(plan))
    add_list(main, "Warnings", plan.warnings)
    add_submits(main, view.submits or {})
    return document(root)


def add_head(root: Element, plan: Plan) -> None:
    """The head: the title, the style, and a policy that forbids scripts and requests."""
    head = add(root, "head")
    add(head, "meta", charset="utf-8")
    add(head, "meta", http_equiv="Content-Security-Policy", content=POLICY)
    add(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    add(head, "title", f"extenci plan: stack {plan.stack}")
    add(head, "style").text = STYLE


def add_header(body: Element, plan: Plan) -> None:
    """The stack with its services, and the plan in one line."""
    header = add(body, "header", class_="quiet" if plan.is_empty else "busy")
    verb = "destroys stack" if plan.destroy else "for stack"
    add(header, "p", f"extenci plan {verb} {plan.stack} on {services_text(plan)}", class_="about")
    add(header, "h1", nothing_to_do(plan) if plan.is_empty else summary_phrase(plan))


def add_dangers(main: Element, plan: Plan, anchors: Mapping[str, str]) -> None:
    """The refusals, blocked changes and dangerous changes, if there are any."""
    dangerous = [change for change in plan.changes if change.action.effect.is_dangerous]
    if not (dangerous or plan.blocked or plan.refusals or plan.unread):
        return
    section = add(main, "section", class_="danger")
    add(section, "h2", "Look at this first")
    if plan.unread:
        add(section, "h3", UNREAD)
        add_sentences(section, [str(one) for one in plan.unread])
    if plan.refusals:
        add(section, "h3", REFUSED)
        add_sentences(section, plan.refusals)
    if plan.blocked:
        add(section, "h3", BLOCKED)
        add_blocked(section, plan.blocked)
    for action, changes in groupby(sorted(dangerous, key=severity), key=lambda change: change.action):
        add_dangerous(section, action, tuple(changes), anchors)


def severity(change: Change) -> tuple[bool, bool, int]:
    """The sort key of dangerous changes: machines that end, then replaced machines, then images that go."""
    return change.kind is not Kind.INSTANCES, change.action.effect is Effect.REPLACE, change.action.rank


def add_sentences(parent: Element, sentences: Sequence[str]) -> None:
    """A list of sentences."""
    items = add(parent, "ul")
    for sentence in sentences:
        add(items, "li", sentence)


def add_blocked(parent: Element, blocked: Sequence[Blocked]) -> None:
    """The blocked changes with their reasons."""
    items = add(parent, "ul")
    for each in blocked:
        item = add(items, "li")
        add(item, "span", f"{each.action} {each.address}", class_="what")
        add(item, "span", each.reason, class_="reason")


def add_dangerous(
    parent: Element, action: Action, changes: Sequence[Change], anchors: Mapping[str, str]
) -> None:
    """The changes of one dangerous action, each with a link to its row; the end of a long list is folded."""
    add(parent, "h3", action_phrase(changes, action))
    add_links(add(parent, "ul"), changes[:MOST_SHOWN], anchors)
    rest = changes[MOST_SHOWN:]
    if rest:
        fold = add(parent, "details")
        add(fold, "summary", f"{len(rest)} more")
        add_links(add(fold, "ul"), rest, anchors)


def add_links(items: Element, changes: Sequence[Change], anchors: Mapping[str, str]) -> None:
    """Changes as links to their rows."""
    for change in changes:
        item = add(items, "li", class_=change.action.effect)
        add(item, "span", change.action.effect.symbol, class_="symbol")
        add(item, "a", f"{change.address}: {headline(change)}", href=f"#{anchors[change.id]}")
        add(item, "span", change.reason, class_="reason")


def by_service(plan: Plan) -> dict[str, list[Change]]:
    """The changes of each service that has some, in the plan's order."""
    services = dict.fromkeys((*plan.services, *(change.address.service for change in plan.changes)))
    found = {name: [one for one in plan.changes if one.address.service == name] for name in services}
    return {name: changes for name, changes in found.items() if changes}


def add_service(
    main: Element, plan: Plan, service: str, changes: Sequence[Change], anchors: Mapping[str, str]
) -> None:
    """The changes of a service, drawn and in a table."""
    section = add(main, "section")
    add(section, "h2", f"{service}: {counted(len(changes), 'change')}")
    add_graph(section, changes, anchors)
    body = add_table(section, ("Change", "Address", "Count", "Reason", "Fields and details"))
    for change in changes:
        add_change(body, plan, change, anchors)


def add_table(parent: Element, titles: Sequence[str]) -> Element:
    """Add a table with its head, and return its body."""
    table = add(parent, "table")
    row = add(add(table, "thead"), "tr")
    for title in titles:
        add(row, "th", title, scope="col")
    return add(table, "tbody")


def add_change(body: Element, plan: Plan, change: Change, anchors: Mapping[str, str]) -> None:
    """A change as a row."""
    row = add(body, "tr", id=anchors[change.id], class_=change.action.effect)
    what = add(row, "td")
    add(what, "span", change.action.effect.symbol, class_="symbol")
    add(what, "span", headline(change), class_="what")
    add(row, "td", change.address)
    add(row, "td", change.count, class_="count", data_label="Count")
    add(row, "td", change.reason)
    more = add(row, "td")
    add_fields(more, change.fields)
    add_details(more, plan, change, anchors)


def add_details(cell: Element, plan: Plan, change: Change, anchors: Mapping[str, str]) -> None:
    """A fold with the details of a change and the changes that it waits for."""
    lines = details(plan, change)
    before = [one for one in map(plan.change, change.depends_on) if one is not None]
    if not lines and not before:
        return
    fold = add(cell, "details")
    add(fold, "summary", "Details")
    items = add(fold, "ul")
    for line in lines:
        add(items, "li", line)
    for one in before:
        add(add(items, "li", "after "), "a", one.id, href=f"#{anchors[one.id]}")


def add_fields(cell: Element, fields: Sequence[FieldChange]) -> None:
    """The fields that differ, each before and after; the end of a long list is folded."""
    if not fields:
        return
    add_values(add(cell, "ul"), fields[:MOST_FIELDS])
    rest = fields[MOST_FIELDS:]
    if rest:
        fold = add(cell, "details")
        add(fold, "summary", f"{len(rest)} more")
        add_values(add(fold, "ul"), rest)


def add_values(items: Element, fields: Sequence[FieldChange]) -> None:
    """Fields with their values."""
    for field in fields:
        item = add(items, "li")
        add(item, "span", f"{field.path}:")
        add_difference(item, field.before, field.after)


def add_difference(parent: Element, before: object, after: object) -> None:
    """A value before and after; only the new one if there was none."""
    if before is not None:
        add(add(parent, "del"), "code", value_text(before))
        add(parent, "span", "→")
    add(add(parent, "ins"), "code", value_text(after))


def add_drift(main: Element, drift: Sequence[Drift]) -> None:
    """Drift, as a table."""
    if not drift:
        return
    section = add(main, "section", class_="drift")
    add(section, "h2", DRIFT)
    body = add_table(section, ("Address", "Difference"))
    for each in drift:
        row = add(body, "tr")
        add(row, "td", each.address, class_="what")
        cell = add(row, "td")
        add(cell, "span", f"{each.path}:")
        add_difference(cell, each.before, each.after)


def add_list(main: Element, title: str, sentences: Sequence[str]) -> None:
    """A titled list of sentences, if there are any."""
    if sentences:
        section = add(main, "section")
        add(section, "h2", title)
        add_sentences(section, sentences)


def add_submits(main: Element, submits: Mapping[str, str]) -> None:
    """The submit description of each HTCondor job, folded."""
    if not submits:
        return
    section = add(main, "section")
    add(section, "h2", "Submit descriptions for HTCondor")
    for change, text in submits.items():
        fold = add(section, "details")
        add(fold, "summary", change)
        add(fold, "pre").text = "".join(f"{safe(line)}\n" for line in text.splitlines())
