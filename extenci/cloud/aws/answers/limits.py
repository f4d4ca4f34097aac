"""How much an answer may take, by API and call."""

from __future__ import annotations

from dataclasses import dataclass, replace

from extenci.cloud.http.bounds import AnswerBounds
from extenci.cloud.http.minimum_rate import MinimumRate

CONNECT_SECONDS = 10
BLOCK_SECONDS = 20.0
"""How long EBS direct may take to answer: a block is small."""
_MIB = 1024**2
_READING = ("Describe", "Get", "List", "Head")


def is_reading(call: str) -> bool:
    """Whether a call only reads, as its name tells."""
    return call.startswith(_READING)


@dataclass(frozen=True)
class Limits:
    """The bounds of answers. No attempt at a call is begun after the `…_call_seconds`. A list has at most so
    many `pages` and `items`, which are all in memory, and takes at most `list_seconds`.

    `read` is for lists: 16 MiB are about 5,000 machines on a page, and AWS sends 1,000. `stream` is for
    objects, which are processed while they arrive. `s3_change` lets S3 put an object together: meanwhile it
    sends a space now and then (S3 API reference, CompleteMultipartUpload). AWS keeps 64 KiB of a `console`.
    """

    read: AnswerBounds
    change: AnswerBounds
    s3_change: AnswerBounds
    stream: AnswerBounds
    ebs: AnswerBounds
    console: AnswerBounds
    read_call_seconds: float = 45.0
    change_call_seconds: float = 100.0
    pages: int = 1000
    items: int = 100_000
    list_seconds: float = 600.0

    def of(self, api: str, call: str, *, is_stream: bool) -> AnswerBounds:
        """The bounds of the answer to a call of an API (`ec2`, `s3`, `ebs`, `sts`)."""
        if is_stream:
            return replace(self.stream, head_seconds=self.ebs.head_seconds) if api == "ebs" else self.stream
        if api == "ebs":
            return self.ebs
        if call == "GetConsoleOutput":
            return self.console
        if is_reading(call):
            return self.read
        return self.s3_change if api == "s3" else self.change

    def call_seconds(self, call: str) -> float:
        """How long after its beginning another attempt at a call may be begun."""
        return self.read_call_seconds if is_reading(call) else self.change_call_seconds

    def most_seconds(self, api: str, call: str) -> float:
        """How long a service that never answers is waited for, all attempts together."""
        bounds = self.of(api, call, is_stream=False)
        return -(-self.call_seconds(call) // bounds.head_seconds) * bounds.head_seconds


_SLOWEST_READ = MinimumRate(20, 512)
LIMITS = Limits(
    read=AnswerBounds(16 * _MIB, head_seconds=30, seconds=120, rate=_SLOWEST_READ),
    change=AnswerBounds(16 * _MIB, head_seconds=60, seconds=120),
    s3_change=AnswerBounds(4 * _MIB, head_seconds=60, seconds=600),
    stream=AnswerBounds(head_seconds=60, rate=MinimumRate(60, 1024)),
    ebs=AnswerBounds(4 * _MIB, head_seconds=BLOCK_SECONDS, seconds=60),
    console=AnswerBounds(4 * _MIB, head_seconds=30, seconds=60, rate=_SLOWEST_READ),
)
