"""Bundles against the programs that others make and open them with: openssl, gzip, tar.

Debian: openssl, gzip, tar.
"""

from __future__ import annotations

import filecmp
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

from extenci.image.bundle.bundler import open_signer
from extenci.image.bundle.keys import encrypt_for, sign
from extenci.image.bundle.manifest import BundlePart, EncryptedSecret, Manifest, manifest_text, signed_text
from extenci.image.bundle.unbundle import local_parts, unbundle
from extenci.image.raw import read_disk
from extenci.model.version import BLOCK_BYTES, GIB
from tests.unit.image.bundle.conftest import SECRET, Keys, make_bundle, make_disk

DISKS = {
    "one block": ({0}, BLOCK_BYTES),
    "a short end": ({0, 3, 4}, 4 * BLOCK_BYTES + 70_001),
    "a hole at the end": ({1}, 9 * BLOCK_BYTES + 1),
    "nothing": (set(), 3 * BLOCK_BYTES),
    "many holes": (set(range(0, 120, 2)), 130 * BLOCK_BYTES),
    "past 8 GiB": ({0, 20_000}, 20_010 * BLOCK_BYTES),
}


def run(command: str, folder: Path, data: bytes = b"") -> bytes:
    return subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        input=data,
        capture_output=True,
        check=True,
    ).stdout


def assert_same(made: Path, disk: Path) -> None:
    """The same bytes, and as many holes. What is a hole in both is not read: one of them has 10 GiB."""
    found, wanted = read_disk(made), read_disk(disk)
    assert found == wanted
    if found.size < GIB:
        assert filecmp.cmp(made, disk, shallow=False)
    assert made.stat().st_blocks <= (found.blocks + 1) * (BLOCK_BYTES // 512)


def sha1_of(path: Path) -> str:
    return run("sha1sum", path.parent, path.read_bytes()).split()[0].decode()


def said(manifest: Path, name: str) -> str:
    found = re.search(f"<{name}[^>]*>([^<]*)</{name}>", manifest.read_text())
    assert found is not None
    return found[1]


@pytest.mark.parametrize("which", DISKS)
def test_openssl_gunzip_and_tar_give_the_disk_back_byte_for_byte(
    which: str, tmp_path: Path, folder: Path, keys: Keys
) -> None:
    blocks, size = DISKS[which]
    disk = make_disk(tmp_path / "disk", blocks, size)
    manifest = make_bundle(disk, folder, keys)

    decrypt = f"openssl pkeyutl -decrypt -inkey {keys.user}"
    key, iv = (
        run(decrypt, folder, bytes.fromhex(said(manifest, f"user_encrypted_{name}"))).decode()
        for name in ("key", "iv")
    )
    assert (key, iv) == (SECRET.key.hex(), SECRET.iv.hex())
    run(f"cat worker.part.* | openssl enc -d -aes-128-cbc -K {key} -iv {iv} | gunzip > ../tar", folder)
    run("tar -xf tar", tmp_path)

    assert_same(tmp_path / "worker", disk)
    assert sha1_of(tmp_path / "tar") == said(manifest, "digest")
    with tarfile.open(tmp_path / "tar", "r|") as tar:  # as euca2ools opens it
        member = tar.next()
        assert member is not None
        assert (member.name, member.size) == ("worker", size)


def test_the_cloud_opens_it_with_its_own_key(tmp_path: Path, folder: Path, keys: Keys) -> None:
    manifest = make_bundle(make_disk(tmp_path / "disk", {0}, BLOCK_BYTES), folder, keys)
    data = bytes.fromhex(said(manifest, "ec2_encrypted_key"))
    assert run(f"openssl pkeyutl -decrypt -inkey {keys.cloud}", folder, data).decode() == SECRET.key.hex()


def test_openssl_verifies_the_signature(tmp_path: Path, folder: Path, keys: Keys) -> None:
    """Of what stands in the file from the first tag of each element to its last."""
    text = make_bundle(make_disk(tmp_path / "disk", {0}, BLOCK_BYTES), folder, keys).read_bytes()
    covered = b"".join(
        re.findall(rb"<machine_configuration>.*</machine_configuration>|<image>.*</image>", text)
    )
    assert covered.startswith(b"<machine_configuration><architecture>x86_64<")
    assert covered.endswith(b"</part></parts></image>")
    (tmp_path / "signature").write_bytes(
        bytes.fromhex(re.findall(b"<signature>([0-9a-f]*)<", text)[0].decode())
    )
    run(f"openssl x509 -pubkey -noout -in {keys.certificate} > key.pub", tmp_path)
    verify = "openssl dgst -sha1 -verify key.pub -signature signature"
    assert run(verify, tmp_path, covered) == b"Verified OK\n"
    with pytest.raises(subprocess.CalledProcessError):
        run(verify, tmp_path, covered + b" ")


@pytest.mark.parametrize("sparse", ["-S", ""])
@pytest.mark.parametrize("which", ["a short end", "many holes", "nothing"])
def test_what_tar_gzip_and_openssl_made_is_opened(
    which: str, sparse: str, tmp_path: Path, folder: Path, keys: Keys
) -> None:
    blocks, size = DISKS[which]
    disk = make_disk(tmp_path / "disk", blocks, size)
    run(f"tar {sparse} -cf tar disk", tmp_path)
    encrypt = f"openssl enc -aes-128-cbc -K {SECRET.key.hex()} -iv {SECRET.iv.hex()}"
    run(f"gzip < ../tar | {encrypt} | split -d -b 10M - worker.part.", folder)
    manifest = manifest_of(tmp_path / "tar", size, folder, keys)

    unbundle(
        manifest, local_parts(folder), tmp_path / "out",
        certificate=str(keys.certificate), private_key=str(keys.user),
    )  # fmt: skip

    assert_same(tmp_path / "out", disk)


def manifest_of(tar: Path, size: int, folder: Path, keys: Keys) -> bytes:
    signer = open_signer(keys.service)
    parts = sorted(folder.iterdir())
    secret = [encrypt_for(value, signer.public) for value in (SECRET.key, SECRET.iv)]
    manifest = Manifest(
        name="worker",
        user="123456789012",
        architecture="x86_64",
        sha1=sha1_of(tar),
        size=size,
        bundled_size=sum(part.stat().st_size for part in parts),
        for_cloud=EncryptedSecret(*secret),
        for_user=EncryptedSecret(*secret),
        parts=tuple(BundlePart(part.name, sha1_of(part)) for part in parts),
    )
    return manifest_text(manifest, sign(signed_text(manifest), signer.private), "1.0")
