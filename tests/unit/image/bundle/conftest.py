"""Key pairs as `openssl` makes them, and disks to bundle."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from extenci.image.bundle.bundler import Bundler, open_signer
from extenci.image.bundle.certificates import new_key_pair
from extenci.image.bundle.keys import Secret
from extenci.image.bundle.tar import tar_stream
from extenci.image.raw import open_disk
from extenci.model.service import BundleKeys
from extenci.model.version import BLOCK_BYTES

SECRET = Secret(bytes(range(16)), bytes(range(16, 32)))


@dataclass(frozen=True)
class Keys:
    """Files of a user's and a cloud's key pairs."""

    folder: Path

    @property
    def user(self) -> Path:
        return self.folder / "user.key"

    @property
    def certificate(self) -> Path:
        return self.folder / "user.pem"

    @property
    def cloud(self) -> Path:
        return self.folder / "cloud.key"

    @property
    def service(self) -> BundleKeys:
        cloud = self.folder / "cloud.pem"
        return BundleKeys(str(self.certificate), str(self.user), str(cloud), "123456789012")


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("user", "cloud"):
        key, certificate = new_key_pair(name)
        (folder / f"{name}.key").write_bytes(key)
        (folder / f"{name}.key").chmod(0o600)
        (folder / f"{name}.pem").write_bytes(certificate)
    return Keys(folder)


def make_disk(path: Path, blocks: set[int], size: int) -> Path:
    """A sparse disk with data in some blocks, half of it text and half of it noise."""
    noise = random.Random(7)  # noqa: S311
    with path.open("wb") as file:
        for index in sorted(blocks):
            file.seek(index * BLOCK_BYTES)
            file.write(noise.randbytes(BLOCK_BYTES // 2) + b"disk " * 1000)
        file.truncate(size)
    return path


def make_bundle(disk: Path, folder: Path, keys: Keys, prefix: str = "worker") -> Path:
    """Bundle a disk into a folder; the manifest."""
    bundler = Bundler(prefix, SECRET)
    with open_disk(disk) as source:
        indexes = [block.index for block in source.blocks()]
        for part, data in bundler.parts(tar_stream(prefix, source.size, lambda: indexes, source.block)):
            (folder / part.name).write_bytes(data)
        text = open_signer(keys.service).manifest(prefix, "x86_64", source.size, bundler, release="1.0")
    manifest = folder / f"{prefix}.manifest.xml"
    manifest.write_bytes(text)
    return manifest


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "bundle"
    place.mkdir()
    yield place
    assert not list(place.glob(".*")), "half a file is left"
