"""What a person is shown before being asked whether a test VM works."""

from __future__ import annotations

from extenci.model.verdict import Question
from extenci.report.text.palette import PLAIN, Palette
from extenci.report.text.quantities import duration
from extenci.report.text.safe import safe


def render_question(question: Question, *, palette: Palette = PLAIN, is_brief: bool = False) -> str:
    """Where the test VM is, how to log in, what the checks found, and how long it waits."""
    title = palette.paint(palette.heading, f"Test VM of {safe(question.address)}")
    lines = [
        title,
        f"  machine  {safe(question.machine)}, running {duration(question.boot_seconds)} after its launch",
        f"  address  {safe(question.host or 'none')}",
        *([f"  log in   {safe(question.login)}"] if question.login else []),
        f"  checks   {checks_phrase(question)}",
        *(YES_OR_NO if is_brief else all_answers(question)),
    ]
    return "\n" + "\n".join(lines) + "\n"


def checks_phrase(question: Question) -> str:
    """`3 passed`, or that there are none."""
    number = len(question.report.evidence)
    return f"{number} passed" if number else "none: the machine runs"


YES_OR_NO = (
    "Say yes: it works, and stays staged; or no: it does not, and is unstaged.",
    "The machine is ended either way.",
)


def all_answers(question: Question) -> tuple[str, ...]:
    """What each answer means."""
    return (
        "Say yes or no: it works, or it does not, and is ended. keep: no, but let it run.",
        f"wait: not now; it runs for {duration(question.seconds)}, and `extenci confirm` takes your word.",
    )
