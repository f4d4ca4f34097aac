"""Tell one hook a result. What goes wrong is a sentence, never an error."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from threading import Event

from extenci.cloud.http.post import post_json
from extenci.model.errors import ExtenciError
from extenci.model.hook import Hook
from extenci.verify.environment import without_secrets
from extenci.verify.halt import Halt, OutOfTime, in_background
from extenci.verify.programs import judge_program, run_program

MOST_OUTPUT = 1 << 20


def tell_hook(hook: Hook, folder: Path, document: bytes, stop: Event, seconds: float) -> str:
    """Tell a hook of the root in `folder` a JSON document, within `seconds`; why it failed, "" where it did
    not."""
    return _run(hook, folder, document, stop, seconds) if hook.run else _post(hook, document, stop, seconds)


def _run(hook: Hook, folder: Path, document: bytes, stop: Event, seconds: float) -> str:
    program, *words = hook.run
    command = (str(folder / program) if "/" in program else program, *words)
    with tempfile.TemporaryFile() as log, tempfile.TemporaryFile() as given:
        given.write(document)
        given.seek(0)
        end = run_program(
            command,
            folder=folder,
            environment=without_secrets(os.environ),
            log=log,
            halt=Halt(stop),
            seconds=seconds,
            most=MOST_OUTPUT,
            given=given,
        )
    result = judge_program(program, end, seconds)
    return "" if result.passed else result.message


def _post(hook: Hook, document: bytes, stop: Event, seconds: float) -> str:
    try:
        in_background(lambda: post_json(hook.url, document, seconds), Halt(stop), seconds)
    except OutOfTime:
        return f"{hook.label} did not answer within {seconds:.0f} s"
    except ExtenciError as error:
        return error.message
    return ""
