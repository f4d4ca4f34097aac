"""Bundles where the service misbehaves: a right image or a clear error, and nothing left that nobody told of.

Whatever comes of it, the next run (which first looks after what is open in the journal, as every run does)
ends right, with one image, one bundle in the bucket, and nothing open.
"""

from __future__ import annotations

import errno
import filecmp
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

import pytest

from extenci.cloud.clients import Clients
from extenci.image.bundle import bundler
from extenci.model.errors import AccessRefused, DiskError, ExtenciError, ServiceError
from extenci.model.record import DELETE_BUNDLE, PUT_BUNDLE, Intent
from extenci.model.service import SANDBOX_BUCKET, KeyFiles
from extenci.model.version import BLOCK_BYTES, Method
from extenci.sandbox import control
from extenci.stage.bundle.remove import recover
from extenci.stage.bundle.unbundle import UnbundleRequest, open_bundle
from extenci.stage.context import StageContext, StageRequest
from extenci.stage.methods import stage
from extenci.stage.unstage import unstage
from tests.system.stage.conftest import Journal, context_of, service_of, through

BLOCKS = 8
SIZE = 2**24
PART_BYTES = 512 * 1024
PARTS = 9
"""The disk's 4 MiB do not compress, and tar adds some."""

Misbehave = Callable[[str], None]


@dataclass
class Intents(Journal):
    """A journal that the next run can go on with."""

    requests: dict[int, Mapping[str, object]] = field(default_factory=dict)

    def begin(
        self,
        call: str,
        *,
        token: str = "",
        request: Mapping[str, object] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> int:
        intent = super().begin(call, token=token, request=request, tags=tags)
        self.requests[intent] = request or {}
        return intent

    def left(self) -> list[Intent]:
        """The calls on bundles whose outcome is unknown."""
        return [
            Intent(one, "run", "change", "campus", call, "", 0.0, request=self.requests[one])
            for one, call in self.names.items()
            if call in (PUT_BUNDLE, DELETE_BUNDLE)
        ]


@dataclass(frozen=True)
class Stand:
    """A disk to bundle, and with what; `journal` is that of `means`, `notes` what was worth a line."""

    home: Path
    folder: Path
    job: StageRequest
    context: StageContext
    journal: Intents
    notes: list[str]

    @property
    def keys(self) -> list[str]:
        """Those of all objects in the bucket."""
        return [one.key for one in self.context.clients.s3.list_objects(SANDBOX_BUCKET, "")]

    @property
    def images(self) -> list[str]:
        return [one.id for one in self.context.clients.ec2.images_by_name(self.job.name)]

    def fault_count(self) -> int:
        lines = control.status(self.home).calls.read_text("utf-8").splitlines()
        return sum('"error": ""' not in line for line in lines)

    def stage_next(self) -> None:
        """What the next run does: it looks after what is open, then stages, as a new attempt."""
        for intent in self.journal.left():
            recover(intent, self.context)
        stage(replace(self.job, token=hashlib.sha256(uuid4().bytes).hexdigest()[:40]), self.context)

    def check_right(self) -> None:
        """One image, available, of one bundle, which is the disk byte for byte; nothing else there."""
        (image,) = self.context.clients.ec2.images_by_name(self.job.name)
        assert image.manifest is not None
        key = image.manifest.removeprefix(f"{SANDBOX_BUCKET}/")
        prefix = key.removesuffix(".manifest.xml")
        assert self.keys == sorted([key, *(f"{prefix}.part.{number:02}" for number in range(PARTS))])
        assert self.journal.left() == []
        service = self.context.clients.service
        assert service.bundle is not None
        output = self.folder / uuid4().hex
        request = UnbundleRequest(
            f"s3://{image.manifest}", output, service.bundle.certificate, service.bundle.private_key
        )
        open_bundle(request, self.context.clients.s3)
        assert filecmp.cmp(output, self.job.source, shallow=False)
        opened = self.home / "sandbox" / "disks" / f"{image.id}.raw"
        assert filecmp.cmp(opened, self.job.source, shallow=False)


@pytest.fixture
def misbehave(home: Path) -> Iterator[Misbehave]:
    """misbehave(rules): from now on, until the test ends or other rules are said."""

    def tell(rules: str) -> None:
        control.start(home, rules)

    yield tell
    tell("none")


@pytest.fixture
def stand(
    home: Path,
    tmp_path: Path,
    make_disk: Callable[..., Path],
    job_of: Callable[..., StageRequest],
    misbehave: Misbehave,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Stand]:
    """Smaller parts than the format's usual: as many calls to go wrong, of less to send. The SDK's patience
    with the service costs no time."""
    monkeypatch.setattr(bundler, "PART_BYTES", PART_BYTES)
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _seconds: None)
    service = replace(service_of(home), bucket=SANDBOX_BUCKET, bundle=control.bundle_keys(home))
    clients, journal, notes = Clients(service), Intents(), list[str]()
    job = as_bundle(job_of(make_disk(BLOCKS, SIZE)))
    one = Stand(home, tmp_path, job, context_of(clients, journal, notes.append), journal, notes)
    clear(one)
    yield one
    misbehave("none")
    clear(one)
    clients.close()


