"""`extenci test-vm`, as in 2011: stage, run, tell the IP address, ask, terminate, unstage if the answer is
no."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extenci.cli.job import Job
from extenci.cli.options import LockTimeout, Raw, StackName, Trusted, VerifyFormat, VerifyOutput
from extenci.cli.terminal import write_aside, write_result
from extenci.cli.verification import run_verification
from extenci.cli.vm_question import YES_OR_NO, given_answer, make_ask
from extenci.model.errors import Declined
from extenci.model.verdict import Answer, Ask, Question

if TYPE_CHECKING:
    from extenci.api import Options
    from extenci.model.outcome import Result


def run_test_vm(  # noqa: PLR0913, PLR0917 - a parameter for each argument and option
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A disk: raw, qcow2, VMDK, VHD, VHDX.", show_default=False)
    ],
    service: Annotated[
        str, typer.Argument(metavar="SERVICE", help="The service to run it on.", show_default=False)
    ],
    type_: Annotated[
        str, typer.Argument(metavar="TYPE", help="Instance type of the test VM.", show_default=False)
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Answer in advance: it works.")] = False,
    no: Annotated[bool, typer.Option("--no", help="Answer in advance: it does not work.")] = False,
    raw: Raw = False,
    stack: StackName = None,
    lock_timeout: LockTimeout = 0.0,
    output: VerifyOutput = VerifyFormat.TEXT,
    _trust: Trusted = None,
) -> int:
    """Stage a disk, run it, ask you, and unstage it if it fails.

    Stages FILE on SERVICE, runs a machine of TYPE from it, prints the machine's IP address, waits for you to
    say whether it works, and terminates the machine. If you say no, the image is unstaged. No specs are
    needed, and no plan touches what this stages; `extenci unstage` removes it.

    Exits with 0 if it works, and with 1 if not. Ctrl-C terminates the machine.

    \b
    Examples:
      extenci test-vm worker.raw sandbox t3.micro
      extenci test-vm worker.raw bnl m1.small --stack physics
      extenci test-vm worker.raw sandbox t3.micro --yes
    """
    from extenci import api

    answer = answer_in_advance(yes, no)
    results: list[Result] = []

    def start(options: Options) -> Result:
        results.append(api.run_test_vm(file, service, type_, stack=stack, raw=raw, options=options))
        return results[0]

    options = api.Options(lock_timeout=lock_timeout)
    if answer is not None:
        options = replace(options, answer=partial(answer_aloud, answer, output))
    status = run_verification(start, options, output, partial(announce_and_ask, output))
    if status == 0 and output is VerifyFormat.TEXT:
        write_result(staged_line(results[0], service))
    return status


def staged_line(result: Result, service: str) -> str:
    """The id of the image that was staged and verified."""
    images = {one.verified.image for one in result.outcomes if one.verified is not None}
    return f"Staged on {service}: {', '.join(sorted(images))}\n"


def answer_in_advance(yes: bool, no: bool) -> Answer | None:
    """The answer that was given in advance. Declined where there is none and nobody can be asked."""
    answer = given_answer(yes, no)
    if answer is None and not sys.stdin.isatty():
        raise Declined(
            "Nobody can be asked whether the machine works, since standard input is no terminal. Nothing was "
            "done.",
            "Give --yes or --no to answer in advance.",
        )
    return answer


def announce(question: Question, output: VerifyFormat) -> None:
    """Print the address of a test VM, which is a result."""
    write = write_result if output is VerifyFormat.TEXT else write_aside
    write(f"The IP address is {question.host}\n")


def answer_aloud(answer: Answer, output: VerifyFormat, question: Question) -> Answer:
    """The answer that was given in advance, once the address is printed."""
    announce(question, output)
    return answer


def announce_and_ask(output: VerifyFormat, job: Job) -> Ask | None:
    """Make the function that prints the address, and then asks for yes or no; None where there is no
    terminal."""
    ask = make_ask(job, YES_OR_NO)

    def ask_aloud(question: Question) -> Answer:
        assert ask is not None  # noqa: S101 - for the type checker
        job.progress.pause()
        announce(question, output)
        return ask(question)

    return ask_aloud if ask is not None else None
