"""A user with a home, a folder and a sandbox of their own, who types what a page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.program.command import PROGRAM
from tests.program.loaded import at_start
from tests.program.on_path import write_program
from tests.system.docs.blocks import Block, shown_commands

PROGRAMS = Path(sys.executable).parent
TIMEOUT = 300
ANYTHING = "…"
"""A shown line that stands for any number of lines."""

VARYING = (
    (re.compile(r"\b(ami|snap|i)-[0-9a-f]{17}\b"), r"\1-ID"),
    (re.compile(r"\b(?:198\.1[89]|127\.\d+)\.\d+\.\d+ *"), "ADDRESS "),
    (re.compile(r"\b[0-9a-f]{12}(-[0-9a-f]{8})?\b"), "DIGEST"),
    (re.compile(r"\b\d+ MiB of data"), "N MiB of data"),
    (re.compile(r"^Machines of the sandbox are .*", re.MULTILINE), "Machines of the sandbox are KIND."),
    (re.compile(r"from\s+/\S*/"), "from FOLDER/"),
    (re.compile(r"(?<=: )/\S*/(?=[\w.-]+$)", re.MULTILINE), "FOLDER/"),
    (re.compile(r"(?<= in )/\S*/(?=[\w.-]+:$)", re.MULTILINE), "FOLDER/"),
    (re.compile(r"(?<=the results of )/\S*/(?=[\w.-]+$)", re.MULTILINE), "FOLDER/"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"), "MOMENT"),
    (re.compile(r"Applied in [^:]+:"), "Applied in TIME:"),
    (re.compile(r"\(\d+(?:\.\d+)? s\)"), "(TIME)"),
    (re.compile(r"answered after [^\n]+"), "answered after TIME"),
)

WRAPPER = """\
. "$STATE/variables"
cd -- "$(cat "$STATE/folder")"
trap 'export -p >"$STATE/variables"; pwd >"$STATE/folder"' EXIT
set -eu
"""


@dataclass(frozen=True)
class User:
    """Who reads a page: a folder to work in, and the environment."""

    folder: Path
    environment: Mapping[str, str]
    state: Path
    inherited: Sequence[int] = ()
    """Descriptors that commands inherit through the shell."""

    def type(self, command: str, place: str) -> str:
        """What a command prints on stdout; it must exit with 0. Folder and variables stay for the next."""
        done = subprocess.run(
            ["/bin/sh", "-c", WRAPPER + command],
            env={**self.environment, "STATE": str(self.state)},
            pass_fds=self.inherited,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        told = f"{place}: exit status {done.returncode} of\n{command}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == 0, told
        return done.stdout

    def follow(self, block: Block) -> None:
        """Do what a block says."""
        if block.mark:
            return
        if block.language == "yaml" and block.file:
            file = self.folder / block.file
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, "utf-8")
        elif block.language == "python":
            self.type(f"python - <<'PROGRAM'\n{block.text}PROGRAM\n", block.place)
        elif block.language == "sh":
            self.type(block.text, block.place)
        elif block.language == "console":
            for shown in shown_commands(block):
                require_shown(self.type(shown.command, block.place), shown.output, block.place)


def make_user(folder: Path, **more: str) -> User:
    """A user with nothing but this interpreter's programs."""
    for name in ("home", "home/tmp", "state", "work"):
        (folder / name).mkdir()
    (folder / "state" / "variables").write_text("", "utf-8")
    (folder / "state" / "folder").write_text(str(folder / "work"), "utf-8")
    environment = {
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "home" / "tmp"),
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
        "LANG": "C.UTF-8",
        **more,
    }
    return User(folder / "work", environment, folder / "state")


def with_forked_commands(user: User) -> User:
    """The same user, whose `extenci` is forked from a process that has loaded it, as in all tests."""
    if PROGRAM in os.environ:
        return user
    programs = user.state / "programs"
    programs.mkdir()
    link = write_program(programs)
    path = f"{programs}{os.pathsep}{user.environment['PATH']}"
    return replace(
        user, environment={**user.environment, **at_start(os.environ), "PATH": path}, inherited=(link,)
    )


def end_sandbox(user: User) -> None:
    """Stop the user's sandbox, if one runs."""
    subprocess.run(
        [PROGRAMS / "extenci", "sandbox", "stop"], env=dict(user.environment), check=True, capture_output=True
    )


def same_each_time(text: str) -> str:
    """A text without what differs from run to run: ids, addresses, folders, durations."""
    for pattern, replacement in VARYING:
        text = pattern.sub(replacement, text)
    return text


def require_shown(printed: str, output: tuple[str, ...], place: str) -> None:
    """Fail unless a command printed what is shown; nothing shown is anything."""
    if not output:
        return
    lines = (
        r"(?:.*\n)*?" if line == ANYTHING else re.escape(same_each_time(line)) + r"\n" for line in output
    )
    shown = "\n".join(output)
    assert re.fullmatch("".join(lines), same_each_time(printed)), (
        f"{place}: it prints\n{same_each_time(printed)}\nand the page shows\n{same_each_time(shown)}"
    )
