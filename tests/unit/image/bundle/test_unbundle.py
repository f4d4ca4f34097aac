"""Bundles from whoever made them: opened where everything is right, refused where anything is not."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from extenci.image.bundle.bundler import Bundler, _encrypted, open_signer
from extenci.image.bundle.keys import sign
from extenci.image.bundle.manifest import find_signed, manifest_text, signed_text
from extenci.image.bundle.tar import number, tar_stream
from extenci.image.bundle.unbundle import local_parts, read_local_manifest, unbundle
from extenci.image.raw import read_disk
from extenci.model.errors import AccessRefused, DiskError, Interrupted
from extenci.model.version import BLOCK_BYTES
from tests.unit.image.bundle.conftest import SECRET, Keys, make_bundle, make_disk

SIZE = 90 * BLOCK_BYTES + 5


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_disk(tmp_path_factory.mktemp("disk") / "disk", set(range(0, 90, 2)), SIZE)


@pytest.fixture(scope="module")
def bundled(disk: Path, tmp_path_factory: pytest.TempPathFactory, keys: Keys) -> Path:
    """The manifest of a bundle of two parts, which no test changes."""
    return make_bundle(disk, tmp_path_factory.mktemp("bundle"), keys)


@pytest.fixture
def manifest(bundled: Path, folder: Path) -> Path:
    """A copy of the bundle."""
    shutil.copytree(bundled.parent, folder, dirs_exist_ok=True)
    return folder / bundled.name


@pytest.fixture
def opened(folder: Path, keys: Keys) -> Callable[[bytes], Path]:
    """opened(manifest's text): the disk of a bundle in the folder."""

    def open_it(text: bytes) -> Path:
        out = folder / "out"
        certificate, key = str(keys.certificate), str(keys.user)
        unbundle(text, local_parts(folder), out, certificate=certificate, private_key=key)
        return out

    return open_it


def bundle_of(tar: list[bytes], size: int, folder: Path, keys: Keys) -> bytes:
    """A manifest, rightly signed, of what may be no disk."""
    bundler = Bundler("worker", SECRET)
    for part, data in bundler.parts(tar):
        (folder / part.name).write_bytes(data)
    return open_signer(keys.service).manifest("worker", "x86_64", size, bundler, release="1.0")


def resigned(text: bytes, keys: Keys, **changes: object) -> bytes:
    changed = replace(find_signed(text).read(), **changes)  # type: ignore[arg-type]
    signature = sign(signed_text(changed), open_signer(keys.service).private)
    return manifest_text(changed, signature, "1.0")


def test_a_bundle_is_a_disk_again(manifest: Path, opened: Callable[[bytes], Path], disk: Path) -> None:
    assert read_disk(opened(manifest.read_bytes())) == read_disk(disk)


def test_nothing_is_written_over(manifest: Path, opened: Callable[[bytes], Path], folder: Path) -> None:
    (folder / "out").write_bytes(b"mine")
    with pytest.raises(DiskError, match="exists already"):
        opened(manifest.read_bytes())
    assert (folder / "out").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (rb"<name>worker", b"<name>walker", "not signed"),
        (rb"<architecture>x86_64", b"<architecture>arm64", "not signed"),
        (rb"<signature>..", b"<signature>00", "not signed"),
        (rb"<signature>[0-9a-f]*", b"<signature>UNSIGNED", "signature has the wrong form"),
        (rb"2007-10-10", b"2003-01-01", "not of the version"),
        (rb"<image>", b"<image></image><image>", "no image, or several"),
    ],
)
def test_a_manifest_that_was_changed_is_refused(
    old: bytes, new: bytes, said: str, manifest: Path, opened: Callable[[bytes], Path], folder: Path
) -> None:
    text = re.sub(old, new, manifest.read_bytes(), count=1)
    assert text != manifest.read_bytes()
    with pytest.raises(DiskError, match=said):
        opened(text)
    assert not (folder / "out").exists()


