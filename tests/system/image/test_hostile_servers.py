"""Answers that no honest web server gives: said in words, taken in a bounded way, and soon given up."""

from __future__ import annotations

import socket
import time
from dataclasses import replace

import pytest

from extenci.cloud.clients import Clients
from extenci.cloud.download.downloads import Downloads
from extenci.cloud.http.minimum_rate import MinimumRate
from extenci.image.sources import Cache
from extenci.model.errors import ServiceError, Unreachable
from extenci.model.service import Service
from tests.system.image.test_downloads import CONTENT, get, refusal
from tests.system.image.web import Site

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
DIGITS = b"9" * 5000


def moved(location: bytes) -> bytes:
    return b"HTTP/1.1 302 F\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "again"),
    [
        pytest.param(OK + b"Content-Length: \xb2\r\n\r\nabc", b"", id="a length of superscripts"),
        pytest.param(OK + b"Content-Length: " + DIGITS + b"\r\n\r\nabc", b"", id="a length of 5,000 digits"),
        pytest.param(OK + b"Content-Length: -3\r\n\r\nabc", b"", id="a length below zero"),
        pytest.param(OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", b"", id="two lengths"),
        pytest.param(CHUNKED + b"-5\r\nabc\r\n0\r\n\r\n", b"", id="a chunk below zero"),
        pytest.param(CHUNKED + b"-1\r\n", b"abc", id="a chunk of all that there is"),
        pytest.param(CHUNKED, b"0" * 65536, id="a chunk's length without end"),
        pytest.param(CHUNKED + b"0\r\n", b"X: y\r\n" * 100, id="trailers without end"),
        pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n", id="100 Continue without end"),
        pytest.param(OK, b"X: y\r\n" * 100, id="header fields without end"),
        pytest.param(b"garbage\n" * 10, b"", id="no HTTP"),
        pytest.param(moved(b"https://[foo/"), b"", id="a redirect to half an address"),
        pytest.param(moved(b"https://localhost:99999/"), b"", id="a redirect to no port"),
        pytest.param(moved(b"http://h/\x1b]0;pwned\x07"), b"", id="a redirect to what a terminal obeys"),
    ],
)
def test_nonsense_is_called_so(site: Site, cache: Cache, answer: bytes, again: bytes) -> None:
    site.raw["/a.raw"] = answer, again
    error = refusal(f"{site.url}/a.raw?sig=hunter2", cache)
    assert type(error) is ServiceError
    assert error.message == f"{site.url}/a.raw?… cannot be downloaded: its server's answer is not valid HTTP."
    assert "Check that the URL leads to a web server" in error.hint
    assert len(site.asked) == 1


def test_a_range_of_5000_digits_is_refused(site: Site, cache: Cache) -> None:
    site.raw["/a.raw"] = (
        b"HTTP/1.1 206 P\r\nContent-Range: bytes " + DIGITS + b"-2/3\r\nContent-Length: 3\r\n\r\nabc", b""
    )  # fmt: skip
    error = refusal(f"{site.url}/a.raw", cache)
    assert type(error) is ServiceError
    assert "sent other bytes than were requested" in error.message


def test_chunks_are_taken_as_they_come(site: Site, cache: Cache) -> None:
    chunks = b"".join(
        b"%x;note\r\n%b\r\n" % (len(piece), piece)
        for piece in (CONTENT[at : at + 70_001] for at in range(0, len(CONTENT), 70_001))
    )
    site.raw["/a.raw"] = CHUNKED + chunks + b"0\r\nX: y\r\n\r\n", b""
    assert get(f"{site.url}/a.raw", cache) == CONTENT


@pytest.mark.parametrize("url", ["https://[foo/", "https://localhost:99999/a", "https://localhost:x/a"])
def test_what_is_no_url_is_called_so(cache: Cache, url: str) -> None:
    error = refusal(url, cache)
    assert type(error) is ServiceError
    assert "it is not a valid URL" in error.message


def test_a_server_that_never_gives_the_rest_is_given_up(site: Site, cache: Cache) -> None:
    site.raw["/a.raw"] = OK + b"Content-Length: 10000\r\n\r\n" + CONTENT[:5000], b""
    site.raw["/a.raw", "bytes=5000-"] = b"HTTP/1.1 416 R\r\nContent-Length: 0\r\n\r\n", b""
    error = refusal(f"{site.url}/a.raw", cache)
    assert "HTTP status 416: it does not send the rest of the file" in error.message
    assert [range_ for _, range_ in site.asked] == ["", "bytes=5000-"] * 2


@pytest.mark.parametrize("answer", [OK + b"Content-Length: 99999\r\n\r\n", CHUNKED, OK])
def test_a_server_that_gives_hardly_anything_is_given_up(
    site: Site, cache: Cache, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    monkeypatch.setattr("extenci.cloud.download.downloads.ATTEMPTS", 2)
    again = b"1\r\nx\r\n" if answer == CHUNKED else b"X: y\r\n"
    site.raw["/a.raw"], site.pause = (answer, again), 0.05
    downloader = Downloads(Clients(Service("campus", "us-east-1")), MinimumRate(1.0, 4096))
    began = time.monotonic()
    error = refusal(f"{site.url}/a.raw", replace(cache, download=downloader))
    assert type(error) is Unreachable
    assert "its server is too slow" in error.message
    assert time.monotonic() - began < 10


METADATA = [
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "[::ffff:169.254.169.254]",
    "[::ffff:0.0.0.0]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fe80::1%25eth9]",
    "169.254.169.254.",
    "169.254.169.254\\@localhost",
    "0.0.0.0",
]


@pytest.mark.parametrize("host", METADATA)
def test_addresses_of_metadata_are_not_asked(cache: Cache, host: str) -> None:
    error = refusal(f"https://{host}/latest/meta-data/", cache)
    assert type(error) is ServiceError
    assert "is not downloaded: its address is link-local, or reserved by the cloud" in error.message


@pytest.mark.parametrize("host", METADATA)
def test_addresses_of_metadata_are_not_asked_of_a_proxy_either(
    site: Site, cache: Cache, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    site.raw["/a.raw"] = moved(f"https://{host}/latest/meta-data/".encode()), b""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(0)
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert "is not downloaded" in refusal(f"{site.url}/a.raw", cache).message
        with pytest.raises(BlockingIOError):
            proxy.accept()
