"""One POST of a JSON document to an https URL that somebody configured: no credentials, no redirect."""

from __future__ import annotations

from urllib.parse import urlsplit

import urllib3
from urllib3 import exceptions as errors

from extenci.cloud.download.https import open_pool
from extenci.cloud.http.bounds import AnswerBounds, Expectation, expecting
from extenci.model.errors import ServiceError, Unreachable
from extenci.model.release import __version__
from extenci.model.trust import place_of

CONNECT_SECONDS = 10
MOST_ANSWER = 64 << 10


def post_json(url: str, document: bytes, seconds: float) -> None:
    """Send a document (ServiceError, Unreachable). Only statuses from 200 to 299 count as received."""
    headers = {"User-Agent": f"extenci/{__version__}", "Content-Type": "application/json"}
    bounds = AnswerBounds(size=MOST_ANSWER, error_size=MOST_ANSWER, head_seconds=seconds, seconds=seconds)
    place = place_of(url)
    try:
        with open_pool(urlsplit(url)) as pool, expecting(Expectation(bounds)):
            answer = pool.request(
                "POST",
                url,
                body=document,
                headers=headers,
                redirect=False,
                retries=False,
                timeout=urllib3.Timeout(min(CONNECT_SECONDS, seconds), seconds),
            )
    except errors.SSLError:
        raise ServiceError(
            f"{place} cannot be trusted: its certificate is not of an authority that this machine knows.",
            "If an authority of your own signed it, name that one in SSL_CERT_FILE.",
        ) from None
    except (errors.HTTPError, OSError, ValueError) as error:
        raise Unreachable(f"{place} did not take it ({type(error).__name__}).") from None
    if not 200 <= answer.status < 300:
        raise ServiceError(f"{place} answered with HTTP status {answer.status}")