def signed_again(text: bytes, keys: Keys) -> bytes:
    """The text with the signature that it needs."""
    signature = sign(find_signed(text).text, open_signer(keys.service).private)
    return re.sub(rb"<signature>[0-9a-f]*", b"<signature>" + signature.encode(), text)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (rb"<filename>worker.part.01", b"<filename>../part", "filename has the wrong form"),
        (rb"<size>[0-9]*", b"<size>-1", "size has the wrong form"),
        (rb'<parts count="2"', b'<parts count="9"', "its number of parts is not"),
        (rb'<part index="1"', b'<part index="0"', "not numbered"),
        (rb"<name>worker", b"<name>&worker;", "not valid XML"),
        (rb"<type>machine", b"<type>kernel", "kernel or ramdisk"),
    ],
)
def test_a_wrong_manifest_is_refused_whoever_signed_it(
    old: bytes, new: bytes, said: str, manifest: Path, keys: Keys, opened: Callable[[bytes], Path]
) -> None:
    text = re.sub(old, new, manifest.read_bytes(), count=1)
    with pytest.raises(DiskError, match="not signed"):
        opened(text)
    with pytest.raises(DiskError, match=said):
        opened(signed_again(text, keys))


def test_entities_of_a_document_type_are_nothing(
    manifest: Path, keys: Keys, opened: Callable[[bytes], Path]
) -> None:
    declared = b'<!DOCTYPE manifest [<!ENTITY a "aaaaaaaa"><!ENTITY worker "&a;&a;">]><manifest>'
    text = manifest.read_bytes().replace(b"<manifest>", declared).replace(b"<name>worker", b"<name>&worker;")
    with pytest.raises(DiskError, match="not valid XML"):
        opened(signed_again(text, keys))


def test_a_part_that_was_changed_cut_or_lost_is_refused(
    manifest: Path, opened: Callable[[bytes], Path], folder: Path
) -> None:
    part = folder / "worker.part.01"
    data = part.read_bytes()
    for damage, said in (
        (data[:-1] + bytes([data[-1] ^ 1]), "part.01 does not have the digest"),
        (data[:-16], "part.01 does not have the digest"),
        (data + bytes(16), "longer than its manifest says"),
    ):
        part.write_bytes(damage)
        with pytest.raises(DiskError, match=said):
            opened(manifest.read_bytes())
    part.unlink()
    with pytest.raises(DiskError, match="No such file"):
        opened(manifest.read_bytes())
    assert sorted(one.name for one in folder.iterdir()) == ["worker.manifest.xml", "worker.part.00"]


def test_a_fifo_is_no_part_and_no_manifest(
    manifest: Path, opened: Callable[[bytes], Path], folder: Path
) -> None:
    text = manifest.read_bytes()
    for path in (folder / "worker.part.01", manifest):
        path.unlink()
        os.mkfifo(path)
    with pytest.raises(DiskError, match="it is not a file"):
        opened(text)
    with pytest.raises(DiskError, match="it is not a file"):
        read_local_manifest(manifest)


def test_another_digest_of_the_whole_is_refused(
    manifest: Path, opened: Callable[[bytes], Path], keys: Keys
) -> None:
    with pytest.raises(DiskError, match="its content does not have the digest in its manifest"):
        opened(resigned(manifest.read_bytes(), keys, sha1="0" * 40))


@pytest.mark.parametrize("size", [SIZE - 1, SIZE + 1, 1, 10**14])
def test_another_size_than_that_of_the_disk_is_refused(
    size: int, manifest: Path, opened: Callable[[bytes], Path], keys: Keys, folder: Path
) -> None:
    with pytest.raises(DiskError):
        opened(resigned(manifest.read_bytes(), keys, size=size))
    assert not (folder / "out").exists()


def test_a_bundle_for_another_key_is_refused(manifest: Path, folder: Path, keys: Keys) -> None:
    with pytest.raises(AccessRefused, match="not encrypted for the owner"):
        unbundle(
            manifest.read_bytes(), local_parts(folder), folder / "out",
            certificate=str(keys.certificate), private_key=str(keys.cloud),
        )  # fmt: skip


def test_a_bomb_takes_neither_memory_nor_time(
    opened: Callable[[bytes], Path], folder: Path, keys: Keys
) -> None:
    """A disk of one block, said to be in a tar file with 64 MiB of zeros behind it."""
    zeros = bytes(BLOCK_BYTES)
    tar = [
        *tar_stream("worker", BLOCK_BYTES, lambda: [0], lambda _index: b"x" * BLOCK_BYTES),
        *[zeros] * 128,
    ]
    text = bundle_of(tar, BLOCK_BYTES, folder, keys)
    tracemalloc.start()
    try:
        with pytest.raises(DiskError, match=r"data after the disk|to more than"):
            opened(text)
        assert tracemalloc.get_traced_memory()[1] < 16 * 1024**2
    finally:
        tracemalloc.stop()


