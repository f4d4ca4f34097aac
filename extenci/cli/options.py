"""The arguments and options that several commands share, and their types."""

from __future__ import annotations

import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from extenci.report.plan.formats import FORMATS

SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
TRUST = "EXTENCI_TRUST"
DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([smh]?)")


class Format(StrEnum):
    """How a command prints its result."""

    TEXT = "text"
    JSON = "json"


class RunFormat(StrEnum):
    """How a command that carries out a plan prints what it does."""

    TEXT = "text"
    JSON = "json"
    EVENTS = "events"


class VerifyFormat(StrEnum):
    """How the result of verifying images is printed."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


def parse_duration(text: str | float) -> float:
    """Seconds: `30`, `30s`, `5m`, `1.5h`. Typer passes the default, a number, too."""
    found = DURATION.fullmatch(str(text))
    if not found:
        raise typer.BadParameter(f"{text!r} is not a duration such as 30, 30s, 5m or 1h.")
    return float(found[1]) * SECONDS[found[2]]


def add_trust(words: list[str] | None) -> list[str] | None:
    """Add words to those that the environment trusts."""
    if words:
        os.environ[TRUST] = " ".join((os.environ.get(TRUST, ""), *words)).strip()
    return words


def parse_plan_format(text: str) -> str:
    """The name of a format of plans."""
    if text not in FORMATS:
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(FORMATS)}.")
    return text


Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="PATH",
        help="Spec files, or folders of them. Default: the current folder.",
        show_default=False,
    ),
]
ServiceName = Annotated[
    str | None, typer.Option("--service", metavar="SERVICE", help="Only what is on this service.")
]
Targets = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        metavar="ADDRESS",
        help="Only this image or group, as SERVICE/NAME. Can be given several times.",
        show_default=False,
    ),
]
Excluded = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="ADDRESS",
        help="Leave this image or group as it is, and what cannot be done without it. Can be given several "
        "times.",
        show_default=False,
    ),
]
Trusted = Annotated[
    list[str] | None,
    typer.Option(
        "--trust",
        metavar="WORDS",
        callback=add_trust,
        help="Endpoints and credentials that the specs' own service files may use, this once. See "
        "`extenci trust --help`.",
        show_default=False,
    ),
]
MachineAddress = Annotated[
    str,
    typer.Argument(
        metavar="ADDRESS",
        help="SERVICE/NAME of a group, or of an image whose test VM waits; one of several as "
        "SERVICE/NAME[N], counted from 0 in the order of their ids.",
        show_default=False,
    ),
]
MachineId = Annotated[
    str | None, typer.Option("--machine", metavar="ID", help="The one of several with this id.")
]
RootFolder = Annotated[
    Path | None,
    typer.Option("--root", metavar="PATH", help="The folder of the specs. Default: the current one."),
]
Force = Annotated[bool, typer.Option("--force", help="Exceed the limits of the services.")]
AutoApprove = Annotated[
    bool,
    typer.Option(
        "--auto-approve", "-y", help="Do not ask for confirmation; needed where there is no terminal."
    ),
]
Parallelism = Annotated[
    int,
    typer.Option(
        "--parallelism", min=1, max=64, metavar="N", help="The number of changes carried out at a time."
    ),
]
LockTimeout = Annotated[
    float,
    typer.Option(
        "--lock-timeout",
        parser=parse_duration,
        metavar="DURATION",
        help="How long to wait for another apply to end, such as 30s, 5m or 1h. Default: not at all.",
        show_default=False,
    ),
]
Output = Annotated[Format, typer.Option("--format", help="How the result is printed.")]
RunOutput = Annotated[
    RunFormat,
    typer.Option(
        "--format",
        help="How the result is printed: as text, as one JSON document, or as events, one JSON object a line "
        "while it is at work (see `extenci schema events`).",
    ),
]
VerifyOutput = Annotated[VerifyFormat, typer.Option("--format", help="How the result is printed.")]
Raw = Annotated[
    bool,
    typer.Option(
        "--raw",
        help="Stage it although its content is not known: no boot sector, partition table or file system, or "
        "one that reaches past its end.",
    ),
]
StackName = Annotated[
    str | None,
    typer.Option(
        "--stack", metavar="NAME", help="The stack of the image. Default: that of the extenci.yaml here."
    ),
]
PlanFormat = Annotated[
    str,
    typer.Option(
        "--format",
        parser=parse_plan_format,
        metavar=f"[{'|'.join(FORMATS)}]",
        autocompletion=lambda: list(FORMATS),
        help="How the plan is printed.",
    ),
]
