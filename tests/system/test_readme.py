"""README.md and the documents are true: each command in their console blocks is run, and prints what is shown
under it.

A copy of the repository and a home of its own are used, so nothing of this user's is read or changed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "extenci" / "docs").glob("*.md"))]
PROGRAMS = Path(sys.executable).parent

ANYTHING = "…"
"""A shown line that stands for any number of lines."""

STAND_INS = {"sh tests/run.sh": "sh tests/run.sh --collect-only -q"}
"""What is run in place of a command: this very test is among all tests."""

LEFT_BEHIND = (".git", ".venv", ".hypothesis", ".*cache*", ".coverage", "__pycache__", "*.raw")

VARYING = (
    (re.compile(r"\b(ami|snap|i)-[0-9a-f]{17}\b"), r"\1-ID"),
    (re.compile(r"\b(?:198\.1[89]|127\.\d+)\.\d+\.\d+ *"), "ADDRESS "),
    (re.compile(r"\b[0-9a-f]{12}(-[0-9a-f]{8})?\b"), "DIGEST"),
    (re.compile(r"\b\d+ MiB of data"), "N MiB of data"),
    (re.compile(r"^Machines of the sandbox are .*", re.MULTILINE), "Machines of the sandbox are KIND."),
    (re.compile(r"from\s+/\S*/specs/disks/"), "from specs/disks/"),
    (re.compile(r"Applied in [^:]+:"), "Applied in TIME:"),
)


@dataclass(frozen=True)
class Shown:
    """A command of the README, and the lines shown under it."""

    command: str
    output: tuple[str, ...]


def shown_commands(readme: str) -> list[Shown]:
    """The commands of all console blocks, from first to last."""
    found: list[Shown] = []
    for block in re.findall(r"^```console\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *output = part.rstrip("\n").split("\n")
            found.append(Shown(command, tuple(output)))
    return found


def same_each_time(text: str) -> str:
    """A text without what differs from run to run: ids, addresses, the folder, durations."""
    for pattern, replacement in VARYING:
        text = pattern.sub(replacement, text)
    return text


def pattern_of(output: tuple[str, ...]) -> str:
    """The regular expression of what a command may print."""
    lines = (
        r"(?:.*\n)*?" if line == ANYTHING else re.escape(same_each_time(line)) + r"\n" for line in output
    )
    return "".join(lines)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """A user with nothing but this interpreter's programs; the sandbox ends with the tests."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "tmp").mkdir()
    user = {
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
        "LANG": "C.UTF-8",
        "EXTENCI_VENV": sys.prefix,
    }
    yield user
    subprocess.run([PROGRAMS / "extenci", "sandbox", "stop"], env=user, check=True, capture_output=True)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this repository as a fresh clone would be."""
    folder = tmp_path_factory.mktemp("clone") / "extenci"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
    return folder


def run(command: list[str], folder: Path, environment: Mapping[str, str]) -> str:
    """What a command prints on stdout; it must exit with 0."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{command} exited with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def tried(clone: Path, environment: Mapping[str, str]) -> str:
    """What the first command prints."""
    return run(["sh", "specs/try.sh"], clone, environment)


def test_every_command_succeeds_and_prints_what_is_shown(clone: Path, environment: Mapping[str, str]) -> None:
    for shown in [*shown_commands(README), *(one for text in DOCUMENTS for one in shown_commands(text))]:
        command = STAND_INS.get(shown.command, shown.command)
        printed = same_each_time(run(["sh", "-c", command], clone, environment))
        if shown.output:
            wanted = "\n".join(shown.output)
            assert re.fullmatch(pattern_of(shown.output), printed), (
                f"$ {command}\nprints\n{printed}\nand the document shows\n{wanted}"
            )


def test_the_two_commands_come_first() -> None:
    assert [shown.command for shown in shown_commands(README)[:2]] == ["sh specs/try.sh", "sh tests/run.sh"]


def test_trying_it_leaves_nothing_behind_but_the_disk(
    tried: str, clone: Path, environment: Mapping[str, str]
) -> None:
    assert "\n$ extenci plan specs --detailed-exitcode\nNothing to do: sandbox matches the specs.\n" in tried
    assert list(Path(environment["TMPDIR"]).iterdir()) == []
    assert [path.name for path in (clone / "specs/disks").iterdir()] == ["worker.raw"]


@pytest.mark.usefixtures("tried")
def test_the_python_example_prints_the_changes(clone: Path, environment: Mapping[str, str]) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert "sandbox/worker not staged\n" in run([sys.executable, "-c", program], clone, environment)


def test_the_first_spec_that_is_explained_is_the_example() -> None:
    blocks = re.findall(r"^```yaml\n# (specs/\S+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert [name for name, _ in blocks] == ["specs/extenci.yaml", "specs/sandbox.yaml"]
    for name, text in blocks:
        assert significant(text) == significant((ROOT / name).read_text(encoding="utf-8"))


def significant(text: str) -> list[str]:
    """The lines of a spec without comments and blank lines."""
    lines = (re.sub(r"(^|\s+)# .*", "", line).rstrip() for line in text.splitlines())
    return [line for line in lines if line]
