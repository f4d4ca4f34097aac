from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from extenci.model.address import Address
from extenci.model.desired import Desired, DesiredImage, Origin
from extenci.model.finding import Level
from extenci.model.version import Method
from extenci.observe.doctor.programs import check_programs


@pytest.fixture
def desired(tmp_path: Path) -> Desired:
    """Two qcow2 images, one packed disk, a raw one, one that is missing, and a URL."""
    for name in ("a.qcow2", "b.qcow2"):
        (tmp_path / name).write_bytes(b"QFI\xfb" + bytes(600))
    (tmp_path / "c.gz").write_bytes(gzip.compress(b"disk"))
    (tmp_path / "d.raw").write_bytes(b"disk")
    names = ["a.qcow2", "b.qcow2", "c.gz", "d.raw", "missing.qcow2"]
    sources = [*(str(tmp_path / name) for name in names), "https://example.org/e.qcow2"]
    images = tuple(
        DesiredImage(Address("sandbox", f"i{number}"), Origin("a.yaml", 1, 1), source, Method.EBS)
        for number, source in enumerate(sources)
    )
    return Desired("lab", str(tmp_path), {}, images)


def test_each_program_that_is_missing_is_told_once(
    desired: Desired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("extenci.image.programs.SEARCHED_TOO", str(tmp_path))
    found = list(check_programs(desired))
    assert [one.hint for one in found] == [
        "Install the package qemu-utils (RHEL: qemu-img).",
        "Install the package gzip.",
    ]
    assert {one.level for one in found} == {Level.PROBLEM}


def test_nothing_is_said_where_all_are_there(
    desired: Desired, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("qemu-img", "gzip"):
        (tmp_path / name).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert list(check_programs(desired)) == []