def as_bundle(job: StageRequest) -> StageRequest:
    registration = replace(job.version.registration, method=Method.BUNDLE)
    return replace(job, version=replace(job.version, registration=registration))


def clear(stand: Stand) -> None:
    for image in stand.images:
        stand.context.clients.unjournalled.ec2.deregister_image(image)
    stand.context.clients.unjournalled.s3.delete_objects(SANDBOX_BUCKET, stand.keys)


def check_text(error: ExtenciError, home: Path) -> None:
    """For a person to read, and without a secret."""
    text = f"{error}"
    access, secret = (path.read_text().strip() for path in control.key_files(home))
    keys = control.bundle_keys(home)
    lines = Path(keys.private_key).read_text().splitlines()[1:-1]
    assert error.message.endswith(".")
    assert not [word for word in ("Traceback", "botocore", access, secret, *lines) if word in text]


def fail(
    stand: Stand, kind: type[ExtenciError] = ServiceError, match: str = "", clients: Clients | None = None
) -> str:
    """Stage, and see it fail clearly; what the error says."""
    context = through(stand.context, clients) if clients else stand.context
    with pytest.raises(kind, match=match) as caught:
        stage(stand.job, context)
    check_text(caught.value, stand.home)
    return str(caught.value)


PASSED_OVER = [
    "PutObject: throttle 30%",
    "PutObject: error 500 first 3",
    "PutObject: error 503 30%",
    "PutObject: reset every 4",
    "PutObject: lost every 4",
    f"PutObject: lost at {PARTS + 1}",  # the manifest
    f"PutObject: reset at {PARTS + 1}",
    "RegisterImage: throttle first 2",
    "RegisterImage: error 500 first 1",
    "RegisterImage: lost first 1",
    "RegisterImage: reset first 1",
    "DescribeImages: error 503 first 2",
    "DescribeImages: missing 500ms",
    "Put*: throttle 20%; Put*: reset every 5; Put*: lost every 7; Reg*: lost at 1; Desc*: reset at 1",
]


@pytest.mark.parametrize("rules", PASSED_OVER)
def test_what_passes_is_passed_over(stand: Stand, misbehave: Misbehave, rules: str) -> None:
    before = stand.fault_count()
    misbehave(rules)
    stage(stand.job, stand.context)
    misbehave("none")
    stand.check_right()
    assert stand.journal.open == []
    assert stand.fault_count() > before, "there was no fault"


REFUSED = [
    ("PutObject: throttle", "SlowDown"),
    ("PutObject: error 500 after 4", "InternalError"),
    ("PutObject: reset after 4", "broke the connection off"),
    ("PutObject: lost after 4", "broke the connection off"),
    ("PutObject: garbled at 4", "BadDigest"),
    ("PutObject: damaged at 4", "stored something else"),
    (f"PutObject: damaged at {PARTS + 1}", "stored something else"),
    ("PutObject: wrong-checksum at 4", "stored something else"),
    ("PutObject: expired after 4", "ExpiredToken"),
    ("PutObject: denied", "AccessDenied"),
    (f"PutObject: denied after {PARTS}", "AccessDenied"),
    (f"PutObject: rotten at {PARTS + 1}", "InvalidManifest"),
    ("RegisterImage: expired", "RequestExpired"),
    ("RegisterImage: denied", "UnauthorizedOperation"),
    ("PutObject: denied after 4; DeleteObject: throttle 30%; ListObjects: error 503 first 1", "AccessDenied"),
]


@pytest.mark.parametrize(("rules", "said"), REFUSED)
def test_what_does_not_pass_is_told_and_leaves_nothing(
    stand: Stand, misbehave: Misbehave, rules: str, said: str
) -> None:
    misbehave(rules)
    text = fail(stand, ServiceError, said)
    misbehave("none")
    assert "may be left" not in text
    assert (stand.keys, stand.images, stand.journal.open) == ([], [], [])
    stand.stage_next()
    stand.check_right()


