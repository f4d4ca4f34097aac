"""PutSnapshotBlock, many at a time: begun, read, and made again where that is worth it.

Everything here happens in one thread, and nothing waits but `Transfers.wait`.
"""

from __future__ import annotations

import base64
import heapq
import itertools
import random
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Protocol, Self

from botocore.exceptions import BotoCoreError

from extenci.cloud.aws.errors import translated
from extenci.cloud.blocks.answers import BlockAnswers, Refusal
from extenci.cloud.blocks.block import CALL, Block
from extenci.cloud.blocks.concurrency import Concurrency
from extenci.cloud.blocks.endpoint import CurrentKeys
from extenci.cloud.blocks.rate import Rate
from extenci.cloud.blocks.retries import Scene, Tries, Trouble, try_again
from extenci.cloud.blocks.signing import BlockSigner, Keys
from extenci.cloud.blocks.transfers import Finished, Transfers
from extenci.model.errors import ServiceError


@dataclass(frozen=True)
class Place:
    """Where blocks go: for the texts of errors."""

    service: str
    address: str


@dataclass(frozen=True)
class Clocks:
    """Time and chance: `clock` tells seconds that only rise, `now` those since 1970, `random` 0 to 1."""

    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    random: Callable[[], float] = random.random


@dataclass(frozen=True)
class Progress:
    """Blocks that are stored now, and what failed for good, if anything did."""

    stored: tuple[int, ...] = ()
    failure: ServiceError | None = None


class Supply(Protocol):
    """Where blocks come from."""

    def following(self) -> Block | None:
        """The next block to send, if there is one."""

    def again(self, index: int, sha256: bytes) -> bytes:
        """What a block was, of which nothing is in memory any more."""

    def let_go(self) -> None:
        """Be told that nothing of some block is in memory any more."""


@dataclass(frozen=True)
class _Call:
    """A block, and what became of it so far. `data` is None where it has to be read again; `keys` and `began`
    are those of the last attempt."""

    index: int
    sha256: bytes
    data: bytes | None
    tries: Tries = field(default_factory=Tries)
    keys: Keys | None = None
    began: float = 0.0

    @property
    def checksum(self) -> str:
        """Its SHA-256 as headers say it."""
        return base64.b64encode(self.sha256).decode()


class BlockSender:
    """Sends the blocks of one snapshot; `born` is when it was started, by the clock. Leaving its context
    closes the transfers."""

    def __init__(
        self,
        transfers: Transfers,
        signer: BlockSigner,
        keys: CurrentKeys,
        answers: BlockAnswers,
        rates: tuple[Rate | None, Concurrency],
        place: Place,
        born: float,
        clocks: Clocks,
    ) -> None:
        self._transfers = transfers
        self._signer = signer
        self._keys = keys
        self._answers = answers
        self._rate, self._concurrency = rates
        self._place = place
        self._born = born
        self._clocks = clocks
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
        """Have `go_on` look for more to do. Any thread may."""
        self._transfers.wake()

    def go_on(self, supply: Supply, seconds: float) -> Progress:
        """Begin what may be begun, and let it go on until a call ends or the seconds are over. What `supply`
        raises comes through."""
        try:
            with translated(self._place.service, CALL, self._place.address):
                pause = self._begin(supply)
        except ServiceError as error:
            return Progress(failure=error)
        return self._read(self._transfers.wait(min(seconds, pause)))

    def settle(self, seconds: float) -> Progress:
        """Let what was begun end, begin nothing."""
        deadline = self._clocks.clock() + seconds
        stored: list[int] = []
        while self._under_way and (left := deadline - self._clocks.clock()) > 0:
            stored.extend(self._read(self._transfers.wait(left)).stored)
        return Progress(tuple(stored))

    def _begin(self, supply: Supply) -> float:
        """Begin calls as long as there are some, and room; the seconds until there may be more."""
        now = self._clocks.clock()
        while self._waiting and self._waiting[0][0] <= now:
            self._ready.append(heapq.heappop(self._waiting)[2])
        while len(self._transfers) < self._concurrency.limit:
            if not self._ready:
                block = supply.following()
                if block is None:
                    break
                self._ready.append(_Call(block.index, block.sha256, block.data))
            if self._rate is not None and (pause := self._rate.take()) > 0:
                return pause
            self._start(self._ready.popleft(), supply)
        return self._waiting[0][0] - now if self._waiting else float("inf")

    def _start(self, call: _Call, supply: Supply) -> None:
        data = supply.again(call.index, call.sha256) if call.data is None else call.data
        keys, number = self._keys.frozen(), next(self._numbers)
        request = self._signer.sign(call.index, call.checksum, keys, self._clocks.now())
        self._under_way[number] = replace(call, data=None, keys=keys, began=self._clocks.clock())
        self._transfers.start(number, request.url, request.headers, data, supply.let_go)

    def _read(self, several: list[Finished]) -> Progress:
        stored: list[int] = []
        failure: ServiceError | None = None
        for finished in several:
            call = self._under_way.pop(finished.key)
            refusal = self._answers.read(finished, call.index, call.checksum)
            if refusal is None:
                self._succeeded = self._clocks.clock()
                self._concurrency.succeeded(finished.seconds)
                stored.append(call.index)
            else:
                failure = failure or self._take_up(call, refusal)
        return Progress(tuple(stored), failure)

    def _take_up(self, call: _Call, refusal: Refusal) -> ServiceError | None:
        """Have a call made again, later; the error where that is not worth it."""
        now = self._clocks.clock()
        if refusal.is_overload:
            self._concurrency.overloaded(call.began, now)
        error: Exception = refusal.error
        scene = Scene(now, self._born, self._succeeded, call.began)
        again = try_again(call.tries, refusal.trouble, scene, self._clocks.random)
        if again is not None and refusal.trouble is Trouble.EXPIRED:
            try:
                again = again if call.keys is not None and self._keys.renew(call.keys) else None
            except BotoCoreError as problem:
                again, error = None, problem
        if again is None:
            return self._said(error, call)
        later = replace(call, tries=again.tries)
        heapq.heappush(self._waiting, (now + again.seconds, next(self._numbers), later))
        return None

    def _said(self, error: Exception, call: _Call) -> ServiceError:
        """An error as a person gets to read it."""
        hidden = tuple(text for text in (call.keys.secret_key, call.keys.token) if text) if call.keys else ()
        try:
            with translated(self._place.service, CALL, self._place.address, hidden):
                raise error
        except ServiceError as said:
            return said
