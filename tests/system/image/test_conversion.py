"""Every format, opened as the raw disk in it, by the real programs."""

from __future__ import annotations

import filecmp
import gzip
import hashlib
import os
import resource
import signal
import struct
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from extenci.image.raw import RawDisk, read_open
from extenci.image.sources import Cache, open_source
from extenci.model.errors import DiskChanged, DiskError, Interrupted
from tests.system.image.disk_files import FORMATS, MIB, age, digest_of, make_raw, make_source, need, pack

Cached = Callable[[], list[str]]
OPEN = """
import sys
from pathlib import Path
from extenci.image.sources import Cache, open_source
from extenci.model.errors import ExtenciError
try:
    with open_source(sys.argv[1], Cache(Path(sys.argv[2]))):
        print("opened")
except ExtenciError as error:
    print(error)
"""


def digest(source: Path, cache: Cache) -> str:
    with open_source(str(source), cache) as disk:
        return read_open(disk).digest


def refusal(source: Path | str, cache: Cache) -> DiskError:
    with pytest.raises(DiskError) as caught, open_source(str(source), cache):
        pass
    return caught.value


@pytest.mark.parametrize("kind", FORMATS)
def test_a_disk_has_one_digest_in_every_format(raw: Path, cache: Cache, cached: Cached, kind: str) -> None:
    source = make_source(raw, kind)
    with open_source(str(source), cache) as disk:
        assert read_open(disk).digest == digest_of(raw)
        assert disk.size - raw.stat().st_size in range(2 * MIB)  # VHD rounds up
        assert os.fstat(disk.descriptor).st_blocks * 512 < 8 * MIB  # zeros became holes
    assert len(cached()) == 1
    assert (cache.folder / "disks").stat().st_mode & 0o777 == 0o700


def test_the_size_of_a_vhd_is_what_its_footer_says_whoever_wrote_it(cache: Cache, tmp_path: Path) -> None:
    """The geometry in it, which QEMU believes of programs that it does not know, is smaller."""
    raw = make_raw(tmp_path / "odd.raw", 64 * MIB + 512 * 1024)
    source = make_source(raw, "vhd exact fixed")
    content = bytearray(source.read_bytes())
    footer = content[-512:]
    footer[28:32], footer[56:60], footer[64:68] = b"vbox", struct.pack(">HBB", 131, 16, 63), bytes(4)
    footer[64:68] = (~sum(footer) & 0xFFFFFFFF).to_bytes(4, "big")
    source.write_bytes(content[:-512] + footer)
    lost = tmp_path / "lost.raw"
    subprocess.run([need("qemu-img"), "convert", "-f", "vpc", "-O", "raw", source, lost], check=True)
    assert lost.stat().st_size < raw.stat().st_size
    assert digest(age(source), cache) == digest_of(raw)


def test_a_raw_disk_is_opened_where_it_is(raw: Path, cache: Cache) -> None:
    assert digest(raw, cache) == digest_of(raw)
    assert not cache.folder.exists()


@pytest.mark.parametrize("kind", ["qcow2", "zst"])
def test_an_unchanged_source_is_converted_once_and_a_changed_one_anew(
    raw: Path, cache: Cache, cached: Cached, kind: str
) -> None:
    told: list[str] = []
    cache = replace(cache, notify=told.append)
    source = make_source(raw, kind)
    digest(source, cache)
    first = cached()
    assert digest(source, cache) == digest_of(raw)
    assert cached() == first
    assert len(told) == 1
    raw = make_raw(raw, seed=b"another")
    source = make_source(raw, kind)
    assert digest(source, cache) == digest_of(raw)
    assert len(told) == 2
    assert len(cached()) == 1, "what was converted from the earlier content is of no use any more"


def test_a_pinned_and_an_unpinned_use_of_one_source_do_not_take_each_others_conversion(
    raw: Path, cache: Cache, cached: Cached
) -> None:
    source = make_source(raw, "qcow2")
    pin = hashlib.sha256(source.read_bytes()).hexdigest()
    for sha256 in (None, pin, None, pin):
        with open_source(str(source), cache, sha256=sha256) as disk:
            assert disk.sha256 == sha256
    assert len(cached()) == 2


def spoil(file: Path, disk: RawDisk) -> None:
    with file.open("ab") as opened:
        opened.write(b"x")
    disk.check_unchanged()