TOLD = [
    ("PutObject: expired after 4; DeleteObject: expired", "ExpiredToken"),
    ("PutObject: expired after 4; ListObjects: expired", "ExpiredToken"),
    ("PutObject: denied after 4; DeleteObject: denied", "AccessDenied"),
    ("PutObject: error 500 after 4; DeleteObject: error 500", "InternalError"),
    ("PutObject: denied after 4; DescribeImages: expired", "AccessDenied"),
    ("RegisterImage: error 500", "InternalError"),
    ("RegisterImage: throttle", "RequestLimitExceeded"),
    (
        "RegisterImage: lost first 1; DescribeImages: missing 1s",
        "InvalidAMIName.Duplicate|has an image named",
    ),
]


@pytest.mark.parametrize(("rules", "said"), TOLD)
def test_what_cannot_be_removed_is_told_and_the_next_run_removes_it(
    stand: Stand, misbehave: Misbehave, rules: str, said: str
) -> None:
    misbehave(rules)
    text = fail(stand, ServiceError, said)
    misbehave("none")
    place = stand.keys[0].rpartition("@")[0]
    assert f"in the bucket {SANDBOX_BUCKET} at {place}@" in text
    assert [one.call for one in stand.journal.left()] == [PUT_BUNDLE]
    stand.stage_next()
    stand.check_right()


def test_an_image_that_the_service_fails_to_make_goes_with_its_bundle(
    stand: Stand, misbehave: Misbehave
) -> None:
    """Something else was stored, which the answer hid: the service finds out as it opens the bundle."""
    misbehave("PutObject: rotten at 4")
    fail(stand, ServiceError, "failed to make the image")
    misbehave("none")
    for intent in stand.journal.left():
        recover(intent, stand.context)
    (image,) = stand.images
    unstage(image, (), stand.context)  # as the next plan says
    assert (stand.keys, stand.images) == ([], [])
    stand.stage_next()
    stand.check_right()


def test_what_is_not_removed_with_its_image_is_removed_by_the_next_run(
    stand: Stand, misbehave: Misbehave
) -> None:
    image = stage(stand.job, stand.context).image
    misbehave("DeleteObject: expired")
    with pytest.raises(AccessRefused, match="ExpiredToken"):
        unstage(image, (), stand.context)
    misbehave("none")
    assert stand.images == []
    assert [one.call for one in stand.journal.left()] == [DELETE_BUNDLE]
    stand.stage_next()
    stand.check_right()


def test_keys_that_may_only_look_leave_nothing(stand: Stand) -> None:
    key = stand.folder / "key"
    key.write_text("AKIAREADONLY0000000")
    key.chmod(0o600)
    _, secret = control.key_files(stand.home)
    service = replace(stand.context.clients.service, credentials=KeyFiles(str(key), str(secret)))
    clients = Clients(service)
    fail(stand, AccessRefused, "AccessDenied", clients=clients)
    clients.close()
    assert (stand.keys, stand.journal.open) == ([], [])
    stand.stage_next()
    stand.check_right()


def test_a_sector_that_cannot_be_read_is_told_and_leaves_nothing(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel's answer is played, once parts are sent: the disk is read for its list before."""
    read, times = os.pread, [0]
    place = max(number * 7 % (SIZE // BLOCK_BYTES) for number in range(BLOCKS)) * BLOCK_BYTES

    def pread(descriptor: int, length: int, offset: int) -> bytes:
        times[0] += (offset, length) == (place, BLOCK_BYTES)
        if offset == place and times[0] > 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(descriptor, length, offset)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", pread)
        fail(stand, DiskError, f"at byte {place}: Input/output error")
    assert (stand.keys, stand.journal.open) == ([], [])
    stand.stage_next()
    stand.check_right()


def test_no_room_for_what_is_noted_is_told_and_leaves_nothing(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """/dev/full answers every writing as a full disk does (full(4))."""

    def full(**_: object) -> tuple[int, str]:
        return os.open("/dev/full", os.O_RDWR), str(stand.folder / "full")

    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "mkstemp", full)
        fail(stand, ExtenciError, "No space left on device")
    assert (stand.keys, stand.journal.open) == ([], [])
    stand.stage_next()
    stand.check_right()
