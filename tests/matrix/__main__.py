"""`python -m tests.matrix [ROW …]`: extenci's whole main job on clouds that nobody here wrote.

A ROW is a name or a pattern such as `moto-*`. Exits with 1 where a row failed.
"""

from __future__ import annotations

import argparse
import fnmatch
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

from tests.matrix.job.report import End, RowReport
from tests.matrix.job.whole import STOP
from tests.matrix.rows import ROWS, Row, run_row
from tests.matrix.table import detail, render


def main() -> int:
    arguments = _parse()
    rows = [row for name, row in ROWS.items() if _is_chosen(name, arguments.row)]
    if not rows:
        sys.stderr.write(f"No such row. There are: {', '.join(ROWS)}\n")
        return 1
    if arguments.list:
        sys.stdout.write("".join(f"{row.name}\n" for row in rows))
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ThreadPoolExecutor(arguments.jobs) as pool:
        running = [pool.submit(_run, row) for row in rows]
        try:
            reports = [one.result() for one in running]
        except KeyboardInterrupt:
            STOP.set()  # rows that have begun end their clouds after the step they are at
            pool.shutdown(cancel_futures=True)
            raise
    sys.stdout.write(render(reports, markdown=arguments.markdown))
    return int(any(one.end is End.FAILED for one in reports))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("row", nargs="*", metavar="ROW", help="a row, or a pattern of rows; default: all")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--list", action="store_true", help="only print the names of the rows")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="rows at a time (default: 2)")
    return parser.parse_args()


def _is_chosen(name: str, patterns: list[str]) -> bool:
    return not patterns or any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def _run(row: Row) -> RowReport:
    report = run_row(row)
    said = detail(report) if report.failures else f"{report.row}: {report.result}"
    sys.stderr.write(f"{said}\n")
    return report


if __name__ == "__main__":
    sys.exit(main())
