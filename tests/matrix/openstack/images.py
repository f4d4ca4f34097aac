"""A stand-in for glance: it takes what ec2-api unpacks of a bundle, and keeps the SHA-256 of it in a file."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, KeysView
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from glanceclient.common import exceptions

from tests.matrix.openstack.compute import PROJECT, now

CHUNK_BYTES = 1 << 20


class Image(SimpleNamespace):
    """An image, whose properties are attributes and items."""

    def __getitem__(self, key: str) -> Any:
        return getattr(self, key)

    def __iter__(self) -> Iterator[str]:
        return iter(vars(self))

    def keys(self) -> KeysView[str]:
        return vars(self).keys()


class Images:
    """glance.images. `digests` is a folder of files NAME.json."""

    def __init__(self, digests: Path) -> None:
        self._images: dict[str, Image] = {}
        self._digests = digests
        digests.mkdir(parents=True, exist_ok=True)

    def create(self, **properties: Any) -> Image:
        image = Image(
            id=str(uuid.uuid4()),
            owner=PROJECT,
            status="queued",
            visibility="private",
            created_at=now(),
            updated_at=now(),
            name=None,
            size=0,
            min_disk=0,
            min_ram=0,
            container_format=None,
            disk_format=None,
            protected=False,
            tags=[],
            file="",
            schema="",
            checksum=None,
        )
        vars(image).update(properties)
        self._images[image.id] = image
        return image

    def get(self, image: str) -> Image:
        if image not in self._images:
            raise exceptions.HTTPNotFound
        return self._images[image]

    def list(self, **_: Any) -> list[Image]:
        return [*self._images.values()]

    def upload(self, image: str, data: Any, **_: Any) -> None:
        """Stores nothing but the digest and the size of a disk."""
        digest, size = hashlib.sha256(), 0
        while hasattr(data, "read") and (block := data.read(CHUNK_BYTES)):
            digest.update(block)
            size += len(block)
        found = self.get(image)
        found.size, found.status = size, "active"
        record = json.dumps({"sha256": digest.hexdigest(), "bytes": size})
        (self._digests / f"{found.name}.json").write_text(record)

    def image_import(self, image: str, **_: Any) -> None:
        self.get(image).status = "active"

    def update(self, image: str, **properties: Any) -> None:
        vars(self.get(image)).update(properties)

    def delete(self, image: str) -> None:
        self.get(image)
        del self._images[image]


class Glance:
    """glanceclient's Client."""

    def __init__(self, digests: Path) -> None:
        self.images = Images(digests)
