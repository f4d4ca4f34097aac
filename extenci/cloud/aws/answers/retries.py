"""Which calls without a readable answer are made again, beside those that the SDK's standard mode repeats
(botocore/retries/standard.py): it decides by status and code, and counts an answer that got lost."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ConnectionClosedError, EndpointConnectionError

from extenci.cloud.aws.answers.limits import Limits, is_reading
from extenci.cloud.aws.answers.readable import UnreadableBody
from extenci.cloud.aws.answers.transport import seconds_of_call
from extenci.cloud.blocks.retries import backoff
from extenci.cloud.http.bounds import passed_bound

ATTEMPTS = 6
ATTEMPTS_WITHOUT_CONNECTION = 3
"""If nothing listens at the address, six attempts would keep the user waiting for half a minute."""
STEP_SECONDS = 0.1

REPEATABLE = frozenset(
    ("RunInstances", "ImportSnapshot", "StartSnapshot", "TerminateInstances", "CreateTags", "DeleteTags",
     "DeleteKeyPair", "PutObject", "UploadPart", "UploadPartCopy", "DeleteObject", "PutSnapshotBlock")
)  # fmt: skip
"""Changing calls whose repetition has the same answer, by their token or by what they do. Others, whose
answer could not be read, are not repeated: the next run looks what came of them."""


@dataclass(frozen=True)
class Retries:
    """A handler of the SDK's event `needs-retry`, for a client that makes at most `attempts`."""

    limits: Limits
    attempts: int

    def __call__(
        self, attempts: int, operation: Any, caught_exception: Exception | None = None, **_: object
    ) -> float | bool | None:
        """Seconds until the next attempt, False for none; None leaves it to the SDK. `attempts` were made."""
        call = operation.name
        if seconds_of_call() >= self.limits.call_seconds(call):
            return False
        match caught_exception:
            case EndpointConnectionError():
                return None if attempts < ATTEMPTS_WITHOUT_CONNECTION else False
            case UnreadableBody() if not _may_repeat(call):
                return False
            case ConnectionClosedError() if passed_bound(caught_exception) and not _may_repeat(call):
                return False
            case UnreadableBody() | ConnectionClosedError() if is_reading(call):
                # An attempt that may try out a parameter is one of few, but this is no answer to it.
                return backoff(attempts, STEP_SECONDS, random.random) if attempts < ATTEMPTS else False
            case _:
                return None


def _may_repeat(call: str) -> bool:
    return is_reading(call) or call in REPEATABLE
