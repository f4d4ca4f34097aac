"""Regular expressions of specs, with a time limit: some patterns take forever on some texts, and only another
process can be ended then."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from enum import Enum

from extenci.verify.halt import Halt

PATIENCE = 5.0
"""Seconds that one search may take."""

LARGEST = 1 << 20
"""Characters of a text that are searched: the last ones."""

_PROGRAM = """
import json, re, sys, warnings
warnings.simplefilter("ignore")
pattern, text = json.load(sys.stdin)
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
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + min(seconds, PATIENCE)
    content: bytes | None = json.dumps([pattern, text[-LARGEST:]]).encode()
    while True:
        try:
            process.communicate(content, timeout=0.1)
            break
        except subprocess.TimeoutExpired:
            content = None
            if halt.is_set or time.monotonic() > end:
                process.kill()
                process.communicate()
                return SearchResult.TOO_SLOW
    return SearchResult(process.returncode) if process.returncode in (10, 11) else SearchResult.TOO_SLOW
