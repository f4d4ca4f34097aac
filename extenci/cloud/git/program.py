"""The `git` program, started so that no repository has a program of its own run by it.

A repository may be anyone's, and git runs what a repository's configuration names: hooks, filters, monitors,
transports (git-config(1): core.hooksPath, filter.*, core.fsmonitor, protocol.*; gitattributes(5)). So hooks,
monitors and submodules are off, only three protocols are spoken, and files are written without the
configuration of the user and the machine, so that no filter has a program.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event

from extenci.model.errors import GitError, Interrupted

PROTOCOLS = "file:https:ssh"
"""`git://` and `http://` can be tampered with on the way, and `ext::` runs a program."""
PAUSE_SECONDS = 0.05
MOST_OUTPUT = 64 << 10
"""Bytes of an answer that are read."""
SETTINGS = (
    "core.hooksPath=/dev/null", "core.fsmonitor=false", "protocol.ext.allow=never", "submodule.recurse=false",
    "transfer.fsckObjects=true", "fetch.recurseSubmodules=false", "gc.auto=0", "maintenance.auto=false",
    "core.pager=cat", "core.protectHFS=true", "core.protectNTFS=true",
)  # fmt: skip
KEPT = frozenset({"GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"})
"""Variables of git by which a user logs in. Others move its folders, or add to its configuration."""
_PASSWORD = re.compile(r"(?<=://)[^/@\s']+@")


def run_git(folder: Path, *words: str, stop: Event, seconds: float, alone: bool = False) -> str:
    """The answer of git in a folder, without its last line break. `alone`: neither the user's configuration
    nor the machine's is read. GitError where git fails, is missing, or takes longer than `seconds`;
    Interrupted once `stop` is set."""
    settings = [word for setting in SETTINGS for word in ("-c", setting)]
    command = ["git", *settings, "-C", str(folder), *words]
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as complaint:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=answer,
                stderr=complaint,
                env=environment_of_git(os.environ, alone=alone),
                start_new_session=True,  # without a terminal that it could ask at
            )
        except OSError as error:
            raise GitError(
                f"The program git cannot be started: {error.strerror or error}.",
                "Install git, or put it in PATH.",
            ) from error
        try:
            status = _wait(process, stop, time.monotonic() + seconds)
        finally:
            _end(process)
        if status is None:
            raise GitError(f"`git {words[0]}` did not end within {seconds:.0f} seconds.")
        if status != 0:
            raise GitError(f"`git {words[0]}` failed: {_reason(_read(complaint.fileno()))}")
        return _read(answer.fileno()).removesuffix("\n")


def environment_of_git(environment: Mapping[str, str], *, alone: bool) -> dict[str, str]:
    """The variables that git gets."""
    kept = {name: text for name, text in environment.items() if not name.startswith("GIT_") or name in KEPT}
    lonely = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"} if alone else {}
    return {
        **kept,
        **lonely,
        "GIT_ALLOW_PROTOCOL": PROTOCOLS,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


def _wait(process: subprocess.Popen[bytes], stop: Event, end: float) -> int | None:
    while (status := process.poll()) is None:
        if time.monotonic() >= end:
            return None
        if stop.wait(PAUSE_SECONDS):
            raise Interrupted("Taking the newest commit was interrupted.")
    return status


def _end(process: subprocess.Popen[bytes]) -> None:
    """End git with the programs that it has started, such as ssh."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _read(descriptor: int) -> str:
    return os.fsdecode(os.pread(descriptor, MOST_OUTPUT, 0))


def _reason(complaint: str) -> str:
    """The first fatal line, or the last one, without passwords in URLs."""
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    text = (fatal or lines[-1:] or ["it does not say why"])[0]
    return _PASSWORD.sub("", text.removeprefix("fatal:").removeprefix("error:").strip())[:500]
