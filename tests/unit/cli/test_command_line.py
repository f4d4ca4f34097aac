"""The command line as a process: exit statuses, streams, help."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer

from extenci import __version__
from extenci.cli.failures import usage_message
from extenci.cli.main import run as run_here
from extenci.cli.options import TRUST
from tests.disks import disk_bytes
from tests.reference.commands import all_commands

SPEC = """\
service: sandbox
images:
  worker:
    source: worker.raw
instances:
  pool: {image: worker, type: t3.micro, count: 2}
"""

COMMANDS = (
    "plan", "apply", "destroy", "status", "verify", "confirm", "gc", "unlock", "stage", "unstage", "test-vm",
    "validate", "doctor", "schema", "trust",
    "catalog list", "catalog show", "catalog init", "catalog add", "catalog edit", "catalog remove",
    "catalog rebuild", "control start", "control list", "control stop",
    "sandbox start", "sandbox stop", "sandbox status", "sandbox reset", "sandbox image",
)  # fmt: skip

LIBRARY_WORDS = re.compile(
    "Value error|input should|unable to|pydantic|validation error|must be of type", re.IGNORECASE
)

HEAVY = ("boto3", "botocore", "moto", "deepdiff", "pydantic", "ruamel", "sqlite3", "rich", "extenci.api")


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    folder = tmp_path / "specs"
    folder.mkdir()
    (folder / "worker.raw").write_bytes(disk_bytes())
    (folder / "extenci.yaml").write_text("stack: test\n")
    (folder / "pool.yaml").write_text(SPEC)
    return folder


def extenci(home: Path, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command without a terminal, in a home of its own."""
    machines = "EXTENCI_SANDBOX_MACHINES"
    known = {"PATH": os.environ["PATH"], machines: os.environ[machines], "HOME": str(home)}
    known |= {"EXTENCI_HOME": str(home / "home"), **environment}
    return subprocess.run(
        [sys.executable, "-m", "extenci", *map(str, arguments)],
        capture_output=True, text=True, check=False, env=known, stdin=subprocess.DEVNULL, timeout=30,
        cwd=Path(__file__).parents[3],
    )  # fmt: skip


