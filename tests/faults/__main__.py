"""`python -m tests.faults`: commands are killed, failed and deceived, and what is there then is counted.

Prints a table, and broken promises with the commands that repeat their tries. Exits with 1 if there is one.
"""

from __future__ import annotations

import argparse
import secrets
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.faults.case import Case
from tests.faults.known import KNOWN
from tests.faults.laboratory import (
    HTCondorMissing,
    Laboratory,
    choose,
    draw,
    pool_for,
    read_try,
    without_condor,
)
from tests.faults.report import Report
from tests.faults.table import render


def main() -> int:
    arguments = _parse()
    known = [one.cases for one in KNOWN] if arguments.new else []
    cases = choose(arguments.scenario, without=[*arguments.without, *known])
    if arguments.list:
        sys.stdout.write("".join(f"{case}\n" for case in cases))
        return 0
    repeated = [read_try(one) for one in arguments.try_]
    cases = [case for case, _ in repeated] or cases
    if not cases:
        sys.stderr.write("No such scenario; --list names them.\n")
        return 1
    if arguments.no_condor:
        cases = without_condor(cases)
    seed = arguments.seed if arguments.seed is not None else secrets.randbelow(1_000_000)
    sys.stderr.write(f"seed {seed}, {len(cases)} cases\n")
    return _run(arguments, cases, iter(repeated) if repeated else draw(cases, seed))


def _run(arguments: argparse.Namespace, cases: Sequence[Case], tries: Iterator[tuple[Case, int]]) -> int:
    seconds = float("inf") if arguments.try_ else arguments.minutes * 60
    teller = _Teller(arguments.log, is_all=bool(arguments.try_))
    laboratory = Laboratory(tries, arguments.jobs, teller.tell)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: laboratory.stopped.set())
    try:
        with pool_for(cases) as pool:
            reports = laboratory.run(seconds, pool)
    except HTCondorMissing as missing:
        sys.stderr.write(f"{missing}\nWith --no-condor, the cases that need none are tried.\n")
        return 1
    broken = [one for one in reports if one.findings]
    sys.stdout.write(render(reports, markdown=arguments.markdown))
    for one in broken:
        found = "; ".join(f"{each.kind}: {each.text[:200]}" for each in one.findings)
        sys.stdout.write(f"\n{one.case}: {found}\n    {one.repeat}\n")
    return int(bool(broken))


class _Teller:
    """Tells of tries as they end, and keeps the whole story of those that broke something."""

    def __init__(self, folder: Path | None, *, is_all: bool) -> None:
        self._folder, self._is_all, self._lock = folder, is_all, threading.Lock()
        self._count, self._begun = 0, time.monotonic()

    def tell(self, report: Report) -> None:
        with self._lock:
            self._count += 1
            broken = ", ".join(f"{one.kind}: {one.text[:160]}" for one in report.findings)
            sys.stderr.write(
                f"{time.monotonic() - self._begun:6.0f} s {self._count:4} {report.seconds:5.1f} s "
                f"{report.name} ({report.about}) {broken or 'ok'}\n"
            )
            if self._folder is not None and (report.findings or self._is_all):
                self._folder.mkdir(parents=True, exist_ok=True)
                name = f"{report.case.replace('/', '_')}_{report.seed}.txt"
                (self._folder / name).write_text(f"{report}\n\n" + "\n".join(report.calls) + "\n")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=5.0, metavar="N", help="how long (default: 5)")
    parser.add_argument("--seed", type=int, metavar="S", help="draws the tries (default: a new one)")
    parser.add_argument(
        "--scenario",
        action="append",
        default=[],
        metavar="NAME",
        help="only these: a scenario, a case, or a pattern of them; may be given several times",
    )
    parser.add_argument(
        "--without", action="append", default=[], metavar="NAME", help="not these, named likewise"
    )
    parser.add_argument(
        "--new", action="store_true", help="not those that a known defect may strike (known.py)"
    )
    parser.add_argument(
        "--try", dest="try_", action="append", default=[], metavar="CASE:SEED", help="make one try again"
    )
    parser.add_argument("--jobs", type=int, default=4, metavar="N", help="tries at a time (default: 4)")
    parser.add_argument("--no-condor", action="store_true", help="leave out what needs HTCondor")
    parser.add_argument("--list", action="store_true", help="only print the names of the cases")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument(
        "--log",
        type=Path,
        metavar="FOLDER",
        help="write down the tries that broke something, or that --try names, call by call",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
