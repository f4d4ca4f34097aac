"""Images of disks that are a little too short: `qemu-img` would read zeros where data is missing."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

from extenci.image.raw import read_disk, read_open
from extenci.image.sources import Cache, open_source
from extenci.model.errors import DiskError
from tests.disks import add_boot_sector
from tests.system.image.disk_files import MIB, age, need

IMAGES = {
    "qcow2": ["qcow2"],
    "qcow2 of large clusters": ["qcow2", "-o", "cluster_size=2M"],
    "qcow2 with subclusters": ["qcow2", "-o", "extended_l2=on"],
    "qcow2 compressed": ["qcow2", "-c"],
    "qcow2 of version 2": ["qcow2", "-o", "compat=0.10"],
    "vmdk": ["vmdk"],
    "vmdk for OVF": ["vmdk", "-o", "subformat=streamOptimized"],
    "vhd": ["vpc", "-o", "force_size=on"],
    "vhdx": ["vhdx", "-o", "block_size=1M"],
    "vdi": ["vdi"],
}
REFUSED = "refused"
SIZES = (512, 1000, 65536 + 512, 3 * MIB + 1536, 8 * MIB)


def make_image(tmp_path: Path, size: int, kind: str) -> tuple[Path, Path]:
    """A disk full of noise, and an image of it."""
    raw, image = tmp_path / "disk.raw", tmp_path / "disk.image"
    raw.write_bytes(random.Random(size).randbytes(size))  # noqa: S311 - no secret
    add_boot_sector(raw)
    subprocess.run([need("qemu-img"), "convert", "-f", "raw", "-O", *IMAGES[kind], raw, image], check=True)
    return age(raw), age(image)


def digest(image: Path, cache: Cache) -> str:
    with open_source(str(image), cache) as disk:
        return read_open(disk).digest


def digest_or_refusal(image: Path, cache: Cache) -> str:
    try:
        return digest(image, cache)
    except DiskError:
        return REFUSED


@pytest.mark.parametrize("kind", IMAGES)
def test_a_whole_image_of_any_size_is_taken(cache: Cache, tmp_path: Path, kind: str) -> None:
    for size in SIZES:
        raw, image = make_image(tmp_path, size, kind)
        assert digest(image, cache) == read_disk(raw).digest


@pytest.mark.parametrize("kind", IMAGES)
@pytest.mark.parametrize("size", [8 * MIB, 3 * MIB + 1536])
def test_an_image_that_is_short_by_less_than_a_cluster_is_refused_or_lacks_nothing(
    cache: Cache, tmp_path: Path, kind: str, size: int
) -> None:
    raw, image = make_image(tmp_path, size, kind)
    length, refused = image.stat().st_size, 0
    for cut in (1, 511, 513, 4096, 65_535, 65_537):
        _, image = make_image(tmp_path, size, kind)
        os.truncate(image, length - cut)
        found = digest_or_refusal(age(image), cache)
        assert found in (read_disk(raw).digest, REFUSED), cut
        refused += found == REFUSED
    assert refused >= 4 or size % MIB, "all its data is in the part that is missing"
