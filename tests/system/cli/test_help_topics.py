"""`extenci help`: pages in a pipe and in a terminal."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from tests.program.command import run_extenci, start_extenci

TOPICS = sorted(path.stem for path in (Path(__file__).parents[3] / "extenci" / "docs").rglob("*.md"))


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return run_extenci("help", *arguments, env={**os.environ, **variables})


def test_it_lists_the_topics_with_their_titles() -> None:
    printed = run().stdout
    assert {line.split()[0] for line in printed.splitlines() if line.startswith("  ")} | {"index"} == set(
        TOPICS
    )
    assert re.search(r"^  tutorial +Tutorial: from nothing to a verified machine$", printed, re.MULTILINE)


@pytest.mark.parametrize("topic", ["index", "comparison", "spec", "commands", "trust"])
def test_a_page_in_a_pipe_is_plain_and_80_columns_wide(topic: str) -> None:
    done = run(topic)
    assert (done.returncode, done.stderr) == (0, "")
    sentences = [line for line in done.stdout.splitlines() if not line.startswith("  ")]
    assert max(map(len, sentences)) <= 80
    assert "\x1b" not in done.stdout
    assert "<!--" not in done.stdout
    assert "](" not in done.stdout


def test_the_first_page_fits_a_screen() -> None:
    assert len(run("index").stdout.splitlines()) <= 40


def test_a_page_is_found_by_its_path_too() -> None:
    assert run("guides/aws").stdout == run("aws.md").stdout == run("AWS").stdout != ""


def test_a_command_is_a_topic() -> None:
    assert run("unstage").stdout.startswith("Usage: extenci unstage ")


@pytest.mark.parametrize(
    ("topic", "hint"),
    [
        ("tutrial", "`extenci help tutorial`"),
        ("goss", "lists all topics"),
        ("delete_percent", "`extenci help service"),
    ],
)
def test_an_unknown_topic_is_an_error_with_suggestions(topic: str, hint: str) -> None:
    done = run(topic)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: There is no topic '{topic}'.\n")
    assert hint in done.stderr
    assert "`extenci help` lists all topics." in done.stderr


def in_terminal(*arguments: str, **variables: str) -> str:
    """All that the command prints on a terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", **variables}
    environment.pop("NO_COLOR", None)
    process = start_extenci("help", *arguments, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    printed = b""
    while chunk := read(ours):
        printed += chunk
    assert process.wait(60) == 0
    os.close(ours)
    return printed.decode().replace("\r\n", "\n")


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed
        return b""


def test_a_terminal_gets_colours_and_a_pager(tmp_path: Path) -> None:
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\necho PAGED; exec cat\n", "utf-8")
    pager.chmod(0o700)
    printed = in_terminal("tutorial", PAGER=str(pager))
    assert printed.startswith("PAGED\n")
    assert re.search("\x1b\\[1;4mTutorial: from nothing to a verified machine\x1b", printed)


def test_without_a_pager_the_page_is_written() -> None:
    assert "Tutorial: from nothing" in in_terminal("tutorial", PAGER="/no/such/pager")
