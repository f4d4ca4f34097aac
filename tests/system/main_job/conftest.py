"""A home of its own with a sandbox of its own, a spec root, and a way to look at the cloud from outside."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from extenci import api
from extenci.catalog.home import Home
from extenci.cloud.clients import Clients
from extenci.model.outcome import Result
from extenci.model.plan import Plan
from extenci.sandbox import control
from tests.disks import add_boot_sector

MIB = 1 << 20
SPEC = """\
service: {service}
images:
  worker:
    source: disks/worker.raw
    keep: {keep}
instances:
  pool:
    image: worker
    type: t3.micro
    count: {count}
    update: {{max_unavailable: 1}}
"""


@dataclass
class World:
    """One user's home, sandbox and specs."""

    folder: Path
    home: Home
    services: dict[str, Clients] = field(default_factory=dict)

    @property
    def specs(self) -> Path:
        return self.folder / "specs"

    @property
    def disk(self) -> Path:
        return self.specs / "disks" / "worker.raw"

    def write(self, count: int = 3, keep: int = 0, service: str = "sandbox") -> None:
        self.specs.mkdir(exist_ok=True)
        (self.specs / "stack.yaml").write_text(SPEC.format(service=service, count=count, keep=keep))

    def make_disk(self, content: bytes = b"one", size: int = 1 << 30, data: int = 3 * MIB) -> None:
        """A sparse disk of `size` bytes with `data` bytes in it, and `content` in its middle."""
        self.disk.parent.mkdir(parents=True, exist_ok=True)
        with self.disk.open("wb") as file:
            file.truncate(size)
            file.seek(MIB)
            file.write(os.urandom(1024) * (data // 1024))
            file.seek(size // 2)
            file.write(content)
        add_boot_sector(self.disk)
        os.utime(self.disk, (1_000_000_000, 1_000_000_000))

    def change_byte(self, content: bytes) -> None:
        with self.disk.open("r+b") as file:
            file.seek(self.disk.stat().st_size // 2)
            file.write(content)

    def plan(self, *paths: Path, **more: object) -> Plan:
        desired = api.load(paths or (self.specs,), home=self.home, **more)  # type: ignore[arg-type]
        return api.plan(desired, home=self.home).plan

    def save(self, folder: Path, *, force: bool = False) -> Path:
        """A plan of the specs, in a file."""
        file = folder / "plan.json"
        api.save(api.plan(api.load([self.specs], home=self.home), home=self.home), file, force=force)
        return file

    def apply(self, destroy: bool = False, **options: object) -> Result:
        desired = api.load([self.specs], home=self.home)
        chosen = replace(api.DEFAULTS, **options)  # type: ignore[arg-type]
        return api.apply(desired, home=self.home, destroy=destroy, options=chosen)

    @property
    def cloud(self) -> Clients:
        """The sandbox as someone with full access sees it."""
        if "sandbox" not in self.services:
            self.services["sandbox"] = Clients(api.sandbox_service(self.home))
        return self.services["sandbox"]

    def calls(self) -> list[dict[str, object]]:
        """Every request that the sandbox has had."""
        text = control.status(self.home.path).calls.read_text()
        return [json.loads(line) for line in text.splitlines()]

    def bytes_of(self, snapshot: str) -> Path:
        return self.home.sandbox_folder / "disks" / f"{snapshot}.raw"

    def running(self, stack: str = "default") -> set[str]:
        return {one.id for one in self.cloud.ec2.machines(stack) if not one.state.is_gone}

    def write_service(self, name: str, sandbox: Path | None = None, /, **more: str) -> None:
        """A service file in the catalog that names this sandbox, or that of another home."""
        status = control.status(sandbox or self.home.path)
        access, secret = control.key_files(sandbox or self.home.path)
        known = {
            "ec2": status.ec2,
            "s3": status.s3,
            "ebs": status.ebs,
            "credentials": json.dumps({"access_key_file": str(access), "secret_key_file": str(secret)}),
        }
        self.home.services_folder.mkdir(parents=True, exist_ok=True)
        lines = [f"{key}: {value}" for key, value in {**known, **more}.items()]
        (self.home.services_folder / f"{name}.yaml").write_text("\n".join(lines) + "\n")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("EXTENCI_SANDBOX_BOOT_SECONDS", "0.1")
    made = World(tmp_path, Home(tmp_path / "home"))
    yield made
    for clients in made.services.values():
        clients.close()
    control.stop(made.home.path)
