"""What an apply did and did not do, as text: the end of the command's output."""

from __future__ import annotations

from collections.abc import Sequence

from extenci.model.action import Action
from extenci.model.outcome import Outcome, Result, Status
from extenci.model.plan import Change
from extenci.model.text import counted
from extenci.report.plan.phrases import SUMMARY_ORDER, headline, noun_of
from extenci.report.result.outcomes import outcomes_of
from extenci.report.text.palette import PLAIN, Palette
from extenci.report.text.quantities import duration
from extenci.report.text.safe import lines_of, safe

TITLES = {
    Status.FAILED: "Failed",
    Status.WAITING: "Waiting for a person",
    Status.BLOCKED: "Not done, since something before it is not done",
    Status.SKIPPED: "Not begun, or given up, since the run was interrupted",
}


def render_result(result: Result, *, palette: Palette = PLAIN, width: int = 80) -> str:
    """What failed and why, what was therefore not done, and one line that sums it up."""
    found = outcomes_of(result)
    sections = [
        *(outcome_lines(status, found, palette, width) for status in TITLES),
        blocked_lines(result, palette, width),
        unrecorded_lines(result, palette, width),
        [palette.paint(palette.good if result.ok else palette.alarm, summary(result))],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def outcome_lines(
    status: Status, found: Sequence[tuple[Change, Outcome]], palette: Palette, width: int
) -> list[str]:
    """All changes that came to one end, with what is known of why."""
    same = [(change, outcome) for change, outcome in found if outcome.status is status]
    if not same:
        return []
    code = palette.alarm if status is Status.FAILED else palette.warning
    lines = [palette.paint(code, f"{TITLES[status]}:")]
    for change, outcome in same:
        lines.append(f"  {safe(change.id)}: {headline(change)}")
        lines += lines_of(outcome.message, width, " " * 6) + lines_of(outcome.hint, width, " " * 6)
    return lines


def blocked_lines(result: Result, palette: Palette, width: int) -> list[str]:
    """What the plan itself did not undertake."""
    if not result.plan.blocked:
        return []
    lines = [palette.paint(palette.warning, "Blocked from the start:")]
    for each in result.plan.blocked:
        lines += [f"  {each.action} {safe(each.address)}", *lines_of(each.reason, width, " " * 6)]
    return lines


def unrecorded_lines(result: Result, palette: Palette, width: int) -> list[str]:
    """That the catalog knows less than was done: what follows from it depends on the services' tags."""
    if not result.unrecorded:
        return []
    title = palette.paint(palette.alarm, "Done, but not recorded in the catalog:")
    hint = "Mend the catalog, then apply again: what was done is found by its tags and by the journal."
    return [title, *lines_of(result.unrecorded, width, "  "), *lines_of(hint, width, "  ")]


def summary(result: Result) -> str:
    """`Applied in 12 s: 1 image staged, 3 machines launched.`, or what was not."""
    found = outcomes_of(result)
    done = (
        ", ".join(filter(None, (done_phrase(found, action) for action in SUMMARY_ORDER)))
        or "nothing was finished"
    )
    undone = ", ".join(
        f"{number} {status}"
        for status in TITLES
        if (number := sum(outcome.status is status for _, outcome in found)
            + (len(result.plan.blocked) if status is Status.BLOCKED else 0))
    )  # fmt: skip
    verb = "Applied in" if result.ok else "Not fully applied after"
    return f"{verb} {duration(result.seconds)}: {done}{'; ' + undone if undone else ''}."


def done_phrase(found: Sequence[tuple[Change, Outcome]], action: Action) -> str:
    """`3 machines launched`; "" where no such change was done."""
    done = [change for change, outcome in found if change.action is action and outcome.status is Status.DONE]
    if not done:
        return ""
    return f"{counted(sum(change.count for change in done), noun_of(done))} {action.past}"