def test_the_version_is_printed(tmp_path: Path) -> None:
    run = extenci(tmp_path, "--version")
    assert (run.returncode, run.stdout, run.stderr) == (0, f"extenci {__version__}\n", "")


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    run = extenci(tmp_path, "--help", PYTHONPROFILEIMPORTTIME="1")
    loaded = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
    assert "typer" in loaded
    assert not loaded.intersection(HEAVY)
    assert (run.returncode, "Start here" in run.stdout) == (0, True)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_in_80_columns(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here([*command.split(), "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"Usage: extenci {command} ")
    assert max(map(len, text.splitlines())) <= 80
    assert re.search(rf"Examples?:\n +extenci {command}", text)
    assert not re.search(r"<(str|path|int|list\[.*)>|Path", text)


def test_no_first_line_of_help_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    for group in ((), ("catalog",), ("control",), ("sandbox",)):
        assert run_here([*group, "--help"]) == 0
    assert "..." not in capsys.readouterr().out.replace("[ARGS]...", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plan", "--bogus"], "--bogus"),
        (["plna"], "Did you mean 'plan'"),
        (["apply", "--parallelism", "0"], "--parallelism"),
        (["apply", "--parallelism", "65"], "--parallelism"),
        (["apply", "--lock-timeout", "soon"], "'soon' is not a duration"),
        (["plan", "--format", "yaml"], "--format"),
        (["catalog", "show"], "SERVICE"),
        (["sandbox"], "Usage: extenci sandbox"),
        ([], "Usage: extenci"),
    ],
)
def test_wrong_usage_exits_with_1_and_says_what_is_right(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here(arguments) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Usage: extenci" in shown.err
    assert said in shown.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["apply", "--parallelism", "many"], "'many' is not a whole number."),
        (["apply", "--parallelism", "0"], "'0' is too small: it must be at least 1."),
        (["apply", "--parallelism", "65"], "'65' is too large: it must be at most 64."),
        (["apply", "--parallelism", "1.5"], "'1.5' is not a whole number."),
        (["gc", "--format", "yaml"], "'yaml' is not one of 'text', 'json', 'events'."),
        (["schema", "yaml"], "'yaml' is not one of "),
    ],
)
def test_a_wrong_value_is_told_in_plain_words(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here(arguments) == 1
    assert said in capsys.readouterr().err


def refusal(context: typer.Context, param: Any, value: str) -> str:
    """The text that refuses a value, "" where it is taken."""
    try:
        param.process_value(context, (value,) if param.multiple or param.nargs == -1 else value)
    except typer.TyperException as error:
        return usage_message(error)
    return ""


@pytest.mark.parametrize(
    ("command", "param"),
    [
        pytest.param(command, param, id=f"{name} {param.name}")
        for name, command in all_commands()
        for param in command.params
        if not getattr(param, "is_flag", False)
    ],
)
def test_no_value_is_refused_in_the_words_of_a_library(
    command: Any, param: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TRUST, "")  # `--trust` writes there
    context = command.make_context("extenci", [], resilient_parsing=True)
    for value in ("no such value", "-1", "1e999", "", "9" * 5000):
        assert not LIBRARY_WORDS.search(refusal(context, param, value))


def test_valid_specs_are_counted(tmp_path: Path, specs: Path) -> None:
    run = extenci(tmp_path, "validate", specs)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == "1 file of stack test is valid: 1 image, 1 group of machines.\n"
    assert not (tmp_path / "home").exists()


def test_mistakes_are_told_with_their_places(tmp_path: Path, specs: Path) -> None:
    (specs / "pool.yaml").write_text(SPEC.replace("count: 2", "count: many"))
    run = extenci(tmp_path, "validate", specs)
    assert (run.returncode, run.stdout) == (1, "")
    assert re.search(r"pool\.yaml:6:\d+: ", run.stderr)
    assert "1 problem in 1 file." in run.stderr


def test_mistakes_as_json_are_one_document_on_stdout(tmp_path: Path, specs: Path) -> None:
    (specs / "pool.yaml").write_text(SPEC.replace("count: 2", "count: many"))
    run = extenci(tmp_path, "validate", specs, "--format", "json")
    document = json.loads(run.stdout)
    assert (run.returncode, run.stderr) == (1, "")
    assert (document["format_version"], document["ok"], document["problems"][0]["line"]) == (1, False, 6)


def test_a_path_that_is_not_there_is_told_without_a_traceback(tmp_path: Path) -> None:
    run = extenci(tmp_path, "plan", tmp_path / "nowhere")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("error: ")
    assert "Traceback" not in run.stderr


def test_a_traceback_is_shown_to_who_asks_for_it(tmp_path: Path) -> None:
    run = extenci(tmp_path, "validate", tmp_path / "nowhere", EXTENCI_DEBUG="1")
    assert run.returncode == 1
    assert "Traceback" in run.stderr


def test_the_schema_is_json(tmp_path: Path) -> None:
    run = extenci(tmp_path, "schema")
    assert (run.returncode, run.stderr) == (0, "")
    assert json.loads(run.stdout)["title"] == "extenci spec"


def test_the_state_of_the_sandbox_is_json(tmp_path: Path) -> None:
    run = extenci(tmp_path, "sandbox", "status", "--format", "json")
    document = json.loads(run.stdout)
    assert (run.returncode, run.stderr) == (0, "")
    assert {"format_version", "running", "ec2", "s3", "ebs", "machines", "ports", "calls", "faults"} == set(
        document
    )
    assert (document["running"], document["machines"]) == (False, "simulated")


def test_the_sandbox_says_that_machines_would_be_real(tmp_path: Path) -> None:
    for name in ("qemu-system-x86_64", "qemu-img"):
        (tmp_path / name).write_text("#!/bin/sh\necho QEMU emulator version 9.9\n")
        (tmp_path / name).chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    run = extenci(tmp_path, "sandbox", "status", "--format", "json", PATH=path, EXTENCI_SANDBOX_MACHINES="")
    assert json.loads(run.stdout)["machines"] == "qemu"


def test_an_image_is_not_made_over_something_else(tmp_path: Path) -> None:
    thesis = tmp_path / "thesis.tex"
    thesis.write_text("words")
    run = extenci(tmp_path, "sandbox", "image", thesis)
    assert (run.returncode, run.stdout) == (1, "")
    assert "left alone" in run.stderr
    assert thesis.read_text() == "words"


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m extenci schema | head -1; echo ${{PIPESTATUS[0]}}"
    run = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=True,  # noqa: S607 - any bash
        cwd=Path(__file__).parents[3], env={**os.environ, "EXTENCI_HOME": str(tmp_path)},
    )  # fmt: skip
    assert (run.stdout, run.stderr) == ("{\n0\n", "")


