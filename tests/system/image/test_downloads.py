"""Sources by https://, from a real server over TLS: resumed, compared, refused, and never with a secret."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from extenci.cloud.clients import Clients
from extenci.image.raw import read_open
from extenci.image.sources import Cache, open_source
from extenci.model.errors import (
    AccessRefused,
    DiskError,
    ExtenciError,
    Interrupted,
    NotFound,
    ServiceError,
    Unreachable,
)
from tests.system.image.disk_files import MIB, digest_of, make_source
from tests.system.image.web import Site
from tests.system.main_job.conftest import World

Cached = Callable[[], list[str]]
CONTENT = os.urandom(3 * MIB + 17)
DOWNLOAD = """
import sys
from pathlib import Path
from extenci.cloud.clients import Clients
from extenci.cloud.download.downloads import Downloads
from extenci.image.sources import Cache, open_source
from extenci.model.service import Service
with open_source(sys.argv[1], Cache(Path(sys.argv[2]), Downloads(Clients(Service("campus", "us-east-1")))),
                 sha256=sys.argv[3]):
    print("opened")
"""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def get(url: str, cache: Cache, content: bytes = CONTENT) -> bytes:
    """What a source is found to hold, pinned to what it should."""
    with open_source(url, cache, sha256=sha256(content)) as disk:
        return os.pread(disk.descriptor, disk.size + 1, 0)


def refusal(url: str, cache: Cache, content: bytes = CONTENT) -> ExtenciError:
    with pytest.raises(ExtenciError) as caught:
        get(url, cache, content)
    return caught.value


def test_a_raw_disk_is_downloaded_once(site: Site, cache: Cache, cached: Cached) -> None:
    told: list[str] = []
    site.files["/a.raw"] = CONTENT
    url = f"{site.url}/a.raw?token=hunter2"
    assert get(url, replace(cache, notify=told.append)) == CONTENT
    assert get(url, cache) == CONTENT
    assert site.asked == [("/a.raw", "")]
    assert cached() == [f"downloads/{sha256(CONTENT)}"]
    assert told == [f"Downloading {site.url}/a.raw?… …"]
    assert site.headers["Accept-Encoding"] == "identity"


def test_nothing_that_proves_who_asks_is_sent(
    site: Site, cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine localhost login me password hunter2\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    site.files["/a.raw"] = CONTENT
    get(f"{site.url}/a.raw", cache)
    assert set(site.headers) == {"Host", "User-Agent", "Accept-Encoding"}


@pytest.mark.parametrize("kind", ["qcow2", "zst", "qcow2.xz"])
def test_what_is_downloaded_may_be_in_any_format(raw: Path, site: Site, cache: Cache, kind: str) -> None:
    content = make_source(raw, kind).read_bytes()
    site.files["/disk"] = content
    with open_source(f"{site.url}/disk", cache, sha256=sha256(content)) as disk:
        assert read_open(disk, sha256=sha256(content)).digest == digest_of(raw)
    for one in (cache.folder / "downloads").iterdir():
        one.unlink()
    get_again = open_source(f"{site.url}/disk", cache, sha256=sha256(content))
    with get_again as disk:
        assert read_open(disk).digest == digest_of(raw)
    assert len(site.asked) == 1, "the conversion is enough"


def test_a_connection_that_breaks_is_gone_on_with(site: Site, cache: Cache) -> None:
    site.files["/a.raw"], site.cut = CONTENT, [MIB, 65536]
    assert get(f"{site.url}/a.raw", cache) == CONTENT
    assert site.asked == [("/a.raw", ""), ("/a.raw", f"bytes={MIB}-"), ("/a.raw", f"bytes={MIB + 65536}-")]


def test_a_server_without_ranges_is_asked_for_the_whole(site: Site, cache: Cache) -> None:
    site.files["/a.raw"], site.cut, site.ranges = CONTENT, [MIB], False
    assert get(f"{site.url}/a.raw", cache) == CONTENT


def test_a_killed_download_goes_on_on_another_day(site: Site, cache: Cache, cached: Cached) -> None:
    site.files["/a.raw"], site.pause = CONTENT, 0.05
    words = [f"{site.url}/a.raw", str(cache.folder), sha256(CONTENT)]
    process = subprocess.Popen([sys.executable, "-c", DOWNLOAD, *words], stdout=subprocess.DEVNULL)
    part = cache.folder / "downloads" / f"{sha256(CONTENT)}.partial"
    while not (part.exists() and part.stat().st_size >= MIB):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    there, site.pause = part.stat().st_size, 0.0
    assert get(words[0], cache) == CONTENT
    assert site.asked[-1] == ("/a.raw", f"bytes={there}-")
    assert cached() == [f"downloads/{sha256(CONTENT)}"]


def test_a_download_that_was_complete_when_it_was_killed_is_not_asked_for_again(
    site: Site, cache: Cache
) -> None:
    (cache.folder / "downloads").mkdir(parents=True)
    (cache.folder / "downloads" / f"{sha256(CONTENT)}.partial").write_bytes(CONTENT)
    assert get(f"{site.url}/a.raw", cache) == CONTENT
    assert site.asked == []


@pytest.mark.parametrize("left", [bytes(MIB), CONTENT + b"x"])
def test_a_part_of_something_else_is_begun_anew(site: Site, cache: Cache, left: bytes) -> None:
    (cache.folder / "downloads").mkdir(parents=True)
    (cache.folder / "downloads" / f"{sha256(CONTENT)}.partial").write_bytes(left)
    site.files["/a.raw"] = CONTENT
    assert get(f"{site.url}/a.raw", cache) == CONTENT


def test_another_file_than_the_pinned_one_is_refused_and_removed(
    site: Site, cache: Cache, cached: Cached
) -> None:
    site.files["/a.raw"] = b"another"
    error = refusal(f"{site.url}/a.raw?sig=hunter2", cache)
    assert isinstance(error, DiskError)
    assert f"its SHA-256 is {sha256(b'another')}, not {sha256(CONTENT)}" in error.message
    assert "hunter2" not in str(error)
    assert " spec" not in str(error), "it may have come from the command line"
    assert cached() == []


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (404, NotFound, "the file does not exist"),
        (403, AccessRefused, "cannot be read without credentials"),
        (401, AccessRefused, "cannot be read without credentials"),
        (503, Unreachable, "HTTP status 503"),
        (418, ServiceError, "HTTP status 418"),
    ],
)
def test_what_a_server_answers_is_told_without_the_query(
    site: Site, cache: Cache, cached: Cached, status: int, kind: type[ServiceError], words: str
) -> None:
    site.status["/a.raw"] = status
    error = refusal(f"{site.url}/a.raw?X-Amz-Signature=hunter2", cache)
    assert type(error) is kind
    assert error.message.startswith(f"{site.url}/a.raw?… cannot be downloaded: ")
    assert words in error.message
    assert " spec" not in str(error), "it may have come from the command line"
    assert "hunter2" not in str(error)
    assert cached() == []


def test_a_name_that_nobody_knows_is_told(cache: Cache) -> None:
    error = refusal("https://nobody.invalid/a.raw", cache)
    assert isinstance(error, Unreachable)
    assert "no server of this name was found" in error.message


def test_a_port_where_nobody_listens_is_told(cache: Cache) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        error = refusal(f"https://127.0.0.1:{free.getsockname()[1]}/a.raw", cache)
    assert "its server cannot be reached" in error.message


def test_a_server_that_is_not_trusted_gets_no_request(
    site: Site, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    error = refusal(f"{site.url}/a.raw", cache)
    assert "its server cannot be trusted (unable to get local issuer certificate)" in error.message
    assert "SSL_CERT_FILE" in error.hint
    assert site.asked == []


def test_a_proxy_that_is_not_there_is_told_without_its_password(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://me:hunter2@127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    error = refusal("https://example.org/a.raw", cache)
    assert "the proxy cannot be reached" in error.message
    assert "hunter2" not in str(error)


def test_a_redirect_is_followed(site: Site, cache: Cache) -> None:
    site.files["/b.raw"], site.moved = CONTENT, {"/a.raw": "/b.raw"}
    assert get(f"{site.url}/a.raw", cache) == CONTENT


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:1/a.raw", "file:///etc/passwd", "ftp://127.0.0.1/a", "s3://bucket/key"]
)
def test_a_redirect_to_anything_but_https_is_refused(site: Site, cache: Cache, target: str) -> None:
    site.moved = {"/a.raw": target}
    assert "it is not an https:// URL" in refusal(f"{site.url}/a.raw", cache).message


def test_a_redirect_without_end_is_refused(site: Site, cache: Cache) -> None:
    site.moved = {"/a.raw": "/a.raw"}
    assert "redirected more than 5 times" in refusal(f"{site.url}/a.raw", cache).message


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "0.0.0.0"])
def test_link_local_addresses_are_not_asked(cache: Cache, host: str) -> None:
    assert "is not downloaded" in refusal(f"https://{host}/latest/meta-data/", cache).message


def test_a_stop_ends_a_silent_download_at_once_and_keeps_what_is_there(
    site: Site, cache: Cache, cached: Cached
) -> None:
    site.files["/a.raw"], site.pause, stop = CONTENT, 5.0, Event()
    threading.Timer(1.0, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Interrupted):
        get(f"{site.url}/a.raw", replace(cache, stop=stop))
    assert time.monotonic() - began < 3


def test_two_at_once_download_once(site: Site, cache: Cache) -> None:
    site.files["/a.raw"], site.pause = CONTENT, 0.01
    words = [f"{site.url}/a.raw", str(cache.folder), sha256(CONTENT)]
    command = [sys.executable, "-c", DOWNLOAD, *words]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [one.communicate()[0] for one in both] == ["opened\n", "opened\n"]
    assert len(site.asked) == 1


@pytest.mark.skipif(os.getuid() != 0, reason="only root may mount a file system")
@pytest.mark.parametrize("begun", [b"", CONTENT[:65536]])
def test_a_download_that_has_no_room_is_refused_before_it_begins_and_goes(
    site: Site, cache: Cache, cached: Cached, begun: bytes
) -> None:
    site.files["/a.raw"] = CONTENT
    cache.folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2M", "tmpfs", str(cache.folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine mounts no tmpfs")
    try:
        if begun:
            (cache.folder / "downloads").mkdir()
            (cache.folder / "downloads" / f"{sha256(CONTENT)}.partial").write_bytes(begun)
        error = refusal(f"{site.url}/a.raw", cache)
        assert f"too little space is free in {cache.folder / 'downloads'}" in error.message
        assert cached() == []
    finally:
        subprocess.run(["umount", str(cache.folder)], check=True)  # noqa: S607


# S3.


def bucket_of(world: World) -> str:
    return world.cloud.s3.bucket


@pytest.fixture
def clients(world: World) -> Clients:
    return world.cloud


def test_an_object_is_downloaded_and_gone_on_with(
    world: World, cache: Cache, cached: Cached, monkeypatch: pytest.MonkeyPatch
) -> None:
    from extenci.cloud.download.downloads import Downloads  # noqa: PLC0415

    cache, url = replace(cache, download=Downloads(world.cloud)), f"s3://{bucket_of(world)}/images/a b?.raw"
    world.cloud.unjournalled.s3.put_object(bucket_of(world), "images/a b?.raw", CONTENT)
    (cache.folder / "downloads").mkdir(parents=True)
    part = cache.folder / "downloads" / f"{sha256(CONTENT)}.partial"
    part.write_bytes(CONTENT[:MIB])
    assert get(url, cache) == CONTENT
    (cache.folder / "downloads" / sha256(CONTENT)).rename(part)
    part.write_bytes(bytes(len(CONTENT)))
    assert get(url, cache) == CONTENT, "what has the right length and is wrong is begun anew"
    assert cached() == [f"downloads/{sha256(CONTENT)}"]


def test_an_object_that_is_not_there_is_told(world: World, cache: Cache) -> None:
    from extenci.cloud.download.downloads import Downloads  # noqa: PLC0415

    cache = replace(cache, download=Downloads(world.cloud))
    assert isinstance(refusal(f"s3://{bucket_of(world)}/none", cache), NotFound)
    assert isinstance(refusal("s3://no-such-bucket/none", cache), NotFound)
