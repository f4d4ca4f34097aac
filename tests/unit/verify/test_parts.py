"""Small parts: names of files, environments, searching, waiting, summaries."""

from __future__ import annotations

import json
import stat
import threading
import time
from pathlib import Path

import pytest

from extenci.apply.verification.summary import save_summary
from extenci.model.address import Address
from extenci.model.errors import UsageError
from extenci.model.verdict import Evidence, MachineReport, VerifyResult
from extenci.verify.environment import without_secrets
from extenci.verify.evidence_folder import open_folder, open_private
from extenci.verify.halt import Halt, OutOfTime, in_background
from extenci.verify.judge import judge
from extenci.verify.programs import excerpt, last_line
from extenci.verify.regex import SearchResult, search
from extenci.verify.ssh.client import last_words
from extenci.verify.target import safe_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("tcp 22", "tcp-22"),
        ("run ../../x", "run-..-..-x"),
        ("..", "unnamed"),
        ("-rf", "rf"),
        ("https :8443/a?b=ü", "https-8443-a-b"),
        ("x" * 300, "x" * 60),
    ],
)
def test_names_of_files_are_safe(text: str, name: str) -> None:
    assert safe_name(text) == name


def test_variables_that_speak_of_secrets_are_left_out() -> None:
    kept = {"PATH": "/bin", "HOME": "/root", "SSH_AUTH_SOCK": "/run/agent", "LANG": "C"}
    secret = (
        "AWS_PROFILE",
        "aws_secret",
        "CI_JOB_TOKEN",
        "PGPASSWORD",
        "API_KEY",
        "SSH_PRIVATE_KEY",
        "EXTENCI_X",
    )
    assert without_secrets({**kept, **dict.fromkeys(secret, "x")}) == kept


def test_a_search_is_made_line_by_line() -> None:
    halt = Halt(threading.Event())
    assert search("^b$", "a\nb\nc", halt) is SearchResult.YES
    assert search("^b$", "a b c", halt) is SearchResult.NO
    assert search("é$", "caf\u00e9", halt) is SearchResult.YES


def test_waiting_ends_when_somebody_says_stop() -> None:
    halt = Halt(threading.Event())
    threading.Timer(0.1, halt.stop.set).start()
    began = time.monotonic()
    assert halt.wait(10)
    assert time.monotonic() - began < 0.4


def test_what_takes_too_long_is_abandoned_and_errors_come_through() -> None:
    halt, never, cut = Halt(threading.Event()), threading.Event(), threading.Event()
    with pytest.raises(OutOfTime):
        in_background(lambda: never.wait(5), halt, 0.2, cut.set)
    assert cut.is_set()
    never.set()
    with pytest.raises(ZeroDivisionError):
        in_background(lambda: 1 / 0, halt, 1)
    assert in_background(lambda: 42, halt, 1) == 42


def test_excerpts_begin_with_a_line() -> None:
    assert excerpt("short\n") == "short"
    text = "".join(f"{number:05}\n" for number in range(2000))
    assert excerpt(text).splitlines()[:2] == ["…", "01334"]
    assert last_line("a\n b \n\n") == "b"
    assert last_line("") == ""


def test_the_last_words_of_ssh_are_a_reason() -> None:
    said = (
        'Authenticated to 127.0.0.1 ([127.0.0.1]:22) using "publickey".\n'
        "ssh: connect to host 10.0.0.1 port 22: Connection refused\r\nTransferred: sent 1, received 2\n"
    )
    assert last_words(said) == "connect to host 10.0.0.1 port 22: Connection refused"
    assert last_words("\n") == "ssh gave no reason"


def test_links_in_the_folder_are_not_followed(tmp_path: Path) -> None:
    folder = open_folder(tmp_path / "new" / "evidence")
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    (tmp_path / "precious").write_text("kept")
    (folder.path / "link").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="symbolic links"):
        open_private(folder.path / "link")
    (folder.path / "known_hosts").unlink()
    (folder.path / "known_hosts").symlink_to(tmp_path / "precious")
    open_folder(folder.path)
    assert (tmp_path / "precious").read_text() == "kept"


def test_a_folder_below_a_file_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError):
        open_folder(tmp_path / "file" / "evidence")


def test_the_summary_lies_beside_the_evidence(tmp_path: Path) -> None:
    evidence = (Evidence("tcp 22", "tcp", True, "port 22 accepts connections"),)
    found = MachineReport("10.0.0.1", evidence, folder=str(tmp_path))
    save_summary(VerifyResult(Address("sandbox", "worker"), "v1", judge(found), report=found))
    assert "sandbox/worker passed" in (tmp_path / "summary.txt").read_text()
    assert json.loads((tmp_path / "summary.json").read_text())["ok"] is True
    (tmp_path / "gone").mkdir()
    gone = MachineReport("10.0.0.1", evidence, folder=str(tmp_path / "gone" / "x"))
    save_summary(VerifyResult(Address("sandbox", "worker"), "v1", judge(gone), report=gone))
