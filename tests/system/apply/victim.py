"""The command that is killed: a process of its own, forked from one that has everything imported."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from extenci import api
from extenci.catalog.home import Home
from extenci.cli.main import run
from extenci.model.verdict import Answer, Verdict

_HEAVY = ("apply.run", "cloud.clients", "observe.observe", "plan", "sandbox.control", "spec", "stage.ebs")
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload([__name__, *(f"extenci.{module}" for module in _HEAVY)])


def make_victim(specs: Path, home: Home, *, destroy: bool) -> ForkServerProcess:
    """A process, not yet started, that applies or destroys and ends with 0 where all went well."""
    return _SERVER.Process(target=_work, args=(specs, home, destroy), daemon=True)


def make_trial(specs: Path, home: Home, answer: Answer) -> ForkServerProcess:
    """The same of a verify whose question is answered so; it ends with 0 also where the answer is no."""
    return _SERVER.Process(target=_try, args=(specs, home, answer), daemon=True)


def _try(specs: Path, home: Home, answer: Answer) -> None:
    options = replace(api.DEFAULTS, ask=lambda _question: answer)
    result = api.verify(api.load([specs], home=home), home=home, options=options)
    verdicts = [one.verified.verdict for one in result.outcomes if one.verified]
    sys.exit(0 if verdicts == [VERDICTS[answer]] else 3)


def make_command(words: Sequence[str], home: Home, log: Path, status: int = 0) -> ForkServerProcess:
    """The same of a command line as it is typed; it ends with 0 where the command's status is `status`, and
    what it says goes to `log`."""
    return _SERVER.Process(target=_call, args=(tuple(words), home, log, status), daemon=True)


def _call(words: Sequence[str], home: Home, log: Path, status: int) -> None:
    os.environ["EXTENCI_HOME"] = str(home.path)
    os.chdir(log.parent)
    with log.open("a") as file, Path(os.devnull).open() as nothing:
        print("$ extenci", *words, file=file, flush=True)
        for stream, number in ((nothing, 0), (file, 1), (file, 2)):
            os.dup2(stream.fileno(), number)
        sys.stdin = nothing
        ended = run(words)
        sys.stdout.flush()
        print(f"-> {ended}", file=file, flush=True)
    sys.exit(0 if ended == status else 3)


VERDICTS = {Answer.YES: Verdict.PASSED, Answer.NO: Verdict.FAILED}


def _work(specs: Path, home: Home, destroy: bool) -> None:
    result = api.apply(api.load([specs], home=home), home=home, destroy=destroy)
    sys.exit(0 if result.ok else 3)
