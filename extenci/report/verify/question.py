"""A question to a person: does this test VM work?"""

from __future__ import annotations

from extenci.model.verdict import Question
from extenci.report.text.palette import PLAIN, Palette
from extenci.report.text.quantities import duration
from extenci.report.text.safe import safe


def render_question(question: Question, *, palette: Palette = PLAIN, is_brief: bool = False) -> str:
    """The test VM's address, how to log in, the result of its checks, the answers, and how long it waits."""
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
    "yes: it works, and stays staged. no: it does not, and is unstaged.",
    "Either answer ends the test VM.",
)


def all_answers(question: Question) -> tuple[str, ...]:
    """The meaning of each answer."""
    return (
        "yes: it works. no: it does not. Either ends it. keep: no, but let it run.",
        f"wait: it runs for {duration(question.seconds)}; answer with `extenci confirm` until then.",
    )
