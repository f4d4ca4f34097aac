"""Calls that fail, as those of a slow cloud and a bad network do: which ones is a matter of a seed."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping

from tests.faults.network.call import Answer, Call, Delivery

WEIGHTS: Mapping[str, int] = {
    "throttled": 18,
    "error-500": 12,
    "error-503": 8,
    "reset-before": 10,
    "reset-acted": 12,
    "cut-short": 8,
    "cut-xml": 10,
    "html-before": 5,
    "html-acted": 7,
    "slow": 6,
    "skewed": 2,
    "expired": 2,
}
"""How often each kind of fault is drawn. `…-acted`: the service has done it, and its answer is lost."""
HTML = b"<html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>"

_ERRORS: Mapping[str, tuple[int, str, str, str]] = {
    "throttled": (503, "RequestLimitExceeded", "SlowDown", "RequestThrottledException"),
    "error-500": (500, "InternalError", "InternalError", "InternalServerException"),
    "error-503": (503, "Unavailable", "ServiceUnavailable", "ServiceUnavailable"),
    "skewed": (400, "RequestExpired", "RequestTimeTooSkewed", "InvalidSignatureException"),
    "expired": (400, "ExpiredToken", "ExpiredToken", "ExpiredTokenException"),
}
"""HTTP statuses, and the codes of EC2, S3 and EBS direct."""


class Failures:
    """Fails a share of an access key's calls. The n-th call of an action has the same fault each time."""

    def __init__(self, seed: str, percent: int, kinds: Mapping[str, int] = WEIGHTS) -> None:
        self._seed, self._percent, self._kinds = seed, percent, kinds
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self.failed = 0

    def handle(self, call: Call, forward: Callable[[], Answer]) -> Delivery:
        """What a call comes to."""
        kind, rng = self._draw(call)
        if kind is None:
            return Delivery(forward())
        self.failed += 1
        return _fail(kind, call, forward, rng)

    def _draw(self, call: Call) -> tuple[str | None, random.Random]:
        with self._lock:
            self._counts[call.key, call.action] += 1
            count = self._counts[call.key, call.action]
        rng = random.Random(f"{self._seed}:{call.key}:{call.action}:{count}")  # noqa: S311 - no secret
        if rng.uniform(0, 100) >= self._percent:
            return None, rng
        return rng.choices([*self._kinds], [*self._kinds.values()])[0], rng


def _fail(kind: str, call: Call, forward: Callable[[], Answer], rng: random.Random) -> Delivery:
    if kind in _ERRORS:
        status, *codes = _ERRORS[kind]
        code = dict(zip(("ec2", "s3", "ebs"), codes, strict=True))[call.api]
        return Delivery(_error(call, status, code), label=kind)
    if kind == "slow":
        time.sleep(rng.uniform(0.2, 3.0))
        return Delivery(forward(), label=kind)
    if kind.startswith("cut"):
        answer = forward()
        whole = len(answer.body)
        answer.body = answer.body[: int(whole * rng.random())]
        return Delivery(answer, framed=whole if kind == "cut-short" else None, label=kind)
    if kind.endswith("acted"):
        forward()
    page = Answer(200, [("Content-Type", "text/html")], HTML)
    return Delivery(page if kind.startswith("html") else None, label=kind)


def _error(call: Call, status: int, code: str) -> Answer:
    """An error in the form of the API."""
    message = f"The laboratory says {code}."
    if call.api == "ebs":
        body = json.dumps({"Message": message, "Reason": "ACCOUNT_THROTTLED" if "Thrott" in code else code})
        headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", code)]
        return Answer(status, headers, body.encode())
    error = f"<Code>{code}</Code><Message>{message}</Message>"
    if call.api == "ec2":
        text = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>lab</RequestID></Response>"
    else:
        text = f"<Error>{error}<RequestId>lab</RequestId></Error>"
    return Answer(status, [("Content-Type", "text/xml")], text.encode())
