"""`extenci import` on a cloud that nobody here wrote: moto's server as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.matrix.clouds.moto import moto_server
from tests.system.manage.conftest import Place

KEYS = {"access.id": "AKIAIOSFODNN7EXAMPLE", "secret.key": "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00"}


@dataclass
class MotoPlace(Place):
    """A spec root whose service is moto's."""

    url: str = ""

    @property
    def ec2(self) -> Any:
        return boto3.client(
            "ec2",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key="x",
        )


@pytest.fixture
def moto_place(tmp_path: Path) -> Iterator[MotoPlace]:
    home, specs = tmp_path / "home", tmp_path / "specs"
    services = home / "catalog" / "service"
    services.mkdir(parents=True)
    specs.mkdir()
    (specs / "extenci.yaml").write_text("stack: lab\n")
    for name, text in KEYS.items():
        (home / name).write_text(text + "\n")
        (home / name).chmod(0o600)
    names = {"access_key_file": str(home / "access.id"), "secret_key_file": str(home / "secret.key")}
    with moto_server(tmp_path) as url:
        lines = [f"{api}: {url}" for api in ("ec2", "s3", "ebs")]
        lines += ["region: us-east-1", f"credentials: {json.dumps(names)}", "lock: none"]
        (services / "moto.yaml").write_text("\n".join(lines) + "\n")
        yield MotoPlace(home, specs, url)


def test_images_and_machines_of_moto_are_imported(moto_place: MotoPlace) -> None:
    place = moto_place
    disk = place.disk("worker")
    image = place.done("stage", disk, "moto").strip()
    machines = place.launch(image, 2)
    file = place.specs / "lab.yaml"
    done = place.run("import", "moto/worker", image, "--source", disk, "--write", file)
    assert done.returncode == 0, done.stderr
    done = place.run("import", "moto/pool", *machines, "--write", file)
    assert done.returncode == 0, done.stderr
    assert "image: worker" in file.read_text()
    assert place.is_quiet(), place.run("plan").stdout
