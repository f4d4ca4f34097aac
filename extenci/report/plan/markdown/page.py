"""A plan as Markdown, fit for a comment on a pull request, at any size.

What is too much for one comment is counted, by service and action, and never left out without a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from extenci.model.plan import Change, Drift, Plan
from extenci.model.text import counted, listed
from extenci.report.plan.markdown.room import Page, choose, length
from extenci.report.plan.phrases import (
    AWAITED,
    UNREAD,
    awaited_sentences,
    counts_phrase,
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

LONGEST = 64_000
"""Characters of a comment: GitHub takes 65,536, and pipelines add a line of their own."""
LONGEST_TEXT = 500
"""Characters of one sentence, reason or detail; more are cut."""
TAIL = 1000
"""Characters that are kept free for what is said about parts that do not fit."""
TABLE = "| | Address | Change | Reason |\n|---|---|---|---|"


def plan_markdown(view: PlanView) -> str:
    """The plan as `extenci plan --format markdown` prints it."""
    return render_markdown(view.plan, view.submits or {})


def render_markdown(plan: Plan, submits: Mapping[str, str] | None = None, *, longest: int = LONGEST) -> str:
    """The plan as Markdown of at most `longest` characters (at least 4,000): a summary as its heading, a
    table for each service, details to unfold. Of what does not fit, dangerous changes are shown first, and
    the rest is counted."""
    page = Page(longest)
    for text in heading_parts(plan):
        page.add(text)
    blocked = [f"{each.action} {each.address}: {each.reason}" for each in plan.blocked]
    for title, sentences in (
        ("Over a limit: refused without `--force`", plan.refusals),
        ("Blocked", blocked),
        (UNREAD, [str(one) for one in plan.unread]),
        (AWAITED, awaited_sentences(plan)),
        ("Warnings", plan.warnings),
    ):
        add_sentences(page, title, sentences, longest // 10)
    add_tables(page, plan)
    add_details(page, plan)
    add_drift(page, plan.drift)
    add_submits(page, submits or {})
    return str(page)


def heading_parts(plan: Plan) -> Iterator[str]:
    """The summary, the stack and its services."""
    if plan.is_empty:
        places = len({each.address for each in plan.drift})
        drift = f"drift at {places} address{'' if places == 1 else 'es'}" if places else "no drift"
        yield f"### extenci plan: {drift if plan.drift_only else 'nothing to do'}"
        yield markdown(nothing_to_do(plan))
        return
    yield f"### extenci plan: {markdown(summary_phrase(plan))}"
    verb = "Destroys stack" if plan.destroy else "Stack"
    yield f"{verb} {markdown(plan.stack)} on {markdown(services_text(plan))}."


def add_sentences(page: Page, title: str, sentences: Sequence[str], room: int) -> None:
    """A titled list that takes at most so many characters, or nothing."""
    if not sentences:
        return
    lines = [f"- {shown(sentence)}" for sentence in sentences]
    chosen = choose(lines, room - len(title) - 20)
    more = len(lines) - len(chosen)
    rest = [f"- … and {more} more"] if more else []
    page.add("\n".join([f"**{title}**", "", *(lines[place] for place in chosen), *rest]))


def add_tables(page: Page, plan: Plan) -> None:
    """A table for each service, as large as it may be so that each has its share of the page."""
    services = by_service(plan)
    least = {name: length(table(name, changes, [])) for name, changes in services.items()}
    shown_services = list(services)
    while len(shown_services) > 1 and sum(least[name] for name in shown_services) > page.left - 2 * TAIL:
        shown_services.pop()
    for place, name in enumerate(shown_services):
        slack = page.left - 2 * TAIL - sum(least[other] for other in shown_services[place:])
        room = least[name] + max(0, slack) // (len(shown_services) - place)
        page.add(table_that_fits(name, services[name], room))
    folded = [change for change in plan.changes if change.address.service not in shown_services]
    if folded:
        number = counted(len(services) - len(shown_services), "more service")
        page.add(f"**On {number}:** {markdown(counts_phrase(folded))}.")


def by_service(plan: Plan) -> dict[str, list[Change]]:
    """The changes of each service that has some, in the order of the services."""
    found: dict[str, list[Change]] = {name: [] for name in plan.services}
    for change in plan.changes:
        found.setdefault(change.address.service, []).append(change)
    return {name: changes for name, changes in found.items() if changes}


def table_that_fits(service: str, changes: Sequence[Change], room: int) -> str:
    """A service's table of at most so many characters. Dangerous changes come before others."""
    rows = [change_row(change) for change in changes]
    whole = table(service, changes, range(len(rows)), rows)
    if length(whole) <= room:
        return whole
    ranks = [0 if change.action.effect.is_dangerous else 1 for change in changes]
    chosen = choose(rows, room - length(table(service, changes, [])) - len(TABLE) - 20, ranks)
    return table(service, changes, chosen, rows)


