"""Unbundling from an S3 that accepts connections and says nothing."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from extenci.cloud.aws.s3 import S3
from extenci.cloud.clients import Clients
from extenci.image.bundle.manifest import BundlePart
from extenci.model.errors import Interrupted
from extenci.model.service import KeyFiles, Service
from extenci.stage.bundle.unbundle import UnbundleRequest, _parts_in, open_bundle


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[S3]:
    (tmp_path / "key").write_text("AKIA")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        keys = KeyFiles(str(tmp_path / "key"), str(tmp_path / "key"))
        clients = Clients(Service("campus", "us-east-1", ec2=url, s3=url, credentials=keys))
        yield clients.s3
        clients.close()


def read_manifest(s3: S3, stop: Event, folder: Path) -> None:
    open_bundle(UnbundleRequest("s3://bucket/a.manifest.xml", folder / "out", "", ""), s3, stop=stop)


def read_part(s3: S3, stop: Event, _folder: Path) -> None:
    list(_parts_in(s3, "bucket", "a/", stop)(BundlePart("a.part.0", "0" * 40)))


@pytest.mark.parametrize("read", [read_manifest, read_part])
def test_a_stop_ends_the_waiting_for_a_silent_s3_at_once(
    silent: S3, tmp_path: Path, read: Callable[[S3, Event, Path], None]
) -> None:
    stop = Event()
    threading.Timer(0.5, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Interrupted, match=r"^Unbundling was stopped\.$"):
        read(silent, stop, tmp_path)
    assert time.monotonic() - began < 5
    assert not (tmp_path / "out").exists()
