"""Makes many PutSnapshotBlock calls at a time, reads their answers, and retries those that are worth it.

All of it runs in one thread, and only `Transfers.wait` waits.
"""

from __future__ import annotations

import base64
import heapq
import itertools
import random
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Protocol, Self

from botocore.exceptions import BotoCoreError

from extenci.cloud.aws.errors import translated
from extenci.cloud.blocks.answers import BlockAnswers, CallFailure
from extenci.cloud.blocks.block import CALL, Block
from extenci.cloud.blocks.concurrency import Concurrency
from extenci.cloud.blocks.endpoint import CurrentKeys
from extenci.cloud.blocks.rate import Rate
from extenci.cloud.blocks.retries import Attempts, FailureKind, Timing, next_retry
from extenci.cloud.blocks.signing import BlockSigner, Keys
from extenci.cloud.blocks.transfer import FinishedTransfer
from extenci.cloud.blocks.transfers import Transfers
from extenci.model.errors import ServiceError


@dataclass(frozen=True)
class Destination:
    """The service and the URL that blocks are sent to, as errors name them."""

    service: str
    address: str


@dataclass(frozen=True)
class SendResult:
    """The blocks stored since the last result, and the error of a call that failed for good."""

    stored: tuple[int, ...] = ()
    failure: ServiceError | None = None


class BlockSource(Protocol):
    """Supplies the blocks to send. Its methods are called in the sender's thread."""

    def next_block(self) -> Block | None:
        """The next block to send; None if there is none at present."""

    def reread(self, index: int, sha256: bytes) -> bytes:
        """The bytes of a block that has to be sent again, after its memory was released."""

    def release(self) -> None:
        """Note that the bytes of one block are no longer in memory."""


@dataclass(frozen=True)
class _Call:
    """A block and its attempts so far. `data` is None if the block has to be read again; `keys` and `began`
    belong to the last attempt."""

    index: int
    sha256: bytes
    data: bytes | None
    attempts: Attempts = field(default_factory=Attempts)
    keys: Keys | None = None
    began: float = 0.0

    @property
    def checksum(self) -> str:
        """Its SHA-256 as it stands in headers: base64."""
        return base64.b64encode(self.sha256).decode()


class BlockSender:
    """Sends the blocks of one snapshot, which was started at `born` (monotonic seconds). Leaving its context
    closes the transfers."""

    def __init__(
        self,
        transfers: Transfers,
        signer: BlockSigner,
        keys: CurrentKeys,
        answers: BlockAnswers,
        rates: tuple[Rate | None, Concurrency],
        destination: Destination,
        born: float,
    ) -> None:
        self._transfers = transfers
        self._signer = signer
        self._keys = keys
        self._answers = answers
        self._rate, self._concurrency = rates
        self._destination = destination
        self._born = born
        self._ready: deque[_Call] = deque()
        self._waiting: list[tuple[float, int, _Call]] = []
        self._under_way: dict[int, _Call] = {}
        self._numbers: Iterator[int] = itertools.count()
        self._succeeded: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._transfers.close()

    @property
    def limit(self) -> int:
        """Calls that may be under way at present."""
        return self._concurrency.limit

    def wake(self) -> None:
        """Make `go_on` look for more blocks. Any thread may call it."""
        self._transfers.wake()

    def go_on(self, source: BlockSource, seconds: float) -> SendResult:
        """Begin as many calls as are allowed, and let them run until one ends or the seconds are over. Errors
        that `source` raises pass through."""
        try:
            with translated(self._destination.service, CALL, self._destination.address):
                pause = self._begin(source)
        except ServiceError as error:
            return SendResult(failure=error)
        return self._read(self._transfers.wait(min(seconds, pause)))

    def settle(self, seconds: float) -> SendResult:
        """Let the calls under way end, for at most so many seconds; begin none."""
        deadline = time.monotonic() + seconds
        stored: list[int] = []
        while self._under_way and (left := deadline - time.monotonic()) > 0:
            stored.extend(self._read(self._transfers.wait(left)).stored)
        return SendResult(tuple(stored))

    def _begin(self, source: BlockSource) -> float:
        """Begin calls up to the limit; the seconds until more may be begun."""
        now = time.monotonic()
        while self._waiting and self._waiting[0][0] <= now:
            self._ready.append(heapq.heappop(self._waiting)[2])
        while len(self._transfers) < self._concurrency.limit:
            if not self._ready:
                block = source.next_block()
                if block is None:
                    break
                self._ready.append(_Call(block.index, block.sha256, block.data))
            if self._rate is not None and (pause := self._rate.take()) > 0:
                return pause
            self._start(self._ready.popleft(), source)
        return self._waiting[0][0] - now if self._waiting else float("inf")

    def _start(self, call: _Call, source: BlockSource) -> None:
        data = source.reread(call.index, call.sha256) if call.data is None else call.data
        keys, number = self._keys.frozen(), next(self._numbers)
        request = self._signer.sign(call.index, call.checksum, keys, time.time())
        self._under_way[number] = replace(call, data=None, keys=keys, began=time.monotonic())
        self._transfers.start(number, request.url, request.headers, data, source.release)

    def _read(self, several: list[FinishedTransfer]) -> SendResult:
        stored: list[int] = []
        final: ServiceError | None = None
        for finished in several:
            call = self._under_way.pop(finished.key)
            failure = self._answers.read(finished, call.index, call.checksum)
            if failure is None:
                self._succeeded = time.monotonic()
                self._concurrency.succeeded(finished.seconds)
                stored.append(call.index)
            else:
                final = final or self._retry(call, failure)
        return SendResult(tuple(stored), final)

    def _retry(self, call: _Call, failure: CallFailure) -> ServiceError | None:
        """Schedule another attempt; the error if no other is worth it."""
        now = time.monotonic()
        if failure.is_overload:
            self._concurrency.overloaded(call.began, now)
        error: Exception = failure.error
        timing = Timing(now, self._born, self._succeeded, call.began)
        retry = next_retry(call.attempts, failure.kind, timing, random.random)
        if retry is not None and failure.kind is FailureKind.EXPIRED:
            try:
                retry = retry if call.keys is not None and self._keys.renew(call.keys) else None
            except BotoCoreError as problem:
                retry, error = None, problem
        if retry is None:
            return self._translate(error, call)
        later = replace(call, attempts=retry.attempts)
        heapq.heappush(self._waiting, (now + retry.seconds, next(self._numbers), later))
        return None

    def _translate(self, error: Exception, call: _Call) -> ServiceError:
        """The error that users read, without the secrets of the call's keys."""
        hidden = tuple(text for text in (call.keys.secret_key, call.keys.token) if text) if call.keys else ()
        try:
            with translated(self._destination.service, CALL, self._destination.address, hidden):
                raise error
        except ServiceError as translation:
            return translation
