"""The log check against a real OpenSSH server."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from extenci.model.verdict import Evidence
from extenci.verify.checks.log import MOST_BYTES, MOST_KEPT, LogCheck
from extenci.verify.examine import examine
from extenci.verify.target import Target
from tests.system.verify.sshd import Sshd, free_port

MakeTarget = Callable[..., Target]


def look(target: Target, sshd: Sshd, pattern: str, file: Path, **changes: object) -> Evidence:
    values: dict[str, object] = {
        "user": sshd.user, "key": str(sshd.key), "port": sshd.port, "retries": 0, **changes
    }  # fmt: skip
    check = LogCheck(pattern, str(file), **values)  # type: ignore[arg-type]
    return examine(target, [check], deadline=time.monotonic() + 20, console_every=0.1).evidence[0]


def test_a_line_that_matches_passes(sshd: Sshd, make_target: MakeTarget, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("booting\nCloud-init v. 25 finished\n")
    evidence = look(make_target(), sshd, "^Cloud-init.* finished$", tmp_path / "log")
    assert evidence.passed, evidence
    assert (evidence.check, evidence.kind) == ("log ^Cloud-init.* finished$", "log")
    assert evidence.message == f"a line of {tmp_path}/log matches '^Cloud-init.* finished$'"
    assert evidence.output == "booting\nCloud-init v. 25 finished"


def test_a_file_without_such_a_line_fails_with_its_end(
    sshd: Sshd, make_target: MakeTarget, tmp_path: Path
) -> None:
    (tmp_path / "log").write_text("booting\n")
    evidence = look(make_target(), sshd, "finished", tmp_path / "log")
    assert (evidence.passed, evidence.output) == (False, "booting")
    assert evidence.message == f"no line of {tmp_path}/log matches 'finished'"


def test_a_file_that_cannot_be_read_says_why(sshd: Sshd, make_target: MakeTarget, tmp_path: Path) -> None:
    gone = look(make_target(), sshd, "x", tmp_path / "gone")
    assert (gone.passed, gone.message) == (False, f"{tmp_path}/gone does not exist")
    folder = look(make_target(), sshd, "x", tmp_path)
    assert (folder.passed, folder.message) == (False, f"{tmp_path} is not a regular file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_of_others_says_so(sshd: Sshd, make_target: MakeTarget, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("x")
    (tmp_path / "log").chmod(0)
    evidence = look(make_target(), sshd, "x", tmp_path / "log")
    assert evidence.message == f"{tmp_path}/log may not be read by the user who logs in"


def test_a_file_that_comes_later_is_waited_for(sshd: Sshd, make_target: MakeTarget, tmp_path: Path) -> None:
    timer = threading.Timer(3.0, lambda: (tmp_path / "log").write_text("finished\n"))
    timer.start()
    evidence = look(make_target(), sshd, "finished", tmp_path / "log", retries=None)
    timer.join()
    assert evidence.passed, evidence
    assert evidence.tries > 1


def test_names_are_taken_as_they_stand(sshd: Sshd, make_target: MakeTarget, tmp_path: Path) -> None:
    file = tmp_path / "it's $(touch x); `y` *"
    file.write_text("ready\n")
    assert look(make_target(), sshd, "^ready$", file).passed
    assert not (tmp_path / "x").exists()


def test_of_a_large_file_the_end_is_searched_and_little_kept(
    sshd: Sshd, make_target: MakeTarget, tmp_path: Path
) -> None:
    (tmp_path / "log").write_text("early\n" + "x\n" * MOST_BYTES + "late\n")
    late = look(make_target(), sshd, "^late$", tmp_path / "log")
    assert late.passed, late
    assert Path(str(late.file)).stat().st_size < MOST_KEPT + 1000
    assert not look(make_target(), sshd, "^early$", tmp_path / "log").passed


def test_a_pattern_that_takes_too_long_fails(sshd: Sshd, make_target: MakeTarget, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a" * 60 + "!")
    evidence = look(make_target(), sshd, "(a+)+$", tmp_path / "log", timeout=2)
    assert not evidence.passed
    assert "takes too long to search for" in evidence.message


def test_no_login_says_so(sshd: Sshd, make_target: MakeTarget, tmp_path: Path) -> None:
    evidence = look(make_target(), sshd, "x", tmp_path / "log", port=free_port("127.0.0.1"))
    assert not evidence.passed
    assert "Connection refused" in evidence.message
