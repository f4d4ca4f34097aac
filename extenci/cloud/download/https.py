"""Files from `https://` URLs, piece by piece (RFC 9110).

A URL comes from a spec or an argument, and a spec may come from anywhere. So only HTTPS is spoken, also after
redirects; no credentials are sent; and the addresses where clouds keep their machines' credentials are never
asked. Certificates are trusted as elsewhere on this machine (`SSL_CERT_FILE`), and the environment names the
proxies.
"""

from __future__ import annotations

import re
import socket
import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

import urllib3
from urllib3 import exceptions as errors
from urllib3.connection import HTTPSConnection

from extenci.cloud.download.addresses import refuse_metadata
from extenci.cloud.http.bounds import AnswerBounds, Expectation, expecting
from extenci.cloud.http.reader import BoundedResponse
from extenci.model.errors import AccessRefused, NotFound, ServiceError, Unreachable
from extenci.model.release import __version__
from extenci.model.service import is_loopback
from extenci.model.version import shown_source

PIECE_BYTES = 1 << 15
"""Small, so that even a slow server is seen to send something."""
CONNECT_SECONDS = 10
READ_SECONDS = 30
BOUNDS = AnswerBounds(head_seconds=READ_SECONDS)
"""Bounds of a download beside its size and rate, which `Downloads` knows."""
MOST_REDIRECTS = 5
_LENGTH = re.compile(r"[0-9]{1,18}")
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)")


@dataclass(frozen=True)
class ContentStart:
    """Comes before the bytes: their offset in the file, and the size of the whole file, if it is known."""

    start: int
    total: int | None


def read_url(url: str, start: int) -> Iterator[ContentStart | bytes]:
    """The bytes of a file from `start` on, or from its beginning if the server sends only the whole file.

    Unreachable if another attempt may help; NotFound, AccessRefused and ServiceError if not. The code is
    `InvalidRange` if the file ends before `start`.
    """
    at = url
    for _ in range(MOST_REDIRECTS + 1):
        with _translated(at), _requested(at, start) as response:
            following = response.get_redirect_location()
            if not following:
                yield _content_start(at, response, start)
                # Not stream(), which accepts lines of any length between chunks.
                while piece := response.read(PIECE_BYTES, decode_content=False):
                    yield piece
                return
            at = _followed(at, following)
    raise ServiceError(
        f"{shown_source(url)} cannot be downloaded: it is redirected more than {MOST_REDIRECTS} times."
    )