def table(service: str, changes: Sequence[Change], chosen: Sequence[int], rows: Sequence[str] = ()) -> str:
    """A service's heading, its chosen rows, and the number of the others by action."""
    parts = [f"#### {markdown(service)}"]
    if chosen:
        parts.append("\n".join([TABLE, *(rows[place] for place in chosen)]))
    picked = set(chosen)
    rest = [change for place, change in enumerate(changes) if place not in picked]
    if rest:
        more = "more, not shown here" if chosen else "too many to be shown here"
        parts.append(f"_{counted(len(rest), 'change')} {more}: {markdown(counts_phrase(rest))}._")
    return "\n\n".join(parts)


def change_row(change: Change) -> str:
    """One change as a row."""
    cells = (shown(cell) for cell in (change.address, headline(change), change.reason))
    return f"| {change.action.effect.symbol} | {' | '.join(cells)} |"


def add_details(page: Page, plan: Plan) -> None:
    """The details and fields of each change, folded by service."""
    left_out: list[Change] = []
    services = by_service(plan)
    for name, changes in services.items():
        blocks = [(change, "\n".join(lines)) for change in changes if (lines := change_details(plan, change))]
        title = f"Details of {markdown(name)}" if len(services) > 1 else "Details"
        chosen = choose([text for _, text in blocks], page.left - TAIL - length(fold(title, "")))
        if chosen:
            page.add(fold(title, "\n".join(blocks[place][1] for place in chosen)))
        picked = set(chosen)
        left_out += [change for place, (change, _) in enumerate(blocks) if place not in picked]
    if left_out:
        page.add(f"_Details are not shown here of {markdown(counts_phrase(left_out))}._")


def change_details(plan: Plan, change: Change) -> list[str]:
    """A change's details and fields as a nested list; nothing if it has none."""
    texts = [*details(plan, change), *(field_text(field) for field in change.fields)]
    title = f"- {markdown(change.address)}: {shown(headline(change))}"
    return [title, *(f"  - {shown(text)}" for text in texts)] if texts else []


def add_drift(page: Page, drift: Sequence[Drift]) -> None:
    """The drift, folded; what does not fit is counted by service."""
    if not drift:
        return
    lines = [f"- {markdown(each.address)} {shown(drift_text(each))}" for each in drift]
    title = f"Drift ({len(drift)})"
    chosen = choose(lines, page.left - TAIL // 2 - length(fold(title, "")))
    if chosen:
        page.add(fold(title, "\n".join(lines[place] for place in chosen)))
    rest = [each for place, each in enumerate(drift) if place not in set(chosen)]
    if rest:
        numbers = dict.fromkeys((each.address.service for each in rest), 0)
        for each in rest:
            numbers[each.address.service] += 1
        places = listed([f"{number} on {name}" for name, number in numbers.items()], most=8)
        page.add(f"_Drift that is not shown here: {markdown(places)}._")


def add_submits(page: Page, submits: Mapping[str, str]) -> None:
    """The submit description of each HTCondor job, as a folded block of code, as far as they fit."""
    left_out = 0
    for change, text in submits.items():
        code = "\n".join(f"    {safe(line)}" for line in text.splitlines())
        block = fold(f"Submit description of {markdown(change)}", code)
        if page.fits(block, 100):
            page.add(block)
        else:
            left_out += 1
    if left_out:
        page.add(f"_{counted(left_out, 'submit description')} not shown here._")


def fold(title: str, content: str) -> str:
    """Text that the reader can unfold."""
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"


def shown(text: object) -> str:
    """A text, cut where it is long."""
    whole = str(text)
    return markdown(whole if len(whole) <= LONGEST_TEXT else f"{whole[: LONGEST_TEXT - 1]}…")
