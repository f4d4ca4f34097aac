"""Text that may be longer than the terminal."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

from extenci.cli.terminal import write_result

LESS = "FRX"
"""Quit where one screen is enough, keep colours, leave the text on the screen."""


def show_text(text: str) -> None:
    """Show a text in $PAGER (else `less`) on a terminal; write it where there is none, or no such program."""
    words = shlex.split(os.environ.get("PAGER") or "less")
    if words and sys.stdin.isatty() and sys.stdout.isatty():
        try:
            environment = {"LESS": LESS, **os.environ}
            subprocess.run(words, input=text.encode(), env=environment, check=False)
        except OSError:
            pass
        else:
            return
    write_result(text)