@contextmanager
def _requested(url: str, start: int) -> Iterator[urllib3.BaseHTTPResponse]:
    parts = _checked(url)
    headers = {"User-Agent": f"extenci/{__version__}", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    with open_pool(parts) as pool:
        with expecting(Expectation(BOUNDS)):
            response = pool.request(
                "GET",
                url,
                headers=headers,
                preload_content=False,
                redirect=False,
                retries=False,
                timeout=urllib3.Timeout(CONNECT_SECONDS, READ_SECONDS),
            )
        try:
            yield response
        finally:
            response.close()


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise _no_url(url) from None
    if parts.scheme != "https" or not parts.hostname:
        raise ServiceError(
            f"{shown_source(url)} cannot be downloaded: it is not an https:// URL.",
            "Only HTTPS is used, also after a redirect.",
        )
    return parts


def _followed(url: str, location: str) -> str:
    """The target of a redirect. One that cannot be a URL is not shown, since a stranger wrote it."""
    try:
        target = urljoin(url, location)
        _ = urlsplit(target).port
    except ValueError:
        raise _nonsense(url) from None
    if not target.isprintable():
        raise _nonsense(url)
    return target


def open_pool(parts: SplitResult) -> urllib3.PoolManager:
    """Connections to the server of an https URL, or to the proxy for it, whose answers are bounded.
    ServiceError where a cloud keeps its machines' credentials there."""
    context, host = ssl.create_default_context(), parts.hostname or ""
    refuse_metadata(parts.geturl(), socket.AI_NUMERICHOST)
    proxy = urllib.request.getproxies().get("https")
    if proxy and not is_loopback(parts.geturl()) and not urllib.request.proxy_bypass(host):
        userinfo = unquote(urlsplit(proxy).netloc.rpartition("@")[0])
        headers = urllib3.make_headers(proxy_basic_auth=userinfo) if userinfo else {}
        proxy_url = proxy if "://" in proxy else f"http://{proxy}"
        pool: urllib3.PoolManager = urllib3.ProxyManager(
            proxy_url, proxy_headers=headers, ssl_context=context
        )
    else:
        refuse_metadata(parts.geturl())
        pool = urllib3.PoolManager(ssl_context=context)
    pool.pool_classes_by_scheme = {**pool.pool_classes_by_scheme, "https": _BoundedPool}
    return pool


class _BoundedConnection(HTTPSConnection):
    response_class = BoundedResponse


class _BoundedPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _BoundedConnection


def _content_start(url: str, response: urllib3.BaseHTTPResponse, start: int) -> ContentStart:
    match response.status:
        case 200:
            length = response.headers.get("Content-Length", "")
            if length and not _LENGTH.fullmatch(length.strip()):
                raise _nonsense(url)
            return ContentStart(0, int(length) if length else None)
        case 206:
            return _partial(url, response, start)
        case status:
            raise _refused(url, status)


def _partial(url: str, response: urllib3.BaseHTTPResponse, start: int) -> ContentStart:
    given = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if given is None or int(given[1]) != start:
        raise ServiceError(
            f"{shown_source(url)} cannot be downloaded: its server sent other bytes than were requested.",
            "Use another server, or tell the operator of this one.",
        )
    return ContentStart(start, int(given[2]) if given[2] != "*" else None)


def _refused(url: str, status: int) -> ServiceError:
    text = f"{shown_source(url)} cannot be downloaded: its server answered with HTTP status {status}"
    match status:
        case 401 | 403:
            return AccessRefused(
                f"{text}, so it cannot be read without credentials.",
                "None are sent to https:// URLs. Put the file where anyone may read it, or in S3 (s3://…).",
            )
        case 404 | 410:
            return NotFound(f"{text}: the file does not exist.", "Correct the URL, or put the file there.")
        case 416:
            return ServiceError(
                f"{text}: it does not send the rest of the file.",
                "Use another server, or tell the operator of this one.",
                code="InvalidRange",
            )
        case 408 | 425 | 429 | 500 | 502 | 503 | 504:
            return Unreachable(f"{text}.", "Try again later: the part downloaded so far is kept.")
        case _:
            return ServiceError(f"{text}.", "Correct the URL.")


@contextmanager
def _translated(url: str) -> Iterator[None]:
    """Translate errors of the connection. urllib3's own texts quote URLs, and are not shown."""
    try:
        yield
    except errors.SSLError as error:
        raise ServiceError(
            f"{shown_source(url)} cannot be downloaded: its server cannot be trusted ({_reason(error)}).",
            "If an authority of your own signed its certificate, name that one in SSL_CERT_FILE.",
        ) from None
    except errors.ProxyError:
        raise _unreachable(url, "the proxy cannot be reached", "Check HTTPS_PROXY and NO_PROXY.") from None
    except errors.NewConnectionError as error:
        is_name = isinstance(error.__cause__, socket.gaierror) or "resolve" in str(error)
        problem = "no server of this name was found" if is_name else "its server cannot be reached"
        raise _unreachable(url, problem) from None
    except (errors.ConnectTimeoutError, errors.ReadTimeoutError):
        raise _unreachable(url, "its server did not answer in time") from None
    except (errors.LocationParseError, errors.URLSchemeUnknown):
        raise _no_url(url) from None
    except (errors.InvalidHeader, ValueError):
        raise _nonsense(url) from None
    except errors.HTTPError as error:
        if _is_nonsense(error):
            raise _nonsense(url) from None
        raise _unreachable(url, "the connection broke off") from None


def _is_nonsense(error: errors.HTTPError) -> bool:
    """Whether the server sent something other than HTTP, rather than breaking off."""
    cause = error.args[-1] if error.args else None
    return isinstance(cause, HTTPException) and not isinstance(cause, IncompleteRead | RemoteDisconnected)


def _nonsense(url: str) -> ServiceError:
    return ServiceError(
        f"{shown_source(url)} cannot be downloaded: its server's answer is not valid HTTP.",
        "Check that the URL leads to a web server, also through your proxy if you use one; if it does, tell "
        "the server's operator.",
    )


def _no_url(url: str) -> ServiceError:
    return ServiceError(
        f"{shown_source(url)} cannot be downloaded: it is not a valid URL.", "Correct the URL."
    )


def _unreachable(
    url: str, problem: str, hint: str = "Check the URL and your network, and try again."
) -> Unreachable:
    return Unreachable(
        f"{shown_source(url)} cannot be downloaded: {problem}.", f"{hint} The part downloaded so far is kept."
    )


def _reason(error: errors.SSLError) -> str:
    found = re.search(r"\] (?:certificate verify failed: )?([^(\"']+)", str(error))
    return found[1].strip() if found else "TLS failed"
