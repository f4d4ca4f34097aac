"""The result of an apply as text: the end of the command's output."""

from __future__ import annotations

from collections.abc import Sequence

from extenci.model.action import Action
from extenci.model.outcome import Outcome, Result, Status
from extenci.model.plan import Change
from extenci.model.text import counted
from extenci.report.plan.phrases import SUMMARY_ORDER, headline, noun_of
from extenci.report.result.outcomes import outcomes_of
from extenci.report.result.statuses import UNDONE, title_of
from extenci.report.text.palette import PLAIN, Palette
from extenci.report.text.quantities import duration
from extenci.report.text.safe import lines_of, safe


def render_result(result: Result, *, palette: Palette = PLAIN, width: int = 80) -> str:
    """The failures with their reasons, the changes that were not done because of them, and a summary in one
    line."""
    found = outcomes_of(result)
    sections = [
        *(outcome_lines(status, found, palette, width) for status in UNDONE),
        blocked_lines(result, palette, width),
        unread_lines(result, palette, width),
        unrecorded_lines(result, palette, width),
        [palette.paint(palette.good if result.ok else palette.alarm, summary(result))],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def outcome_lines(
    status: Status, found: Sequence[tuple[Change, Outcome]], palette: Palette, width: int
) -> list[str]:
    """All changes of one status, with their messages and hints."""
    same = [(change, outcome) for change, outcome in found if outcome.status is status]
    if not same:
        return []
    code = palette.alarm if status is Status.FAILED else palette.warning
    lines = [palette.paint(code, f"{title_of(status)}:")]
    for change, outcome in same:
        lines.append(f"  {safe(change.id)}: {headline(change)}")
        lines += lines_of(outcome.message, width, " " * 6) + lines_of(outcome.hint, width, " " * 6)
    return lines


def blocked_lines(result: Result, palette: Palette, width: int) -> list[str]:
    """The changes that were blocked in the plan."""
    if not result.plan.blocked:
        return []
    lines = [palette.paint(palette.warning, "Blocked in the plan:")]
    for each in result.plan.blocked:
        lines += [f"  {each.action} {safe(each.address)}", *lines_of(each.reason, width, " " * 6)]
    return lines


def unread_lines(result: Result, palette: Palette, width: int) -> list[str]:
    """The services that could not be read, on which nothing was done."""
    if not result.plan.unread:
        return []
    lines = [palette.paint(palette.alarm, "Left out, so nothing was done there:")]
    for each in result.plan.unread:
        lines += [
            f"  {safe(each.service)}",
            *lines_of(each.message, width, " " * 6),
            *lines_of(each.hint, width, " " * 6),
        ]
    return lines


def unrecorded_lines(result: Result, palette: Palette, width: int) -> list[str]:
    """A warning that changes were made and could not be recorded in the catalog."""
    if not result.unrecorded:
        return []
    title = palette.paint(palette.alarm, "Done, but not recorded in the catalog:")
    hint = "Repair the catalog, then apply again: the tags and the journal tell what was done."
    return [title, *lines_of(result.unrecorded, width, "  "), *lines_of(hint, width, "  ")]


def summary(result: Result) -> str:
    """`Applied in 12 s: 1 image staged, 3 machines launched.`, and the number of changes not done."""
    found = outcomes_of(result)
    done = (
        ", ".join(filter(None, (done_phrase(found, action) for action in SUMMARY_ORDER)))
        or "nothing was finished"
    )
    undone = ", ".join(
        f"{number} {status}"
        for status in UNDONE
        if (number := sum(outcome.status is status for _, outcome in found)
            + (len(result.plan.blocked) if status is Status.BLOCKED else 0))
    )  # fmt: skip
    verb = "Applied in" if result.ok else "Not fully applied after"
    return f"{verb} {duration(result.seconds)}: {done}{'; ' + undone if undone else ''}."


def done_phrase(found: Sequence[tuple[Change, Outcome]], action: Action) -> str:
    """`3 machines launched`; "" if no such change was done."""
    done = [change for change, outcome in found if change.action is action and outcome.status is Status.DONE]
    if not done:
        return ""
    return f"{counted(sum(change.count for change in done), noun_of(done))} {action.past}"
