"""The list of commands is what the commands say of themselves, and loads what they need only."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from extenci.cli.commands import COMMANDS, load_command

HEAVY = {"boto3", "botocore", "deepdiff", "htcondor2", "pydantic", "pycurl", "rich", "ruamel", "sqlite3"}
WIDEST = 80


def modules_after(*arguments: str) -> set[str]:
    """The packages that are loaded once a command has run, in a Python of its own."""
    program = (
        "import json, sys\n"
        "from extenci.cli.main import run\n"
        "run(sys.argv[1:])\n"
        "print('', json.dumps(sorted({name.partition('.')[0] for name in sys.modules})), sep='\\n')\n"
    )
    words = [sys.executable, "-c", program, *arguments]
    shown = subprocess.run(words, check=True, timeout=60, capture_output=True, text=True).stdout
    return set(json.loads(shown.splitlines()[-1]))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_of_a_command_begins_its_help(name: str) -> None:
    command = load_command(name)
    assert command.name == name
    assert command.get_short_help_str(limit=200) == COMMANDS[name].summary
    assert len(f"  validate  {COMMANDS[name].summary}") <= WIDEST


def test_help_loads_no_library_but_typer() -> None:
    assert modules_after("--help") & HEAVY == set()


def test_validating_specs_calls_no_service_and_reads_no_records() -> None:
    loaded = modules_after("validate", "specs")
    assert loaded & HEAVY <= {"pydantic", "ruamel"}
