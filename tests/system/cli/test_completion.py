"""Completion in real shells: what stands on the line once Tab was pressed."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAMS = Path(sys.executable).parent
EXTENCI = str(PROGRAMS / "extenci")
IN_CI = "EXTENCI_CI"
SECONDS = 30.0
MOST_CPU_SECONDS = 0.15
SPEC = """\
service: [sandbox, far]
images:
  worker: {source: worker.raw}
  debian: {source: debian.raw}
instances:
  pool: {image: worker, type: t3.micro, count: 1}
"""
SERVICE = "region: far\nec2: https://far.example\n"
STARTS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "PS1='> '; source <({program} completion bash)"),
    "zsh": (
        ["zsh", "-f", "-i"],
        "PS1='> '; PROMPT_SP=; autoload -U compinit; compinit -u -D; source <({program} completion zsh)",
    ),
}
CASES = {
    "pl": "plan",
    "plan --tar": "plan --target",
    "plan specs --target far/p": "plan specs --target far/pool",
    "plan specs --target=far/p": "plan specs --target=far/pool",
    "plan specs --service fa": "plan specs --service far",
    "plan --format=ma": "plan --format=markdown",
    "plan --format ma": "plan --format markdown",
    "sandbox sto": "sandbox stop",
    "catalog show fa": "catalog show far",
    "help tuto": "help tutorial",
    "plan spe": "plan specs/",
    "plan specs/wor": "plan specs/worker.yaml",
    "plan --out=specs/wor": "plan --out=specs/worker.yaml",
    "verify ../{here}/specs/wor": "verify ../{here}/specs/worker.yaml",
    "trust --sources spe": "trust --sources specs/",
    "verify specs far/de": "verify specs far/debian",
}
"""What is typed after `extenci `, and what stands there after Tab."""


def need(shell: str) -> str:
    """The shell's path. Where it is missing the test is skipped; in CI it fails."""
    found = shutil.which(shell)
    if found is None:
        reason = f"{shell} is not installed; on Debian: apt-get install -y {shell}"
        if os.environ.get(IN_CI):
            pytest.fail(f"{reason} ({IN_CI} is set)", pytrace=False)
        pytest.skip(reason)
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a spec root `specs`; the home has a service `far`."""
    specs, home = tmp_path / "work" / "specs", tmp_path / "home"
    specs.mkdir(parents=True)
    (specs / "worker.yaml").write_text(SPEC, "utf-8")
    (home / "catalog" / "service").mkdir(parents=True)
    (home / "catalog" / "service" / "far.yaml").write_text(SERVICE, "utf-8")
    monkeypatch.setenv("EXTENCI_HOME", str(home))
    monkeypatch.setenv("PATH", f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(specs.parent)
    return specs.parent


class Terminal:
    """A shell at a terminal."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.shown = ""

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self.descriptor, text.encode())

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Read until a pattern is shown, and forget what was shown until then."""
        until = time.monotonic() + SECONDS
        while not (found := re.search(pattern, self.shown)):
            if not select.select([self.descriptor], [], [], max(0.0, until - time.monotonic()))[0]:
                pytest.fail(f"{pattern} was not shown: {self.shown!r}")
            self.shown += os.read(self.descriptor, 65536).decode(errors="replace")
        self.shown = self.shown[found.end() :]
        return found


@contextmanager
def terminal(command: list[str]) -> Iterator[Terminal]:
    """A shell at a terminal, until the end of the block."""
    process, descriptor = pty.fork()
    if process == 0:
        os.execvp(command[0], command)  # noqa: S606
    try:
        yield Terminal(descriptor)
    finally:
        os.close(descriptor)
        os.waitpid(process, 0)


def completed(shell: Terminal, program: str, typed: str) -> list[str]:
    """The words on the line after Tab: the shell itself prints them, since the line becomes printf's. The
    slash behind a folder is not among them, which zsh removes when the line is entered."""
    shell.type(f"{program} {typed}\t")
    shell.type("\x01printf '<%s>' \x05\recho\r")
    words = re.findall("<([^>]*)>", shell.wait_for(r"\n?((?:<[^%>]*>)+)")[1])
    return [word.removesuffix("/") for word in words]


@pytest.mark.parametrize("name", STARTS)
def test_tab_completes_in_a_terminal(name: str, folder: Path) -> None:
    need(name)
    command, prepare = STARTS[name]
    with terminal(command) as shell:
        shell.type(prepare.format(program=EXTENCI) + "; echo ready-''now\r")
        shell.wait_for("ready-now")
        seen = {typed: completed(shell, "extenci", typed.format(here=folder.name)) for typed in CASES}
        assert seen == {
            typed: ["extenci", *there.format(here=folder.name).removesuffix("/").split()]
            for typed, there in CASES.items()
        }
        assert completed(shell, "extenci-stage", "worker.raw fa") == ["extenci-stage", "worker.raw", "far"]
        assert completed(shell, EXTENCI, "unl") == [EXTENCI, "unlock"]
        shell.type("exit\r")


def test_fish_completes(folder: Path) -> None:
    fish = need("fish")

    def offered(line: str) -> list[str]:
        script = f"{EXTENCI} completion fish | source; complete --do-complete '{line}'"
        shown = subprocess.run(
            [fish, "--no-config", "-c", script], check=True, timeout=60, capture_output=True, text=True
        )
        return [one.partition("\t")[0] for one in shown.stdout.splitlines()]

    for typed, there in CASES.items():
        line, word = typed.format(here=folder.name), there.format(here=folder.name).split()[-1]
        assert word in offered(f"extenci {line}"), line
    assert offered("extenci-stage worker.raw fa") == ["far"]
    assert offered(f"{EXTENCI} unl") == ["unlock"]


def ask(*words: str) -> tuple[list[str], float]:
    """What the scripts are told, and the seconds of CPU that it took."""
    read, write = os.pipe()
    actions = [(os.POSIX_SPAWN_DUP2, write, 1)]
    process = os.posix_spawn(EXTENCI, [EXTENCI, "__complete", *words], os.environ, file_actions=actions)
    os.close(write)
    with os.fdopen(read) as answered:
        lines = answered.read().splitlines()
    _, status, used = os.wait4(process, 0)
    assert status == 0
    return lines, used.ru_utime + used.ru_stime


@pytest.mark.parametrize("words", [("pl",), ("plan", "--t"), ("plan", "specs", "--target", "")])
def test_it_is_not_felt(words: tuple[str, ...], folder: Path) -> None:
    ask(*words)
    taken = min(ask(*words)[1] for _ in range(5))
    assert taken < MOST_CPU_SECONDS


def test_addresses_are_those_of_the_specs_as_they_are_now(folder: Path) -> None:
    def addresses() -> list[str]:
        return ask("plan", "specs", "--target", "far/")[0]

    known = ["far/debian\timage", "far/pool\tgroup of machines", "far/worker\timage"]
    assert addresses() == addresses() == known
    (folder / "specs" / "more").mkdir()
    assert addresses() == known
    (folder / "specs" / "more" / "new.yaml").write_text(
        "service: far\nimages: {new: {source: x.raw}}\n", "utf-8"
    )
    assert addresses() == [*known[:1], "far/new\timage", *known[1:]]
    (folder / "specs" / "worker.yaml").write_text("service: far\nimages: [what\n", "utf-8")
    assert addresses() == ["far/new\timage"]
    (folder / "specs" / "worker.yaml").write_text("service: far\nimages: {bad: {nothing: here}}\n", "utf-8")
    assert addresses() == ["far/bad\timage", "far/new\timage"]


def test_what_was_kept_is_not_believed_where_it_is_damaged(folder: Path) -> None:
    first, _ = ask("plan", "specs", "--target", "")
    (kept,) = (folder.parent / "home" / "completion").iterdir()
    for damaged in ("", "{}", '{"format": 1, "files": {"x": []}, "seen": {}, "is_whole": true}', "[1"):
        kept.write_text(damaged, "utf-8")
        assert ask("plan", "specs", "--target", "")[0] == first


def test_nothing_is_said_where_nothing_fits(folder: Path) -> None:
    assert ask("nonsense", "")[0] == []
    assert ask("plan", "--parallelism", "")[0] == [":files"]
    assert ask("apply", "--parallelism", "")[0] == []
    assert ask("stage", "x", "far", "")[0] == []
    assert ask("--", "pl")[0] == ["plan\tShow what apply would do."]