def test_a_conversion_that_was_removed_or_spoilt_is_made_again(
    raw: Path, cache: Cache, cached: Cached
) -> None:
    source = make_source(raw, "qcow2")
    digest(source, cache)
    (converted,) = (cache.folder / "disks").iterdir()
    converted.unlink()
    assert digest(source, cache) == digest_of(raw)
    with pytest.raises(DiskChanged), open_source(str(source), cache) as disk:
        spoil(next((cache.folder / "disks").iterdir()), disk)
    assert cached() == []
    assert digest(source, cache) == digest_of(raw)


def test_a_file_of_this_moment_is_waited_for_until_its_time_would_tell_a_change(
    raw: Path, cache: Cache
) -> None:
    source = make_source(raw, "zst")
    source.touch()
    digest(source, cache)
    assert time.time() - source.stat().st_mtime > 2


def test_a_pinned_source_is_compared_before_any_program_gets_it(
    raw: Path, cache: Cache, cached: Cached
) -> None:
    source = make_source(raw, "qcow2")
    with pytest.raises(DiskError) as caught, open_source(str(source), cache, sha256="0" * 64):
        pass
    assert "is not the one that its spec names" in caught.value.message
    assert cached() == []


@pytest.mark.parametrize(
    "name", ["-o.qcow2", "nbd:localhost:1", "json:{}.qcow2", "a,b=c.qcow2", "a b'\n.raw"]
)
def test_any_name_is_a_files_name(
    raw: Path, cache: Cache, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_source(raw, "qcow2").rename(name)
    assert digest(Path(name), cache) == digest_of(raw)


# What refers to other files is never opened.


SECRET = "root:x:0:0"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "passwd"
    path.write_text(SECRET.ljust(512, "!"))
    return path


DESCRIPTOR = """\
# Disk DescriptorFile
version=1
CID=1
parentCID=ffffffff
createType="monolithicFlat"
RW 1 FLAT "{}" 0
"""


def hostile(kind: str, folder: Path, secret: Path, raw: Path) -> Path:
    qemu_img, source = need("qemu-img"), folder / "hostile"

    def create(*words: str | Path) -> None:
        subprocess.run([qemu_img, "create", "-q", *words], check=True)

    match kind:
        case "backing file":
            create("-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", source)
        case "data file":
            create("-f", "qcow2", "-o", f"data_file={secret},data_file_raw=on", source, "512")
            secret.write_text(SECRET.ljust(512, "!"))
        case "encrypted":
            words = ["--object", "secret,id=s,data=x", "-f", "qcow2"]
            create(*words, "-o", "encrypt.format=aes,encrypt.key-secret=s", source, "1M")
        case "descriptor":
            source.write_text(DESCRIPTOR.format(secret))
        case "descriptor in a sparse extent":
            content = bytearray(make_source(raw, "vmdk").read_bytes())
            content[12:20] = bytes(8)
            content[512 : 20 * 512] = DESCRIPTOR.format(secret).encode().ljust(19 * 512, b"\0")
            source.write_bytes(content)
        case "vmdk parent":
            parent = make_source(raw, "vmdk")
            create("-f", "vmdk", "-b", parent, "-F", "vmdk", source)
        case _:
            pack(hostile("backing file", folder, secret, raw), folder / "packed", "xz").rename(source)
    return age(source)


KINDS = {
    "backing file": "a qcow2 image with a backing file",
    "data file": "a qcow2 image with an external data file",
    "encrypted": "an encrypted qcow2 image",
    "descriptor": "a VMDK descriptor",
    "descriptor in a sparse extent": "a VMDK image whose data is in other files",
    "vmdk parent": "a VMDK image with a parent",
    "packed": "a qcow2 image with a backing file",
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_takes_data_from_other_files_is_refused_and_leaks_nothing(
    raw: Path, cache: Cache, cached: Cached, tmp_path: Path, secret: Path, kind: str
) -> None:
    source = hostile(kind, tmp_path, secret, raw)
    atime = secret.stat().st_atime_ns
    error = refusal(source, cache)
    assert KINDS[kind] in error.message
    assert SECRET not in str(error)
    assert cached() == []
    assert secret.stat().st_atime_ns == atime


def test_an_unaware_qemu_img_would_have_leaked(raw: Path, tmp_path: Path, secret: Path) -> None:
    """That the test above can fail: these images do make qemu-img read the other file."""
    for kind in ("backing file", "data file", "descriptor", "descriptor in a sparse extent"):
        source, out = hostile(kind, tmp_path, secret, raw), tmp_path / "out"
        subprocess.run([need("qemu-img"), "convert", "-O", "raw", source, out], check=True)
        assert SECRET.encode() in out.read_bytes(), kind
        source.unlink()


# What is no disk, damaged, or too much.


def test_what_is_packed_may_be_no_archive(tmp_path: Path, cache: Cache, cached: Cached, raw: Path) -> None:
    with tarfile.open(tmp_path / "disk.tar.gz", "w:gz") as archive:
        archive.add(raw, "disk.raw")
    error = refusal(age(tmp_path / "disk.tar.gz"), cache)
    assert "does not hold a disk: its decompressed content is a tar archive" in error.message
    assert cached() == []


def test_what_is_packed_twice_is_refused(raw: Path, cache: Cache, tmp_path: Path) -> None:
    twice = pack(make_source(raw, "gz"), tmp_path / "twice", "xz")
    assert "its decompressed content is compressed with gzip" in refusal(twice, cache).message


@pytest.mark.parametrize(
    "kind", ["xz", "zst", "gz", "bz2", "qcow2", "vhd", "vhd fixed", "vhdx", "vmdk", "vdi"]
)
def test_a_source_that_was_cut_off_is_refused_and_nothing_is_left(
    raw: Path, cache: Cache, cached: Cached, kind: str
) -> None:
    source = make_source(raw, kind)
    os.truncate(source, source.stat().st_size // 3)
    if kind == "vhd fixed":  # without its footer nothing tells it from a raw disk
        assert digest(age(source), cache) != digest_of(raw)
    else:
        assert refusal(age(source), cache).hint
    assert cached() == []


def test_a_disk_larger_than_any_volume_is_refused(tmp_path: Path, cache: Cache) -> None:
    source = tmp_path / "huge.qcow2"
    subprocess.run([need("qemu-img"), "create", "-q", "-f", "qcow2", source, "65T"], check=True)
    assert "is larger than 64 TiB" in refusal(age(source), cache).message


def test_an_empty_packed_file_is_no_disk(tmp_path: Path, cache: Cache) -> None:
    (tmp_path / "empty.gz").write_bytes(gzip.compress(b""))
    assert "is empty" in refusal(age(tmp_path / "empty.gz"), cache).message


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("qcow2", "Install the package qemu-utils (RHEL: qemu-img)."),
        ("xz", "Install the package xz-utils (RHEL: xz)."),
        ("zst", "Install the package zstd."),
    ],
)
def test_a_missing_program_is_told_with_its_package(
    raw: Path, cache: Cache, kind: str, words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = make_source(raw, kind)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("extenci.image.programs.SEARCHED_TOO", str(tmp_path))
    error = refusal(source, cache)
    assert "which is not installed" in error.message
    assert error.hint == words


def test_a_source_that_may_not_be_read_is_told(raw: Path, cache: Cache) -> None:
    source = make_source(raw, "qcow2")
    assert "does not exist" in refusal(source.with_name("other"), cache).message
    if os.getuid():
        source.chmod(0)
        assert "permission denied" in refusal(source, cache).message


# Room.


def limited(source: Path, folder: Path, most: int) -> str:
    """What a process says that may write no file larger than `most` bytes."""
    done = subprocess.run(
        [sys.executable, "-c", OPEN, source, folder],
        check=True,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
    )
    return done.stdout


@pytest.mark.parametrize("kind", ["qcow2", "zst"])
def test_a_file_that_may_not_grow_is_told_and_goes(raw: Path, tmp_path: Path, kind: str) -> None:
    source, folder = make_source(raw, kind), tmp_path / "cache"
    said = limited(source, folder, 2 * MIB)
    assert f"too little space is free in {folder / 'disks'}" in said
    assert "EXTENCI_HOME" in said
    assert list((folder / "disks").iterdir()) == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root may mount a file system")
@pytest.mark.parametrize("kind", ["qcow2", "zst", "qcow2.xz"])
def test_a_full_file_system_is_told_and_keeps_its_reserve(
    tmp_path: Path, cache: Cache, cached: Cached, kind: str
) -> None:
    source = make_source(make_raw(tmp_path / "big.raw", 256 * MIB, 400), kind)
    cache.folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24M", "tmpfs", str(cache.folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine mounts no tmpfs")
    try:
        error = refusal(source, cache)
        assert f"too little space is free in {cache.folder / 'disks'}" in error.message
        assert "EXTENCI_HOME" in error.hint
        assert cached() == []
    finally:
        subprocess.run(["umount", str(cache.folder)], check=True)  # noqa: S607


# Interrupted, killed, and two at a time.


@pytest.fixture
def long(tmp_path: Path, raw: Path) -> Path:
    """A source that takes seconds: the disk, and a GiB of zeros. Streams of xz may follow each other."""
    (tmp_path / "zeros").write_bytes(bytes(64 * MIB))
    zeros = pack(tmp_path / "zeros", tmp_path / "zeros.xz", "xz").read_bytes()
    source = tmp_path / "long.xz"
    source.write_bytes(make_source(raw, "xz").read_bytes() + zeros * 16)
    return age(source)


def test_a_stop_ends_the_program_at_once_and_leaves_nothing(long: Path, cache: Cache, cached: Cached) -> None:
    stop, others = Event(), children()
    threading.Timer(0.5, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Interrupted), open_source(str(long), replace(cache, stop=stop)):
        pass
    assert time.monotonic() - began < 3
    assert cached() == []
    assert children() - others == set()


def children() -> set[tuple[str, str]]:
    """The processes that this one has started and are there: ids and names. Other tests may have any."""
    tasks = Path("/proc/self/task").glob("*/children")
    pids = [pid for task in tasks for pid in task.read_text().split()]
    found = [(pid, Path(f"/proc/{pid}/comm")) for pid in pids]
    return {(pid, name.read_text().strip()) for pid, name in found if name.exists()}


def test_a_killed_run_leaves_a_part_that_the_next_one_takes_over(
    raw: Path, long: Path, cache: Cache, cached: Cached
) -> None:
    process = subprocess.Popen([sys.executable, "-c", OPEN, long, cache.folder], stdout=subprocess.DEVNULL)
    while not any(name.endswith(".partial") for name in cached()):
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(cached()) == 1
    time.sleep(0.5)
    assert not users_of(long), "the program died with its starter"
    assert digest(long, cache) == digest_of(raw)
    assert len(cached()) == 1


def test_qemu_img_dies_with_the_run_that_started_it(tmp_path: Path, cache: Cache) -> None:
    source = make_source(make_raw(tmp_path / "big.raw", 1024 * MIB, 1600), "qcow2")
    process = subprocess.Popen([sys.executable, "-c", OPEN, source, cache.folder], stdout=subprocess.DEVNULL)
    while not (converting := [pid for pid in users_of(source) if is_converting(command_of(pid))]):
        assert process.poll() is None
    os.kill(int(converting[0]), signal.SIGSTOP)
    assert process.poll() is None
    process.kill()
    process.wait()
    for _ in range(100):
        if not command_of(converting[0]):
            return
        time.sleep(0.05)
    os.kill(int(converting[0]), signal.SIGKILL)
    pytest.fail("it went on")


def is_converting(command: bytes) -> bool:
    """Whether a command line is qemu-img's own, and not that of what is about to become it."""
    program, *arguments = command.split(b"\0")
    return program.endswith(b"qemu-img") and b"convert" in arguments


def command_of(pid: str) -> bytes:
    """The command line of a process that lives."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def users_of(file: Path) -> list[str]:
    """The processes that have a file open."""
    found = []
    for one in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if one.readlink() == file:
                found.append(one.parts[2])
        except OSError:
            continue
    return found


def test_two_processes_at_once_convert_once(raw: Path, cache: Cache, cached: Cached) -> None:
    source = make_source(raw, "qcow2")
    command = [sys.executable, "-c", OPEN, str(source), str(cache.folder)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [one.communicate()[0] for one in both] == ["opened\n", "opened\n"]
    assert digest(source, cache) == digest_of(raw)
    assert len(cached()) == 1


def test_a_source_that_changes_while_it_is_converted_is_noticed(
    long: Path, cache: Cache, cached: Cached
) -> None:
    threading.Timer(0.3, lambda: os.utime(long)).start()
    with pytest.raises(DiskChanged), open_source(str(long), cache):
        pass
    assert cached() == []


def test_both_are_the_same_bytes(raw: Path, cache: Cache) -> None:
    digest(make_source(raw, "qcow2"), cache)
    (converted,) = (cache.folder / "disks").iterdir()
    assert filecmp.cmp(converted, raw, shallow=False)
