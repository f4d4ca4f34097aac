"""A spec repository as `extenci init` makes it, with a bare remote, a home and a sandbox of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from extenci import api
from extenci.catalog.home import Home
from extenci.cloud.clients import Clients
from extenci.sandbox import control
from tests.program.command import run_extenci, start_extenci
from tests.repositories import make_clone, make_remote, push
from tests.system.gitops.host import Host, running_host
from tests.system.gitops.runners import home_environment

PROGRAMS = Path(sys.executable).parent


@dataclass
class Team:
    """People with a clone of a repository, whose changes go to a bare remote."""

    folder: Path
    clone: Path
    remote: Path
    environment: dict[str, str]
    clients: list[Clients] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return Path(self.environment["EXTENCI_HOME"])

    def run(self, *words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return run_extenci(*words, cwd=self.folder, env={**self.environment, **environment})

    def start(self, *words: str | Path, **options: Any) -> subprocess.Popen[str]:
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
        return start_extenci(*words, cwd=self.folder, env=self.environment, **options)

    def change(self, before: str, after: str, file: str = "sandbox.yaml", branch: str = "main") -> str:
        """Change a file and push it; the commit."""
        path = self.clone / file
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))
        return push(self.clone, branch=branch)

    @property
    def cloud(self) -> Clients:
        """The sandbox as someone with full access sees it."""
        if not self.clients:
            self.clients.append(Clients(api.sandbox_service(Home(self.home))))
        return self.clients[0]

    def running(self) -> set[str]:
        return {one.id for one in self.cloud.ec2.machines("specs") if not one.state.is_gone}


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    """The repository is pushed, and nothing of it is applied yet."""
    environment = home_environment(tmp_path / "user", PROGRAMS)
    (tmp_path / "user").mkdir()
    made = Team(tmp_path, tmp_path / "specs", make_remote(tmp_path / "remote.git"), environment)
    done = made.run("init", "specs")
    assert done.returncode == 0, done.stderr
    make_clone(made.clone, made.remote)
    push(made.clone, "the beginning")
    yield made
    for clients in made.clients:
        clients.close()
    control.stop(made.home)


@pytest.fixture
def host() -> Iterator[Host]:
    with running_host() as running:
        yield running
