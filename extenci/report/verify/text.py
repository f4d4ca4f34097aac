"""Results of verification as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from extenci.model.text import counted
from extenci.model.verdict import Evidence, MachineReport, Verdict, VerifyResult, reason_of
from extenci.report.text.palette import PLAIN, Palette
from extenci.report.text.quantities import duration
from extenci.report.text.safe import lines_of, safe

WORDS = {
    Verdict.PASSED: "passed",
    Verdict.FAILED: "failed",
    Verdict.WAITING: "waits for a person",
    Verdict.EXPIRED: "expired",
}

OUTPUT_LINES = 10
"""Lines of a failed check's output that are shown; its file has all of them."""


def render_results(results: Sequence[VerifyResult], *, palette: Palette = PLAIN, width: int = 80) -> str:
    """Each version with its checks and, where it did not pass, the reason and the end of the console's
    output; then one line that sums it up."""
    sections = ["\n".join(result_lines(one, palette, width)) for one in results]
    worst = palette.good if all(one.verdict is Verdict.PASSED for one in results) else palette.warning
    code = palette.alarm if any(one.verdict is Verdict.FAILED for one in results) else worst
    return "\n\n".join([*sections, palette.paint(code, summary(results))]) + "\n"


def result_lines(result: VerifyResult, palette: Palette, width: int) -> Iterator[str]:
    """One version."""
    code = {Verdict.PASSED: palette.good, Verdict.FAILED: palette.alarm}.get(result.verdict, palette.warning)
    word = palette.paint(code, WORDS[result.verdict])
    yield f"{palette.paint(palette.heading, safe(result.address))} {word}"
    yield from machine_lines(result)
    if result.report is not None:
        for evidence in result.report.evidence:
            yield from evidence_lines(evidence, palette, width)
    yield from lines_of(untold_reason(result), width, "  ")
    if result.report is not None:
        yield from console_lines(result, result.report, palette)
        if result.report.folder:
            yield f"  Evidence: {safe(result.report.folder)}"


def untold_reason(result: VerifyResult) -> str:
    """The reason of a verdict, without the failed check that stands above it."""
    evidence = result.report.evidence if result.report else ()
    failed = [one for one in evidence if not one.passed]
    told = reason_of(failed, len(evidence)) if failed else ""
    return result.decision.reason.removeprefix(told).strip()


def machine_lines(result: VerifyResult) -> Iterator[str]:
    """The test VM, and how to log in while it still runs."""
    if result.machine:
        booted = result.report.boot_seconds if result.report else None
        answered = f", answered after {duration(booted)}" if booted is not None else ""
        place = f" at {safe(result.host)}" if result.host else ""
        yield f"  test VM {safe(result.machine)}{place}{answered}"
    if result.login and (result.kept or result.verdict is Verdict.WAITING):
        yield f"  log in: {safe(result.login)}"


def evidence_lines(evidence: Evidence, palette: Palette, width: int) -> Iterator[str]:
    """`ok` or `FAIL` and the check; where it failed, its message and the end of its output."""
    mark = (
        palette.paint(palette.good, "  ok  ") if evidence.passed else palette.paint(palette.alarm, "  FAIL")
    )
    time = palette.paint(palette.faint, f" ({duration(evidence.seconds)})") if evidence.tries else ""
    yield f"{mark} {safe(evidence.check)}{time}"
    if evidence.passed:
        return
    tries = f", {evidence.tries} tries" if evidence.tries > 1 else ""
    yield from lines_of(f"{safe(evidence.message)}{tries}", width, " " * 7)
    # The console's own output is shown once, below.
    if evidence.output and evidence.kind != "console":
        for line in evidence.output.splitlines()[-OUTPUT_LINES:]:
            yield palette.paint(palette.faint, f"       | {safe(line)}")


def console_lines(result: VerifyResult, report: MachineReport, palette: Palette) -> Iterator[str]:
    """The end of the console's output, where the version failed."""
    if result.verdict is not Verdict.FAILED:
        return
    if not report.console_end:
        yield "  The console shows nothing."
        return
    yield "  The end of the console's output:"
    for line in report.console_end.splitlines():
        yield palette.paint(palette.faint, f"  | {safe(line)}")


def summary(results: Sequence[VerifyResult]) -> str:
    """`2 versions verified: 1 passed, 1 failed.`"""
    if not results:
        return "Nothing was verified."
    counts = {verdict: sum(one.verdict is verdict for one in results) for verdict in Verdict}
    parts = [f"{count} {verdict}" for verdict, count in counts.items() if count]
    return f"{counted(len(results), 'version')} verified: {', '.join(parts)}."
