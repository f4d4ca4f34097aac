"""The table of a run: tries by command, by fault and by way, and what they broke."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from tests.faults.report import Kind, Report, counts

HEAD = ("", "tries", "kills", "failed calls", *Kind, "s/try")


def render(reports: Sequence[Report], *, markdown: bool = False) -> str:
    """Rows by command, by fault, by way to stage and to launch, and all."""
    lines: list[tuple[str, ...]] = []
    for place in (0, 3, (1, 2)):
        groups: dict[str, list[Report]] = defaultdict(list)
        for one in reports:
            parts = one.case.split("/")
            places = place if isinstance(place, tuple) else (place,)
            groups[", ".join(parts[each] for each in places)].append(one)
        lines += [_row(name, groups[name]) for name in sorted(groups)]
        lines.append(("",) * len(HEAD))
    lines.append(_row("all", reports))
    return _markdown(lines) if markdown else _columns(lines)


def _row(name: str, reports: Sequence[Report]) -> tuple[str, ...]:
    broken = counts(reports)
    seconds = sum(one.seconds for one in reports) / max(1, len(reports))
    return (
        name,
        str(len(reports)),
        str(sum(len(one.killed_at) for one in reports)),
        str(sum(one.failed_calls for one in reports)),
        *(str(broken[kind]) for kind in Kind),
        f"{seconds:.0f}",
    )


def _columns(lines: Sequence[Sequence[str]]) -> str:
    whole = [HEAD, *lines]
    widths = [max(len(cell) for cell in column) for column in zip(*whole, strict=True)]
    return "".join(
        f"{line[0]:<{widths[0]}}  "
        + "  ".join(f"{cell:>{width}}" for cell, width in zip(line[1:], widths[1:], strict=True)).rstrip()
        + "\n"
        for line in whole
    )


def _markdown(lines: Sequence[Sequence[str]]) -> str:
    rows = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([f"| {' | '.join(HEAD)} |", f"|---|{'---:|' * (len(HEAD) - 1)}", *rows]) + "\n"
