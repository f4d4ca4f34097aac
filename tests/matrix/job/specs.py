"""The spec root of a row, its service file and its disks."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

from tests.disks import add_boot_sector
from tests.matrix.clouds.cloud import REGION, Cloud

MIB = 1 << 20
DISK_BYTES, DATA_BYTES = 32 * MIB, 12 * MIB
"""Enough for two parts of a bundle (10 MiB) and several of an upload."""
ACCOUNT = "123456789012"


@dataclass
class Specs:
    """Files that say what is desired. Each change of them is written at once."""

    folder: Path
    cloud: Cloud
    stage: str
    tags: str
    count: int = 2
    type: str = ""
    version: int = 1
    verified: bool = False

    @property
    def root(self) -> Path:
        return self.folder / "specs"

    @property
    def disk(self) -> Path:
        return self.root / "disks" / "worker.raw"

    @property
    def image(self) -> str:
        """The address of the image."""
        return f"{self.cloud.service}/worker"

    def write(self, **changes: object) -> None:
        """Writes the root, with changes of what is desired."""
        for key, value in changes.items():
            setattr(self, key, value)
        self.disk.parent.mkdir(parents=True, exist_ok=True)
        make_disk(self.disk, self.version)
        (self.root / "extenci.yaml").write_text("stack: matrix\n")
        document = {
            "service": self.cloud.service,
            "images": {"worker": self._image()},
            "instances": self._group(),
        }
        (self.root / "cloud.yaml").write_text(json.dumps(document, indent=1) + "\n")

    def write_service(self, home: Path) -> None:
        """The service's file in a home, where the service is not built in."""
        if self.cloud.home is not None:
            return
        path = home / "catalog" / "service" / f"{self.cloud.service}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self._service(), indent=1) + "\n")

    def _image(self) -> dict[str, object]:
        image: dict[str, object] = {"source": "disks/worker.raw", "method": self.stage, "keep": 0}
        if self.verified:
            checks = [{"console": self.cloud.console}] if self.cloud.console else []
            image["verify"] = {
                "type": self.cloud.types[0],
                "timeout": "60s",
                "confirm": True,
                "checks": checks,
            }
        return image

    def _group(self) -> dict[str, object]:
        kind = self.type or self.cloud.types[0]
        data = "#cloud-config\nhostname: worker\n"
        return {"pool": {"image": "worker", "type": kind, "count": self.count, "user_data": data}}

    def _service(self) -> dict[str, object]:
        keys = self.folder / "keys-of-service"
        keys.mkdir(exist_ok=True)
        access, secret = keys / "access", keys / "secret"
        for path, text in zip((access, secret), self.cloud.keys, strict=True):
            path.touch(mode=0o600)
            path.write_text(f"{text}\n")
        service: dict[str, object] = {
            "ec2": self.cloud.ec2,
            "s3": self.cloud.s3,
            **({"ebs": self.cloud.ebs} if self.cloud.ebs else {}),
            "region": REGION,
            "bucket": self.cloud.bucket,
            "stage": self.stage,
            "tags": self.tags,
            "credentials": {"access_key_file": str(access), "secret_key_file": str(secret)},
        }
        if self.cloud.bundle is not None:
            service["bundle"] = {
                "certificate": str(self.cloud.bundle.certificate),
                "private_key": str(self.cloud.bundle.private_key),
                "cloud_certificate": str(self.cloud.bundle.cloud_certificate),
                "user": ACCOUNT,
            }
        return service


def make_disk(path: Path, version: int) -> Path:
    """A sparse disk whose content is that of its version, and whose bytes do not compress."""
    content = random.Random(version).randbytes(DATA_BYTES)  # noqa: S311 - no secret
    with path.open("wb") as file:
        file.truncate(DISK_BYTES)
        file.seek(MIB)
        file.write(content)
    add_boot_sector(path)
    return path
