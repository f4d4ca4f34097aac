"""`extenci catalog edit` as a process, with a small script as the user's editor."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.program.command import run_extenci, start_extenci

SERVICE = "region: eu-west-1\ncredentials: {profile: research}\n"


class Desk:
    """A home with the service `bnl`, and an editor that is a shell script given the draft as `$1`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "home" / "catalog" / "service" / "bnl.yaml"
        self.file.parent.mkdir(parents=True)
        self.file.write_text(SERVICE)
        self.draft = self.file.parent / ".bnl.draft" / "bnl.yaml"

    def environment(self, script: str) -> dict[str, str]:
        editor = self.folder / "editor"
        editor.write_text(f"#!/bin/sh\n{script}\n")
        editor.chmod(0o755)
        home = {"HOME": str(self.folder), "EXTENCI_HOME": str(self.folder / "home")}
        return {"PATH": os.environ["PATH"], "EDITOR": str(editor), **home}

    def edit(self, script: str, name: str = "bnl") -> subprocess.CompletedProcess[str]:
        return run_extenci(
"catalog", "edit", name,
            env=self.environment(script),
        )  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_valid_edit_takes_effect(desk: Desk) -> None:
    run = desk.edit('sed -i s/eu-west-1/eu-west-2/ "$1"')
    assert (run.returncode, run.stdout, run.stderr) == (0, "bnl: changed.\n", "")
    assert desk.file.read_text() == SERVICE.replace("eu-west-1", "eu-west-2")
    assert [one.name for one in desk.file.parent.iterdir()] == ["bnl.yaml"]


def test_an_edit_that_changes_nothing_says_so(desk: Desk) -> None:
    run = desk.edit("true")
    assert (run.returncode, run.stdout, run.stderr) == (0, "bnl: nothing changed.\n", "")
    assert [one.name for one in desk.file.parent.iterdir()] == ["bnl.yaml"]


def test_what_an_editor_leaves_beside_the_draft_is_no_failure(desk: Desk) -> None:
    run = desk.edit('cp "$1" "$1~"; sed -i s/eu-west-1/eu-west-2/ "$1"')
    assert (run.returncode, run.stderr) == (0, "")
    assert [one.name for one in desk.file.parent.iterdir()] == ["bnl.yaml"]


def test_an_invalid_edit_is_told_with_its_place_and_is_not_lost(desk: Desk) -> None:
    run = desk.edit('sed -i s/region/regon/ "$1"')
    assert (run.returncode, run.stdout) == (1, "")
    assert f"{desk.draft}:1:1: " in run.stderr
    assert "did you mean" in run.stderr
    assert "`extenci catalog edit bnl` opens it again" in run.stderr
    assert desk.file.read_text() == SERVICE

    again = desk.edit('sed -i s/regon:.*/"region: eu-west-3"/ "$1"')
    assert (again.returncode, again.stdout) == (0, "bnl: changed.\n")
    assert desk.file.read_text() == SERVICE.replace("eu-west-1", "eu-west-3")
    assert not desk.draft.parent.exists()


def test_a_draft_of_last_week_does_not_undo_what_was_written_since(desk: Desk) -> None:
    desk.edit('sed -i s/region/regon/ "$1"')
    theirs = SERVICE + "launch: ec2\n"
    desk.file.write_text(theirs)
    run = desk.edit('sed -i s/regon/region/ "$1"; echo "bucket: mine" >> "$1"')
    assert run.returncode == 1
    assert "since your draft of it was made, so it was not replaced" in run.stderr
    assert desk.file.read_text() == theirs
    assert "bucket: mine" in desk.draft.read_text()


def test_an_editor_that_fails_changes_nothing_and_its_draft_stays(desk: Desk) -> None:
    run = desk.edit('sed -i s/eu-west-1/eu-west-2/ "$1"; exit 3')
    assert (run.returncode, run.stdout) == (1, "")
    assert "ended with status 3, so nothing was changed" in run.stderr
    assert str(desk.draft) in run.stderr
    assert desk.file.read_text() == SERVICE
    assert "eu-west-2" in desk.draft.read_text()


def test_an_editor_that_was_killed_is_told(desk: Desk) -> None:
    run = desk.edit("kill -9 $$")
    assert run.returncode == 1
    assert "was killed by signal 9, so nothing was changed" in run.stderr


def test_an_editor_that_is_not_there_is_told(desk: Desk) -> None:
    known = {**desk.environment("true"), "EDITOR": "/no/such/editor"}
    run = run_extenci(
"catalog", "edit", "bnl",
        env=known,
    )  # fmt: skip
    assert run.returncode == 1
    assert "The editor `/no/such/editor` cannot be started" in run.stderr
    assert "Set VISUAL or EDITOR" in run.stderr
    assert "Traceback" not in run.stderr


def test_ctrl_c_inside_the_editor_is_the_editors(desk: Desk) -> None:
    """A terminal sends SIGINT to both; the editor here takes it as one of its keys, and goes on."""
    script = "trap 'sed -i s/eu-west-1/eu-west-2/ \"$1\"; exit 0' INT; touch {}; while :; do sleep 0.1; done"
    opened = desk.folder / "opened"
    process = start_extenci(
"catalog", "edit", "bnl",
        env=desk.environment(script.format(opened)), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while not opened.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    said, aside = process.communicate(timeout=20)
    assert (process.returncode, said, aside) == (0, "bnl: changed.\n", "")
    assert "eu-west-2" in desk.file.read_text()


def test_a_service_that_is_not_there_opens_no_editor(desk: Desk) -> None:
    run = desk.edit(f"touch {desk.folder / 'opened'}", name="bln")
    assert run.returncode == 1
    assert "bnl" in run.stderr
    assert not (desk.folder / "opened").exists()
