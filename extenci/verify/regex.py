"""Regular expressions of specs, with a time limit: some patterns take forever on some texts, and only another
process can be ended then. It ends itself, too, lest it outlive this one."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from enum import Enum

from extenci.verify.halt import Halt

PATIENCE = 5.0
"""Seconds that one search may take."""

LARGEST = 1 << 20
"""Characters of a text that are searched: the last ones."""

_PROGRAM = """
import json, re, resource, sys, warnings
warnings.simplefilter("ignore")
pattern, text, seconds = json.load(sys.stdin)
resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
sys.exit(10 if re.search(pattern, text, re.MULTILINE) else 11)
"""


class SearchResult(Enum):
    """The result of a search."""

    YES = 10
    NO = 11
    TOO_SLOW = 0


def search(pattern: str, text: str, halt: Halt, seconds: float = PATIENCE) -> SearchResult:
    """Search a text for a pattern; `^` and `$` match at lines. The result is TOO_SLOW after `seconds` or
    PATIENCE, whichever is less, or when `halt` is set."""
    end = time.monotonic() + min(seconds, PATIENCE)
    with tempfile.TemporaryFile() as content:
        content.write(json.dumps([pattern, text[-LARGEST:], int(PATIENCE) + 1]).encode())
        content.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _PROGRAM],
            stdin=content,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    while True:
        try:
            status = process.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            if not halt.is_set and time.monotonic() < end:
                continue
            process.kill()
            process.wait()
            return SearchResult.TOO_SLOW
        return SearchResult(status) if status in (10, 11) else SearchResult.TOO_SLOW
