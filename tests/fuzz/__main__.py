"""`python -m tests.fuzz`: every reader of extenci gets hostile inputs, and what it makes of them is judged.

Prints a table, and for each finding the seed that makes its input again. Exits with 1 if there is one.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from collections import Counter
from pathlib import Path

from tests.fuzz.campaign import Row, fuzz, table
from tests.fuzz.corpus import keep
from tests.fuzz.readers import READERS


def main() -> int:
    arguments = _parse()
    unknown = set(arguments.reader) - set(READERS)
    if arguments.list or unknown:
        sys.stdout.write("".join(f"{name}\n" for name in READERS))
        return int(bool(unknown))
    seed = arguments.seed if arguments.seed is not None else secrets.randbelow(1_000_000)
    sys.stderr.write(f"seed {seed}\n")
    chosen = [READERS[name] for name in arguments.reader or READERS]
    rows = fuzz(chosen, arguments.inputs, seed, arguments.jobs, with_large=not arguments.quick)
    sys.stdout.write(table(rows))
    for row in rows:
        _tell(row, arguments.keep)
    return int(any(row.findings for row in rows))


def _tell(row: Row, folder: Path | None) -> None:
    kinds = Counter(finding.kind for finding in row.findings)
    shown: set[str] = set()
    for finding in row.findings:
        if finding.kind in shown:
            continue
        shown.add(finding.kind)
        kept = f", kept as {keep(row.reader, finding.data, folder)}" if folder is not None else ""
        seed = finding.seed if len(finding.seed) < 80 else "of the corpus"
        sys.stdout.write(
            f"\n{row.reader}: {finding.text} ({kinds[finding.kind]} times; seed {seed}{kept})\n"
            f"{finding.trace}"
        )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=10_000, metavar="N", help="how many (default: 10000)")
    parser.add_argument("--seed", type=int, metavar="S", help="draws the inputs (default: a new one)")
    parser.add_argument(
        "--reader",
        action="append",
        default=[],
        metavar="NAME",
        help="only this one; may be given several times",
    )
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes at a time (default: 2)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the inputs of findings there")
    parser.add_argument("--quick", action="store_true", help="leave out the large inputs")
    parser.add_argument("--list", action="store_true", help="only print the names of the readers")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
