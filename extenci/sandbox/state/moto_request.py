"""A request as moto wants it, signed by nobody in particular.

moto takes region and account from the signature, the URL and the user agent. Here there is one region
and one account whoever signs, however nonsensically: HTCondor's ec2_gahp makes up service and region from
the host name 127.0.0.1, with which moto's own server ends in a 500.
"""

from __future__ import annotations

from collections.abc import Mapping

from moto.core.request import Request as MotoRequest

from extenci.sandbox.http.listener import HttpRequest
from extenci.sandbox.state.cloud import REGION

_DROPPED = {"authorization", "user-agent", "transfer-encoding", "connection", "content-length", "expect"}


def moto_request(
    request: HttpRequest, service: str, *, body: bytes | None = None, query: str | None = None
) -> MotoRequest:
    """`request` for moto's `service`, with another body or query if given."""
    content = request.body if body is None else body
    text = request.query if query is None else query
    url = f"http://127.0.0.1{request.path or '/'}" + (f"?{text}" if text else "")
    return MotoRequest.from_primitives(request.method, url, _headers(request.headers, service), content)


def _headers(sent: Mapping[str, str], service: str) -> dict[str, str]:
    scope = f"AKIAIOSFODNN7EXAMPLE/20260101/{REGION}/{service}/aws4_request"
    kept = {
        name: value for name, value in sent.items() if name not in _DROPPED and not name.startswith("x-moto-")
    }
    return kept | {
        "host": "127.0.0.1",
        "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none",
    }