def sparse_header(
    stretches: list[tuple[int, int]], stored: int, size: int, is_extended: bool = False
) -> bytes:
    header = bytearray(next(tar_stream("worker", size, list, bytes)))
    header[124:136], header[386:482] = number(stored), bytes(96)
    for place, (start, length) in enumerate(stretches):
        header[386 + 24 * place : 410 + 24 * place] = number(start) + number(length)
    header[482] = is_extended
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    return bytes(header)


@pytest.mark.parametrize(
    "stretches",
    [
        [(0, 512), (0, 512)],
        [(512, 512), (0, 512)],
        [(SIZE, 512), (SIZE + 512, 512)],
        [(0, 2048)],
        [(0, 512)],
    ],
)
def test_data_that_belongs_nowhere_is_refused(
    stretches: list[tuple[int, int]], opened: Callable[[bytes], Path], folder: Path, keys: Keys
) -> None:
    tar = [sparse_header(stretches, 1024, SIZE), bytes(8192)]
    with pytest.raises(DiskError, match="contradicts itself"):
        opened(bundle_of(tar, SIZE, folder, keys))


def test_an_endless_list_of_nothing_ends(opened: Callable[[bytes], Path], folder: Path, keys: Keys) -> None:
    more = bytes(504) + b"\1" + bytes(7)
    tar = [sparse_header([], 1024, BLOCK_BYTES, is_extended=True), *[more * 1024] * 16]
    with pytest.raises(DiskError, match="more than its manifest says"):
        opened(bundle_of(tar, BLOCK_BYTES, folder, keys))


@pytest.mark.parametrize("length", [0, 15, 16, 17])
def test_what_is_encrypted_is_padded_as_openssl_does(length: int, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(bytes(length))
    command = [
        "openssl",
        "enc",
        "-aes-128-cbc",
        "-K",
        SECRET.key.hex(),
        "-iv",
        SECRET.iv.hex(),
        "-in",
        str(tmp_path / "data"),
    ]
    wanted = subprocess.run(command, check=True, capture_output=True).stdout
    assert b"".join(_encrypted([bytes(length)], SECRET)) == wanted


@pytest.mark.parametrize("text", [b"", b"no tar file" * 500, bytes(10240)])
def test_what_is_no_tar_file_is_refused(
    text: bytes, opened: Callable[[bytes], Path], folder: Path, keys: Keys
) -> None:
    with pytest.raises(DiskError):
        opened(bundle_of([text], SIZE, folder, keys))


def test_it_stops_when_told(manifest: Path, folder: Path, keys: Keys) -> None:
    stop = Event()
    stop.set()
    with pytest.raises(Interrupted):
        unbundle(
            manifest.read_bytes(), local_parts(folder), folder / "out",
            certificate=str(keys.certificate), private_key=str(keys.user), stop=stop,
        )  # fmt: skip
    assert not (folder / "out").exists()


def test_a_manifest_of_euca2ools_with_line_breaks_is_read(manifest: Path) -> None:
    text = manifest.read_bytes()
    spaced = re.sub(rb">([a-zA-Z0-9_.-]+)</", rb">\n  \1\n</", text.split(b"<machine_configuration>")[1])
    found = find_signed(text.split(b"<machine_configuration>")[0] + b"<machine_configuration>" + spaced)
    assert found.read() == find_signed(text).read()


def test_the_digests_are_of_what_they_say(manifest: Path, folder: Path) -> None:
    found = find_signed(manifest.read_bytes()).read()
    for part in found.parts:
        assert hashlib.sha1((folder / part.name).read_bytes(), usedforsecurity=False).hexdigest() == part.sha1


def test_a_manifest_is_parsed_only_once_its_signature_is_checked(
    manifest: Path, opened: Callable[[bytes], Path]
) -> None:
    """A parser would take 50 times as much memory as a text of empty elements."""
    text = manifest.read_bytes().replace(b"<parts ", b"<a/>" * 500_000 + b"<parts ")
    tracemalloc.start()
    try:
        with pytest.raises(DiskError, match="was not signed by"):
            opened(text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10 * len(text)
    with pytest.raises(DiskError, match="more elements than its parts need"):
        find_signed(text.replace(b"<parts ", b"<a/>" * 500_000 + b"<parts "))
