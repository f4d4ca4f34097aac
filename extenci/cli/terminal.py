"""The two streams: what they can show, and writing to them."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Mapping
from typing import TextIO

from extenci.report.text.palette import COLOUR, PLAIN, Palette

WIDEST = 100
WITHOUT_TERMINAL = 80


def prepare_streams() -> None:
    """Make every text printable, in any locale: what cannot be shown becomes `?`. Streams that the caller
    closed (`>&-`) lead nowhere, so that no file that is opened later takes their place."""
    open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def open_closed_streams() -> None:
    """Put the null device where standard input, output or errors are closed."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != descriptor:
                os.dup2(nowhere, descriptor)
                os.close(nowhere)
            mode = "w" if descriptor else "r"
            setattr(sys, name, open(descriptor, mode, encoding="utf-8"))  # noqa: SIM115, PTH123


def palette_of(stream: TextIO) -> Palette:
    """Colours on a terminal that has them and whose user has not said NO_COLOR (no-color.org)."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb" or not stream.isatty()
    return PLAIN if plain else COLOUR


def width_of(stream: TextIO, widest: int = WIDEST) -> int:
    """Characters of a line: the terminal's, at most `widest`; 80 where there is none."""
    if stream.isatty():
        with contextlib.suppress(OSError):
            return min(os.get_terminal_size(stream.fileno()).columns or WITHOUT_TERMINAL, widest)
    return WITHOUT_TERMINAL


def write_result(text: str) -> None:
    """Write to stdout at once. A reader that has left (`| head`) is no error: the work goes on."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        silence(sys.stdout)


def write_json(document: Mapping[str, object]) -> None:
    """Write one JSON document to stdout."""
    from extenci.report.plan.json import render_json

    write_result(render_json(document))


def write_aside(text: str) -> None:
    """Write to stderr at once, where nobody may be listening any more."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:  # a closed pipe, a full disk, a terminal that is gone: no reason to stop working
        silence(sys.stderr)


def tell(line: str) -> None:
    """Write a line to stderr."""
    write_aside(f"{line}\n")


def is_yes(question: str) -> bool:
    """Ask at the terminal. `y` and `yes` mean yes; anything else, also the end of the input, means no."""
    write_aside(f"{question} [y/N] ")
    answer = sys.stdin.readline()
    if not answer.endswith("\n"):
        write_aside("\n")
    return answer.strip().lower() in {"yes", "y"}


def silence(stream: TextIO) -> None:
    """Discard the rest of a stream, so that neither writing nor the interpreter's last flush fails."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
