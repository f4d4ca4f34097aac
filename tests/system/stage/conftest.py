"""One real sandbox for all tests of this folder, disks to stage there, and a journal that can be read."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from uuid import uuid4

import pytest

from extenci.cloud.clients import Clients
from extenci.cloud.journalled.client import Journalled
from extenci.image.raw import read_disk
from extenci.model.journal import Calls
from extenci.model.ownership import Marks
from extenci.model.service import KeyFiles, Service, Tagging
from extenci.model.version import BLOCK_BYTES, Architecture, Method, Registration, Version
from extenci.sandbox import control
from extenci.stage.context import StageContext, StageRequest
from tests.disks import noise
from tests.system.conftest import IN_CI
from tests.system.stage.broken_storage import NoDaemon, NoExport, failing_at, require_tools


@dataclass
class Journal:
    """A `Calls` that keeps in memory what was called and how it ended, in order."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _ids: Iterator[int] = field(default_factory=itertools.count)

    def begin(
        self,
        call: str,
        *,
        token: str = "",  # noqa: ARG002
        request: Mapping[str, object] | None = None,  # noqa: ARG002
        tags: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> int:
        with self._lock:
            intent = next(self._ids)
            self.names[intent] = call
            self.lines.append(("begin", call))
            return intent

    def settle(self, intent: int, result: Mapping[str, object]) -> None:  # noqa: ARG002
        self._close("settle", intent)

    def fail(self, intent: int, reason: str) -> None:  # noqa: ARG002
        self._close("fail", intent)

    def unseen_seconds(self, resource: str) -> float | None:  # noqa: ARG002
        return None

    def _close(self, how: str, intent: int) -> None:
        with self._lock:
            self.lines.append((how, self.names.pop(intent)))

    @property
    def open(self) -> list[str]:
        """Calls whose outcome is unknown."""
        return sorted(self.names.values())


def context_of(
    clients: Clients, calls: Calls, note: Callable[[str], None] = lambda _text: None
) -> StageContext:
    """What is staged with through some clients, with a journal."""
    return StageContext(clients, Journalled(clients, calls), note=note)


def through(context: StageContext, clients: Clients) -> StageContext:
    """The same, with its journal, but through other clients."""
    calls = context.changes._intents.calls
    return replace(context, clients=clients, changes=Journalled(clients, calls))


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXTENCI_SANDBOX_BOOT_SECONDS", "0.1")
        control.start(place)
    yield place
    control.stop(place)


@pytest.fixture(scope="session")
def service(home: Path) -> Service:
    return service_of(home)


def service_of(home: Path) -> Service:
    """The sandbox of a home as a service of the catalog."""
    status = control.status(home)
    access, secret = control.key_files(home)
    return Service(
        name="campus",
        region="us-east-1",
        ec2=status.ec2,
        s3=status.s3,
        ebs=status.ebs,
        credentials=KeyFiles(str(access), str(secret)),
    )


@pytest.fixture(scope="session")
def clients_of(service: Service) -> Iterator[Callable[[Tagging], Clients]]:
    """clients_of(tagging): clients of the service as one that takes tags then."""
    made: dict[Tagging, Clients] = {}

    def make(tagging: Tagging = Tagging.CREATE) -> Clients:
        if tagging not in made:
            made[tagging] = Clients(replace(service, tags=tagging))
        return made[tagging]

    yield make
    for one in made.values():
        one.close()


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def context(clients_of: Callable[..., Clients], journal: Journal) -> StageContext:
    return context_of(clients_of(Tagging.CREATE), journal)


@pytest.fixture
def slow_context(tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> Iterator[StageContext]:
    """Of a service whose snapshots go on saying `pending` for seconds after they were completed."""
    monkeypatch.setenv("EXTENCI_SANDBOX_SEAL_SECONDS", "2.5")
    control.start(tmp_path / "slow")
    clients = Clients(service_of(tmp_path / "slow"))
    yield context_of(clients, journal)
    clients.close()
    control.stop(tmp_path / "slow")


@pytest.fixture
def make_disk(tmp_path: Path) -> Callable[..., Path]:
    """make_disk(blocks, size): a raw disk with random bytes in some of its blocks."""

    def make(blocks: int = 40, size: int = 2**30) -> Path:
        path = tmp_path / f"{uuid4().hex}.raw"
        with path.open("wb") as file:
            file.truncate(size)
            for number in range(blocks):
                file.seek(number * 7 % (size // BLOCK_BYTES) * BLOCK_BYTES)
                file.write(noise(BLOCK_BYTES))
        os.utime(path, (1, 1))
        return path

    return make


@pytest.fixture
def break_disk() -> Iterator[Callable[[Path, int], Callable[[], None]]]:
    """break_disk(path, byte): from now on the sector with that byte cannot be read, until the test ends
    or what this gives is called."""
    try:
        require_tools()
    except NoExport as missing:
        if os.environ.get(IN_CI) and isinstance(missing, NoDaemon):
            pytest.fail(f"No storage can be made to fail, and {IN_CI} is set: {missing}", pytrace=False)
        pytest.skip(f"No storage can be made to fail here: {missing}")
    with ExitStack() as broken:

        def breaking(path: Path, byte: int) -> Callable[[], None]:
            one = ExitStack()
            broken.push(one)
            try:
                one.enter_context(failing_at(byte, path))
            except NoExport as missing:
                pytest.skip(f"No storage can be made to fail here: {missing}")
            return one.close

        yield breaking


def data_of(path: Path) -> Iterator[tuple[int, int]]:
    """Where a file is no hole: pairs of first byte and byte after the last."""
    with path.open("rb") as file:
        end = 0
        while True:
            try:
                start = os.lseek(file.fileno(), end, os.SEEK_DATA)
            except OSError:
                return
            end = os.lseek(file.fileno(), start, os.SEEK_HOLE)
            yield start, end


def bytes_are_equal(one: Path, other: Path) -> bool:
    """Whether two files hold the same bytes, reading only where either is no hole."""
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as first, other.open("rb") as second:
        for start, end in {*data_of(one), *data_of(other)}:
            first.seek(start)
            second.seek(start)
            if first.read(end - start) != second.read(end - start):
                return False
    return True


@pytest.fixture(scope="session")
def same_bytes() -> Callable[[Path, Path], bool]:
    """same_bytes(one, other): whether two files hold the same bytes."""
    return bytes_are_equal


def make_job(path: Path, stack: str = "", gib: int | None = None) -> StageRequest:
    """What the plan would make of a disk."""
    disk = read_disk(path)
    version = Version(disk.digest, Registration(Architecture.X86_64, None, Method.EBS, gib or disk.gib))
    stack = stack or uuid4().hex[:12]
    marks = Marks(stack, "campus", "worker", digest=disk.digest, version=str(version))
    return StageRequest(
        version=version,
        source=str(path),
        size=disk.size,
        blocks=disk.blocks,
        name=version.image_name("worker", stack),
        tags=marks.to_tags({"team": "physics"}),
        token=hashlib.sha256(uuid4().bytes).hexdigest()[:40],
    )


@pytest.fixture(scope="session")
def job_of() -> Callable[..., StageRequest]:
    """job_of(path, stack, gib): what the plan would make of a disk."""
    return make_job


@pytest.fixture
def job(make_disk: Callable[..., Path]) -> StageRequest:
    """What the plan would make of a small disk of 1 GiB."""
    return make_job(make_disk(3))
