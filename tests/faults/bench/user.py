"""A user of extenci: a home with a service file and keys, and a spec root that several homes may share."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.bench.bench import Bench
from tests.faults.bench.command import Done, Running, base_environment
from tests.faults.bench.disk import SMALL, make_disk
from tests.faults.bench.state import BUCKET, REGION

SERVICE = "cloud"
ACCOUNT = "123456789012"


@dataclass
class Specs:
    """What is desired. Each change is written at once."""

    root: Path
    stack: str
    method: str
    launch: str
    size: int = SMALL
    count: int | None = 2
    """Machines of the group; None: there is no group."""
    type: str = "t3.micro"
    version: int = 1
    boot_mode: str = ""
    verified: bool = False
    extra: Mapping[str, object] = field(default_factory=dict)
    content: bytes = b""

    @property
    def disk(self) -> Path:
        return self.root / "disks" / "worker.raw"

    def write(self, **changes: object) -> None:
        """Writes the root, with changes."""
        for name, value in changes.items():
            setattr(self, name, value)
        self.content = make_disk(self.disk, self.version, self.size)
        (self.root / "extenci.yaml").write_text(f"stack: {self.stack}\n")
        image: dict[str, object] = {"source": "disks/worker.raw", "method": self.method, "keep": 0}
        if self.boot_mode:
            image["boot_mode"] = self.boot_mode
        if self.verified:
            image["verify"] = {"type": "t3.micro", "timeout": "90s", "confirm": True, "checks": []}
        document: dict[str, object] = {"service": SERVICE, "images": {"worker": image}}
        if self.count is not None:
            group = {"image": "worker", "type": self.type, "count": self.count, "launch": self.launch}
            document["instances"] = {"pool": group}
        (self.root / "cloud.yaml").write_text(json.dumps(document, indent=1) + "\n")

    def write_nothing(self) -> None:
        """Nothing is desired of the service any more."""
        (self.root / "cloud.yaml").write_text(f"service: {SERVICE}\n")


@dataclass
class User:
    """One home, whose calls are known by its access key. `declares` are abilities in the service's file."""

    bench: Bench
    name: str
    folder: Path
    specs: Specs
    tags: str = "create"
    declares: Mapping[str, bool] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"AKIALAB{self.name.upper():0>13}"

    @property
    def is_by_condor(self) -> bool:
        return self.specs.launch == "condor"

    @property
    def home(self) -> Path:
        if self.is_by_condor and self.bench.pool is not None:  # a folder that the jobs' owner can get to
            return self.bench.pool.folder / f"{self.specs.stack}-{self.name}"
        return self.folder / f"home-{self.name}"

    def write_service(self) -> None:
        """The service's file and its keys."""
        access, secret = self._write_keys()
        network = self.bench.network
        urls = network.direct if self.is_by_condor else network.named
        service: dict[str, object] = {
            **urls,
            "region": REGION,
            "bucket": BUCKET,
            "tags": self.tags,
            "credentials": {"access_key_file": str(access), "secret_key_file": str(secret)},
            "bundle": {
                "certificate": str(self.bench.sandbox.bundle.certificate),
                "private_key": str(self.bench.sandbox.bundle.private_key),
                "cloud_certificate": str(self.bench.sandbox.bundle.cloud_certificate),
                "user": ACCOUNT,
            },
        }
        if self.declares:
            service["abilities"] = dict(self.declares)
        if self.is_by_condor:
            pool = self.bench.pool
            assert pool is not None
            service["condor"] = {"pool": pool.collector, "schedd": pool.schedd}
        else:
            service["ca_bundle"] = str(network.authority)
        path = self.home / "catalog" / "service" / f"{SERVICE}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(service, indent=1) + "\n")

    def start(self, *words: str) -> Running:
        """A command of this user's, in the folder that holds the spec root."""
        return Running(words, self.folder, self._environment())

    def run(self, *words: str) -> Done:
        """A command of this user's, to its end."""
        return self.start(*words).wait()

    def leave(self) -> None:
        """Removes the home where that lies outside of the try's folder."""
        if self.is_by_condor:
            shutil.rmtree(self.home, ignore_errors=True)

    def _write_keys(self) -> tuple[Path, Path]:
        texts = {"access": self.key, "secret": f"laboratory/secret/of/{self.name:0>20}"}
        if self.is_by_condor and self.bench.pool is not None:
            paths = [
                self.bench.pool.write_key(f"{self.specs.stack}-{self.name}-{kind}", f"{text}\n")
                for kind, text in texts.items()
            ]
            return paths[0], paths[1]
        folder = self.folder / f"keys-{self.name}"
        folder.mkdir(parents=True, exist_ok=True)
        for kind, text in texts.items():
            (folder / kind).touch(mode=0o600)
            (folder / kind).write_text(f"{text}\n")
        return folder / "access", folder / "secret"

    def _environment(self) -> dict[str, str]:
        more = {"EXTENCI_HOME": str(self.home)}
        if self.is_by_condor:
            assert self.bench.pool is not None
            more |= self.bench.pool.environment
        else:
            more |= {"HTTPS_PROXY": self.bench.network.proxy_url, "https_proxy": self.bench.network.proxy_url}
        return {**base_environment(), **more}
