"""What an image is made of, and what is never overwritten by one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from extenci.model.errors import SandboxError
from extenci.sandbox.bootable import Recipe, make_image, read_keys, users_keys
from extenci.sandbox.bootable.archive import file, folder, link, pack
from extenci.sandbox.bootable.image import MARK, check_replaceable
from extenci.sandbox.bootable.tools import find_tools


@pytest.mark.skipif(not shutil.which("cpio"), reason="cpio reads it")
def test_the_archive_is_one_that_cpio_reads(tmp_path: Path) -> None:
    packed = pack([folder("etc"), file("etc/name", b"odd", 0o640), link("init", "/etc/name")])
    assert len(packed) % 4 == 0
    subprocess.run(["cpio", "-i", "--quiet"], input=packed, cwd=tmp_path, check=True)  # noqa: S607 - any cpio
    assert (tmp_path / "etc/name").read_bytes() == b"odd"
    assert (tmp_path / "etc/name").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "init").readlink() == Path("/etc/name")


def test_all_that_is_missing_is_named_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("apt-get", "apt-cache", "dpkg-deb", "ldd", "mcopy"):
        (tmp_path / name).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("extenci.sandbox.bootable.tools._SYSTEM", str(tmp_path))
    with pytest.raises(SandboxError) as raised:
        find_tools()
    assert "syslinux" in raised.value.message
    assert "mformat, busybox, dropbear, dropbearkey" in raised.value.message
    assert "mcopy" not in raised.value.message
    assert raised.value.hint is not None
    assert raised.value.hint.endswith("mtools busybox-static dropbear-bin")
    (tmp_path / "apt-get").unlink()
    with pytest.raises(SandboxError, match="made from Debian's packages"):
        find_tools()


def test_only_images_are_replaced(tmp_path: Path) -> None:
    precious, made = tmp_path / "thesis.tex", tmp_path / "made.raw"
    precious.write_text("words " * 200)
    made.write_bytes(bytes(512) + MARK + bytes(100))
    check_replaceable(made)
    check_replaceable(tmp_path / "new.raw")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for other in (precious, tmp_path, tmp_path / "dangling"):
        with pytest.raises(SandboxError, match="left alone"):
            make_image(other, tmp_path / "cache", Recipe())
    assert precious.read_text() == "words " * 200


def test_public_keys_are_the_users_and_never_private(tmp_path: Path) -> None:
    (tmp_path / "id_ed25519.pub").write_text("ssh-ed25519 AAAA ann@home\n")
    (tmp_path / "id_rsa.pub").write_text("# a comment\nssh-rsa BBBB\n")
    (tmp_path / "id_rsa").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nsecret\n")
    assert users_keys(tmp_path) == ("ssh-ed25519 AAAA ann@home", "ssh-rsa BBBB")
    assert users_keys(tmp_path / "none") == ()
    with pytest.raises(SandboxError, match="is no public key") as raised:
        read_keys(tmp_path / "id_rsa")
    assert "secret" not in str(raised.value)
    with pytest.raises(SandboxError, match="cannot be read"):
        read_keys(tmp_path / "missing.pub")
