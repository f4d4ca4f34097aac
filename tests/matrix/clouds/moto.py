"""moto's server as it is, in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.matrix.clouds.cloud import BUCKET, Cloud, s3_client
from tests.matrix.clouds.keys import make_bundle_files
from tests.matrix.processes import HOST, free_port, server

CONSOLE = "Linux version"
"""In the console output that moto answers for every machine."""


@contextmanager
def moto_server(folder: Path) -> Iterator[str]:
    """The URL of a moto that runs: EC2, S3 and EBS direct on one port, told apart by the signature."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(port)]
    with server(command, port, folder / "moto.log") as url:
        yield url


@contextmanager
def moto(folder: Path) -> Iterator[Cloud]:
    """A cloud that is all moto's."""
    with moto_server(folder) as url:
        s3_client(url).create_bucket(Bucket=BUCKET)
        bundle = make_bundle_files(folder / "keys")
        yield Cloud(url, url, url, url, url, bundle=bundle, console=CONSOLE)
