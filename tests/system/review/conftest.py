"""A repository of specs on a sandbox of its own, and the installed command in it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from extenci import api
from extenci.catalog.home import Home
from extenci.cloud.clients import Clients
from extenci.sandbox import control
from tests.disks import add_boot_sector

ROOT = Path(__file__).resolve().parents[3]
MIB = 1 << 20
SPEC = """\
service: sandbox
images:
  worker: {source: disks/worker.raw}
instances:
  pool:
    image: worker
    type: t3.micro
    count: 2
"""


@dataclass
class Repository:
    """A checkout, with the home of somebody who works in it."""

    folder: Path
    home: Path
    clients: list[Clients] = field(default_factory=list)

    def write(self, text: str = SPEC, file: str = "stack.yaml") -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / file).write_text(text)

    def make_disk(self, name: str = "worker", size: int = 64 * MIB) -> Path:
        """A disk of 3 MiB of data, the same for the same name."""
        path = self.folder / "disks" / f"{name}.raw"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.truncate(size)
            file.seek(MIB)
            for block in range(3 * 1024):
                file.write(f"{name} {block}".encode().ljust(1024, b"."))
        add_boot_sector(path)
        os.utime(path, (1_000_000_000, 1_000_000_000))
        return path

    def run(self, *words: object, **environment: str) -> subprocess.CompletedProcess[str]:
        """The command, where standard input is no terminal."""
        return subprocess.run(
            [sys.executable, "-m", "extenci", *map(str, words)],
            cwd=self.folder,
            env=os.environ | {"EXTENCI_HOME": str(self.home), "PYTHONPATH": str(ROOT)} | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def cloud(self) -> Clients:
        """The sandbox as someone with full access sees it."""
        if not self.clients:
            self.clients.append(Clients(api.sandbox_service(Home(self.home))))
        return self.clients[0]

    def running(self) -> set[str]:
        return {one.id for one in self.cloud.ec2.machines("default") if not one.state.is_gone}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    monkeypatch.setenv("EXTENCI_SANDBOX_BOOT_SECONDS", "0.1")
    made = Repository(tmp_path / "checkout", tmp_path / "home")
    made.write()
    made.make_disk()
    yield made
    for clients in made.clients:
        clients.close()
    control.stop(made.home)