def test_watching_as_json_is_wrong_usage(tmp_path: Path, specs: Path) -> None:
    run = extenci(tmp_path, "status", specs, "--watch", "--format", "json")
    assert (run.returncode, run.stdout) == (1, "")
    assert "--watch" in run.stderr


def test_services_are_added_shown_and_removed(tmp_path: Path) -> None:
    added = extenci(tmp_path, "catalog", "add", "bnl", "--region", "east", "--profile", "mine")
    assert (added.returncode, added.stderr) == (0, "")
    shown = extenci(tmp_path, "catalog", "show", "bnl")
    assert "profile mine" in shown.stdout
    listed = extenci(tmp_path, "catalog", "list")
    assert re.findall(r"^(bnl|sandbox) ", listed.stdout, re.MULTILINE) == ["sandbox", "bnl"]
    (tmp_path / "specs" / "services").mkdir(parents=True)
    (tmp_path / "specs" / "services" / "campus.yml").write_text("region: west\n")
    listed = extenci(tmp_path, "catalog", "list", str(tmp_path / "specs"))
    assert re.findall(r"^(bnl|campus) ", listed.stdout, re.MULTILINE) == ["bnl", "campus"]
    removed = extenci(tmp_path, "catalog", "remove", "bnl")
    assert (removed.returncode, removed.stdout.startswith("Removed bnl")) == (0, True)
    assert extenci(tmp_path, "catalog", "show", "bnl").returncode == 1


def test_a_plan_file_takes_no_selection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EXTENCI_HOME", str(tmp_path / "home"))
    saved = tmp_path / "saved.plan"
    saved.write_text('{"kind": "extenci plan", "format_version": 1}')
    for extra in (
        ["--service", "bnl"],
        ["--target", "bnl/pool"],
        ["--force"],
        ["--exclude", "a/b"],
        [str(tmp_path), str(tmp_path)],
    ):
        assert run_here(["apply", str(saved), *extra]) == 1
        shown = capsys.readouterr()
        assert shown.out == ""
        assert "is a saved plan" in shown.err


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("extenci-test-vm", ["no.raw", "sandbox", "t3.micro"], "--yes or --no"),
        ("extenci-stage", ["no.raw", "sandbox"], "no.raw does not exist"),
        ("extenci-control", ["list", "nosuch"], "There is no service 'nosuch'"),
        ("extenci-catalog", ["show", "nosuch"], "nosuch"),
    ],
)
def test_the_2011_commands_are_installed_under_their_own_names(
    tmp_path: Path, name: str, arguments: list[str], said: str
) -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())
    module, _, function = project["project"]["scripts"][name].partition(":")
    program = f"from {module} import {function}; {function}()"
    run = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=30,
        cwd=Path(__file__).parents[3], env={**os.environ, "EXTENCI_HOME": str(tmp_path)},
    )  # fmt: skip
    assert (run.returncode, run.stdout) == (1, "")
    assert said in run.stderr
