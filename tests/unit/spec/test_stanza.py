"""Entries as text: what they say is what a reader of spec files finds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from extenci.model.address import Address
from extenci.model.desired import DesiredGroup, DesiredImage, ImageId, LaunchSettings, Origin
from extenci.model.errors import UsageError
from extenci.model.service import Service
from extenci.model.version import Architecture, BootMode, Method
from extenci.spec.load import load_desired
from extenci.spec.services.library import SANDBOX_STAND_IN
from extenci.spec.stanza import entry_of, stanza, with_entry

HERE = Origin("", 0, 0)
SERVICE = Service("sandbox", "r")


def test_an_entry_says_everything_that_is_not_so_anyhow(tmp_path: Path) -> None:
    (tmp_path / "d.raw").touch()
    image = DesiredImage(
        Address("sandbox", "worker"), HERE, str(tmp_path.resolve() / "d.raw"), Method.IMPORT,
        architecture=Architecture.ARM64, boot_mode=BootMode.UEFI, gib=7, protect=True, tags={"a": "yes"},
    )  # fmt: skip
    settings = LaunchSettings("t3.micro", "key", None, ("sg-1",), "subnet-1", "r-a", "profile")
    group = DesiredGroup(
        Address("sandbox", "pool"), HERE, Address("sandbox", "worker"), 2, settings, tags={"n": "1: x"}
    )
    text = stanza(image, entry_of(image, replace(SERVICE, bucket="b"), tmp_path))
    text = with_entry(text, tmp_path / "a.yaml", group, entry_of(group, SERVICE, tmp_path))
    (tmp_path / "a.yaml").write_text(text)
    (tmp_path / "services").mkdir()
    read = load_desired([tmp_path], catalog_services={}, sandbox=replace(SANDBOX_STAND_IN, bucket="b"))
    assert replace(read.images[0], origin=HERE) == image
    assert replace(read.instances[0], origin=HERE) == group


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("service: [sandbox, other]\n", "other services"),
        ("a: [", "not YAML"),
        ("name: compose\n", "not a spec file"),
        ("service: sandbox\ninstances: {pool: {}}\n", "already"),
    ],
)
def test_a_file_that_cannot_take_the_entry_is_refused(text: str, message: str) -> None:
    group = DesiredGroup(Address("sandbox", "pool"), HERE, ImageId("ami-1"), 1, LaunchSettings("t3.micro"))
    with pytest.raises(UsageError, match=message):
        with_entry(text, Path("a.yaml"), group, {"count": 1})
