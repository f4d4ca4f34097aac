"""A machine boots what was bundled: verify and launch from an image in S3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from extenci import api
from extenci.catalog.home import Home
from extenci.cloud.clients import Clients
from extenci.model.verdict import Verdict
from extenci.sandbox import control
from tests.system.qemu.conftest import MakeImage

SPEC = """\
service: sandbox
images:
  worker:
    source: worker.raw
    method: bundle
    verify: {type: t3.micro, timeout: 3m, checks: [{tcp: 22}, {console: "login:"}]}
instances:
  pool: {image: worker, type: t3.micro, count: 1}
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    place = Home(tmp_path / "home")
    yield place
    control.stop(place.path)


def test_a_bundle_boots_and_passes(home: Home, tmp_path: Path, image: MakeImage) -> None:
    specs = tmp_path / "specs"
    specs.mkdir()
    (specs / "a.yaml").write_text(SPEC)
    (specs / "worker.raw").symlink_to(image("plain"))

    result = api.apply(api.load([specs], home=home), home=home)

    assert result.ok, result.outcomes
    assert [one.verified.verdict for one in result.outcomes if one.verified] == [Verdict.PASSED]
    clients = Clients(api.sandbox_service(home))
    (staged,) = clients.ec2.images()
    assert (staged.snapshots, len(clients.ec2.machines("default"))) == ((), 2)  # the test VM, too
    clients.close()
