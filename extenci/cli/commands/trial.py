"""`extenci test-vm`, the 2011 command: stage, run, tell the IP, ask, end, unstage if the answer is no."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from extenci.cli.options import LockTimeout
from extenci.cli.progress import ProgressView
from extenci.cli.question import YES_OR_NO, asker
from extenci.cli.signals import Stopping
from extenci.cli.terminal import write_aside, write_result
from extenci.cli.verdicts import Asking, VerifyFormat, carry_out
from extenci.model.errors import Declined, UsageError
from extenci.model.outcome import Result
from extenci.model.verdict import Answer, Ask, Question


def try_vm(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A disk: raw, qcow2, VMDK, VHD, VHDX.", show_default=False)
    ],
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Where to try it.", show_default=False)],
    type_: Annotated[
        str, typer.Argument(metavar="TYPE", help="Instance type of the test VM.", show_default=False)
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Say in advance that it works.")] = False,
    no: Annotated[bool, typer.Option("--no", help="Say in advance that it does not work.")] = False,
    stack: Annotated[
        str | None,
        typer.Option(
            "--stack", metavar="NAME", help="Whose the image is. Default: as extenci.yaml here says."
        ),
    ] = None,
    lock_timeout: LockTimeout = 0.0,
    output: Annotated[
        VerifyFormat, typer.Option("--format", help="How the result is printed.")
    ] = VerifyFormat.TEXT,
) -> int:
    """Stage a disk, run it, ask you, unstage if it is no good.

    Stages FILE on SERVICE, runs a machine of TYPE from it, prints the machine's IP address, waits for you to
    say yes or no, and ends the machine. If you say no, the image is unstaged. Specs are not needed, and no
    plan touches what it stages.

    Exits with 0 if it works, else with 1. Ctrl-C ends the machine.

    \b
    Examples:
      extenci test-vm worker.raw sandbox t3.micro
      extenci test-vm worker.raw bnl m1.small --stack physics
      extenci test-vm worker.raw sandbox t3.micro --yes
    """
    from extenci import api

    answer = answer_given(yes, no)
    desired = api.desired_for_test_vm(file, service, type_, stack=stack)
    options = api.Options(lock_timeout=lock_timeout)
    tried: list[Result] = []

    def start(known: api.Options) -> Result:
        tried.append(api.try_image(desired, options=known))
        return tried[0]

    status = carry_out(start, options, output, answer, asking=announcing(output))
    if status == 0 and output is VerifyFormat.TEXT:
        write_result(staged_line(tried[0], service))
    return status


def staged_line(result: Result, service: str) -> str:
    """What the image is called on the service, by the result of trying it."""
    images = {one.verified.image for one in result.outcomes if one.verified is not None}
    return f"Staged on {service}: {', '.join(sorted(images))}\n"


def answer_given(yes: bool, no: bool) -> Answer | None:
    """The answer that was given in advance. Declined where there is none and nobody can be asked."""
    if yes and no:
        raise UsageError("--yes and --no contradict each other.", "Say one of them.")
    if not (yes or no) and not sys.stdin.isatty():
        raise Declined(
            "Nobody can be asked whether the machine works, since standard input is no terminal. Nothing was "
            "done.",
            "Give --yes or --no to answer in advance.",
        )
    return Answer.YES if yes else Answer.NO if no else None


def announcing(output: VerifyFormat) -> Asking:
    """Tells the address, which is a result, before anybody is asked for yes or no."""
    tell = write_result if output is VerifyFormat.TEXT else write_aside

    def make(answer: Answer | None, progress: ProgressView, stopping: Stopping) -> Ask | None:
        ask = asker(answer, progress, stopping, YES_OR_NO)

        def announce(question: Question) -> Answer:
            progress.pause()
            tell(f"The IP address is {question.host}\n")
            if ask is None:
                raise Declined("Nobody can be asked.", "Give --yes or --no.")
            return ask(question)

        return announce

    return make


def main() -> None:
    """The command by its old name, `extenci-test-vm`."""
    from extenci.cli.main import main as run_main

    sys.argv.insert(1, "test-vm")
    run_main()
