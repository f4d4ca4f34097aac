from __future__ import annotations

import http.client
import json
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from extenci.catalog.disks.block_lists import BlockLists
from extenci.cloud.clients import Clients
from extenci.image.raw import blocks
from extenci.model.errors import AccessRefused, DiskChanged, DiskError, Interrupted, ServiceError
from extenci.model.observed import ImageState, SnapshotState
from extenci.model.ownership import STACK
from extenci.model.service import SANDBOX_BUCKET, KeyFiles, Service, Tagging
from extenci.model.version import BLOCK_BYTES, Method
from extenci.sandbox import control
from extenci.sandbox.http.listener import HttpRequest, HttpResponse, Listener
from extenci.stage.context import StageContext, StageRequest
from extenci.stage.methods import stage
from extenci.stage.s3_import.location import FOLDER, import_location
from extenci.stage.s3_import.method import upload
from extenci.stage.s3_import.part_plan import PART_BLOCKS
from extenci.stage.s3_import.parts import CONNECTIONS
from tests.disks import noise
from tests.system.stage.conftest import context_of, data_of

MIB = 1024**2
GIB = 1024**3
PART = PART_BLOCKS * BLOCK_BYTES


@dataclass
class Cloud:
    """A sandbox, reached as the service `campus`."""

    home: Path
    service: Service

    def context(self, journal: Any, **changed: Any) -> StageContext:
        """StageContext of the service, as it is when something of it is changed."""
        return context_of(Clients(replace(self.service, **changed)), journal)

    def calls(self) -> Counter[str]:
        """How many changing calls of each kind went well so far."""
        text = (self.home / "sandbox" / "calls.jsonl").read_text()
        records = (json.loads(line) for line in text.splitlines())
        return Counter(one["action"] for one in records if one["changes"] and one["status"] < 300)

    def left(self, job: StageRequest) -> list[str]:
        """Keys of what is in S3 of a job's stack, objects and uploads."""
        s3, prefix = Clients(self.service).s3, f"{FOLDER}/{job.tags[STACK]}/"
        uploads = [one.key for one in s3.multipart_uploads(SANDBOX_BUCKET, prefix)]
        return uploads + [one.key for one in s3.list_objects(SANDBOX_BUCKET, prefix)]

    def disk(self, snapshot: str | None) -> Path:
        return self.home / "sandbox" / "disks" / f"{snapshot}.raw"


@pytest.fixture(scope="session")
def cloud(home: Path, service: Service) -> Cloud:
    return Cloud(home, replace(service, bucket=SANDBOX_BUCKET))


@pytest.fixture
def slow_cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A sandbox of its own, whose imports take their time."""
    monkeypatch.setenv("EXTENCI_SANDBOX_IMPORT_SECONDS", "1.5")
    status = control.start(tmp_path / "slow")
    access, secret = control.key_files(tmp_path / "slow")
    keys = KeyFiles(str(access), str(secret))
    urls: dict[str, Any] = {"ec2": status.ec2, "s3": status.s3, "ebs": status.ebs}
    yield Cloud(
        tmp_path / "slow",
        Service("campus", "us-east-1", **urls, credentials=keys, bucket=SANDBOX_BUCKET),
    )
    control.stop(tmp_path / "slow")


@pytest.fixture
def context(cloud: Cloud, journal: Any) -> Iterator[StageContext]:
    made = cloud.context(journal)
    yield made
    made.clients.close()


@pytest.fixture
def prepare(
    make_disk: Callable[..., Path], job_of: Callable[..., StageRequest]
) -> Callable[..., StageRequest]:
    """prepare(size, data): a job to import a sparse disk with the bytes `data`, by their offsets."""

    def make(size: int, data: dict[int, bytes]) -> StageRequest:
        path = make_disk(0, size)
        with path.open("r+b") as file:
            for offset, content in data.items():
                file.seek(offset)
                file.write(content)
        os.utime(path, (1, 1))
        job = job_of(path)
        registration = replace(job.version.registration, method=Method.IMPORT)
        version = replace(job.version, registration=registration)
        return replace(job, version=version, name=version.image_name("worker", job.tags[STACK]))

    return make


@pytest.fixture
def import_job(prepare: Callable[..., StageRequest]) -> StageRequest:
    """Of a disk of four parts, the third of which is all zeros."""
    return prepare(4 * PART, {0: noise(MIB), PART: noise(PART), 4 * PART - 3: b"end"})


def assert_holds(stored: Path, source: str) -> None:
    """A snapshot holds a disk, and zeros behind its end; a disk may have more zeros than its snapshot."""
    with stored.open("rb") as one, Path(source).open("rb") as other:
        for start, end in {*data_of(stored), *data_of(Path(source))}:
            one.seek(start)
            other.seek(start)
            mine, disks = one.read(end - start), other.read(end - start)
            assert mine.ljust(end - start, b"\0") == disks.ljust(end - start, b"\0")


def test_a_sparse_disk_of_2_gib_is_imported_byte_for_byte(
    cloud: Cloud,
    context: StageContext,
    prepare: Callable[..., StageRequest],
    same_bytes: Callable[[Path, Path], bool],
) -> None:
    places = {number * 61 * MIB: noise(MIB) for number in range(33)}
    job = prepare(2 * GIB, {**places, 2 * GIB - 3: b"end"})
    staged = stage(job, context)
    assert same_bytes(Path(job.source), cloud.disk(staged.snapshot))
    (image,) = context.clients.ec2.images_by_name(job.name)
    assert (image.id, image.state, image.snapshots) == (
        staged.image,
        ImageState.AVAILABLE,
        (staged.snapshot,),
    )
    (snapshot,) = context.clients.ec2.snapshots(job.tags[STACK])
    assert (snapshot.id, snapshot.state, snapshot.gib) == (staged.snapshot, SnapshotState.COMPLETED, 2)
    assert image.tags == snapshot.tags == job.tags
    assert cloud.left(job) == []


@pytest.mark.parametrize(
    ("size", "data"),
    [
        (3 * GIB, {5 * MIB: b"all that there is"}),
        (GIB, {}),
        (10 * MIB + 513, {10 * MIB + 512: b"!"}),
        (PART, {0: noise(PART)}),
        (2 * PART, {PART - 1: b"edges"}),
    ],
    ids=["zeros at the end", "all zeros", "an odd size", "one part", "across parts"],
)
def test_disks_of_every_kind_are_imported(
    cloud: Cloud,
    context: StageContext,
    prepare: Callable[..., StageRequest],
    size: int,
    data: dict[int, bytes],
) -> None:
    job = prepare(size, data)
    staged = stage(job, context)
    assert_holds(cloud.disk(staged.snapshot), job.source)
    assert context.clients.ec2.images_by_name(job.name)[0].gib == job.version.registration.gib
    assert cloud.left(job) == []


def test_holes_are_copied_on_the_service_and_not_sent(
    cloud: Cloud, context: StageContext, prepare: Callable[..., StageRequest]
) -> None:
    before = cloud.calls()
    upload(prepare(50 * PART, {0: b"start", 50 * PART - 3: b"end"}), context)
    made = cloud.calls() - before
    assert (made["UploadPart"], made["UploadPartCopy"], made["PutObject"]) == (3, 47, 1)


def test_every_changing_call_is_written_down_before_and_after(
    context: StageContext, journal: Any, import_job: StageRequest
) -> None:
    stage(import_job, context)
    calls = [
        "CreateMultipartUpload",
        "UploadPart",
        "CompleteMultipartUpload",
        "ImportSnapshot",
        "RegisterImage",
    ]
    assert journal.lines == [(how, call) for call in calls for how in ("begin", "settle")]


@pytest.mark.parametrize("tags", list(Tagging))
def test_the_snapshot_is_tagged_where_the_service_knows_tags(
    cloud: Cloud, journal: Any, import_job: StageRequest, tags: Tagging
) -> None:
    context = cloud.context(journal, tags=tags)
    snapshot = upload(import_job, context)
    (found,) = context.clients.ec2.snapshots_by_id([snapshot])
    assert found.tags == ({} if tags is Tagging.NONE else import_job.tags)
    task = next(one for one in context.clients.imports.tasks() if one.snapshot == snapshot)
    assert task.tags == (import_job.tags if tags is Tagging.CREATE else {})


def test_progress_rises_to_the_whole(context: StageContext, import_job: StageRequest) -> None:
    told: list[tuple[int, int]] = []
    upload(import_job, replace(context, on_progress=lambda done, total: told.append((done, total))))
    assert {total for _, total in told} == {8 * PART}
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[3] == (4 * PART, 8 * PART)


# What goes wrong.


def test_a_disk_that_is_another_by_now_is_not_imported(
    cloud: Cloud, context: StageContext, import_job: StageRequest
) -> None:
    before = cloud.calls()
    with Path(import_job.source).open("r+b") as file:
        file.seek(PART + 5)
        file.write(b"other")
    with pytest.raises(DiskChanged):
        stage(import_job, context)
    assert (cloud.calls() - before)["ImportSnapshot"] == 0
    assert cloud.left(import_job) == []


def test_a_disk_whose_blocks_are_known_is_read_again_as_it_is_sent(
    cloud: Cloud, context: StageContext, import_job: StageRequest, tmp_path: Path
) -> None:
    """The list is of the disk that was planned; the disk is another by now."""
    lists = BlockLists(tmp_path / "lists")
    with lists.record() as writer:
        for block in blocks(import_job.source):
            writer.add(block.index, block.sha256)
        writer.keep(import_job.version.digest)
    with Path(import_job.source).open("r+b") as file:
        file.seek(PART + 5)
        file.write(b"other")
    with pytest.raises(DiskChanged):
        stage(import_job, replace(context, block_lists=lists))
    assert cloud.left(import_job) == []


@pytest.mark.parametrize("offset", [39 * PART + 5, 39 * PART + 4 * MIB], ids=["data", "a hole"])
def test_a_disk_that_is_written_to_while_it_is_sent_is_noticed(
    cloud: Cloud, context: StageContext, prepare: Callable[..., StageRequest], offset: int
) -> None:
    """It changes at its end when its first part has arrived."""
    job = prepare(40 * PART, {number * PART: noise(MIB) for number in range(40)})
    before = cloud.calls()

    def write(_done: int, _total: int) -> None:
        with Path(job.source).open("r+b") as file:
            file.seek(offset)
            file.write(b"other")

    with pytest.raises(DiskChanged):
        stage(job, replace(context, on_progress=write))
    assert (cloud.calls() - before)["ImportSnapshot"] == 0
    assert cloud.left(job) == []


def test_data_beyond_the_volume_is_refused(
    cloud: Cloud, context: StageContext, prepare: Callable[..., StageRequest]
) -> None:
    job = prepare(GIB + MIB, {GIB: b"beyond"})
    registration = replace(job.version.registration, gib=1)
    with pytest.raises(DiskError, match="data beyond the 1 GiB"):
        stage(replace(job, version=replace(job.version, registration=registration)), context)
    assert cloud.left(job) == []


def test_an_import_that_fails_says_why_and_leaves_nothing(
    slow_cloud: Cloud, journal: Any, import_job: StageRequest
) -> None:
    """Somebody deletes the object before the service has read it."""
    context = slow_cloud.context(journal)

    def delete(done: int, _total: int) -> None:
        if done >= 4 * PART:
            location = import_location(import_job, SANDBOX_BUCKET)
            if any(one.key == location.key for one in context.clients.imports.tasks()):
                context.clients.unjournalled.s3.delete_object(SANDBOX_BUCKET, location.key)

    with pytest.raises(ServiceError) as failed:
        stage(import_job, replace(context, on_progress=delete))
    assert "failed to import the disk (import-snap-" in failed.value.message
    assert "Cannot access the object s3://extenci/" in failed.value.message
    assert ("fail", "ImportSnapshot") in journal.lines
    assert slow_cloud.left(import_job) == []


def test_an_import_that_is_refused_leaves_nothing(
    cloud: Cloud, journal: Any, import_job: StageRequest, between: Callable[..., str]
) -> None:
    def refuse(request: HttpRequest) -> HttpResponse | None:
        body = b"<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>"
        return HttpResponse(403, {}, body) if b"Action=ImportSnapshot&" in request.body else None

    context = cloud.context(journal, ec2=between(refuse, cloud.service.ec2))
    with pytest.raises(AccessRefused):
        stage(import_job, context)
    assert ("fail", "ImportSnapshot") in journal.lines
    assert cloud.left(import_job) == []


@pytest.mark.parametrize("key", ["AKIADENIED0000000000", "AKIAREADONLY00000000"])
def test_keys_that_may_not_upload_are_refused_and_leave_nothing(
    cloud: Cloud, journal: Any, import_job: StageRequest, tmp_path: Path, key: str
) -> None:
    (tmp_path / "access").write_text(key)
    (tmp_path / "secret").write_text("anything")
    keys = KeyFiles(str(tmp_path / "access"), str(tmp_path / "secret"))
    with pytest.raises(AccessRefused):
        stage(import_job, cloud.context(journal, credentials=keys))
    assert cloud.left(import_job) == []


def test_a_service_without_a_bucket_is_told_apart(
    cloud: Cloud, journal: Any, import_job: StageRequest
) -> None:
    with pytest.raises(ServiceError, match="has no bucket to upload to"):
        stage(import_job, cloud.context(journal, bucket=None))
    with pytest.raises(ServiceError) as missing:
        stage(import_job, cloud.context(journal, bucket="nobodys"))
    assert missing.value.hint.startswith("Create the bucket nobodys")


class Between(Listener):
    """Passes requests on, but those that `refuse` answers itself."""

    def __init__(self, upstream: str, refuse: Callable[[HttpRequest], HttpResponse | None]) -> None:
        self._upstream = urlsplit(upstream).netloc
        super().__init__(0, lambda request: refuse(request) or self._forward(request))

    def _forward(self, request: HttpRequest) -> HttpResponse:
        connection = http.client.HTTPConnection(self._upstream, timeout=30)
        target = request.path + (f"?{request.query}" if request.query else "")
        headers = {name: value for name, value in request.headers.items() if name != "expect"}
        with closing(connection):
            connection.request(request.method, target, request.body, headers)
            answer = connection.getresponse()
            return HttpResponse(answer.status, dict(answer.getheaders()), answer.read())


@pytest.fixture
def between(cloud: Cloud) -> Iterator[Callable[..., str]]:
    """between(refuse, upstream): the URL of a service (S3) that refuses some requests."""
    listeners = []

    def make(refuse: Callable[[HttpRequest], HttpResponse | None], upstream: str | None = None) -> str:
        listener = Between(upstream or cloud.service.s3 or "", refuse)
        threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True).start()
        listeners.append(listener)
        return f"http://127.0.0.1:{listener.port}"

    yield make
    for listener in listeners:
        listener.shutdown()
        listener.server_close()


def error(status: int, code: str) -> HttpResponse:
    return HttpResponse(
        status, {"Content-Type": "application/xml"}, f"<Error><Code>{code}</Code></Error>".encode()
    )


def test_where_nothing_can_be_copied_zeros_are_sent(
    cloud: Cloud, journal: Any, prepare: Callable[..., StageRequest], between: Callable[..., str]
) -> None:
    def refuse(request: HttpRequest) -> HttpResponse | None:
        return error(501, "NotImplemented") if "x-amz-copy-source" in request.headers else None

    job = prepare(12 * PART, {0: b"start", 12 * PART - 3: b"end"})
    context = cloud.context(journal, s3=between(refuse))
    assert_holds(cloud.disk(upload(job, context)), job.source)
    assert cloud.left(job) == []


def test_what_may_not_be_deleted_stays_and_is_told(
    cloud: Cloud, journal: Any, import_job: StageRequest, between: Callable[..., str]
) -> None:
    notes: list[str] = []
    url = between(lambda request: error(403, "AccessDenied") if request.method == "DELETE" else None)
    staged = stage(import_job, replace(cloud.context(journal, s3=url), note=notes.append))
    assert staged.snapshot
    key = import_location(import_job, SANDBOX_BUCKET).key
    assert [note.split(": ")[0] for note in notes] == [f"The object {key} stays in the bucket extenci"]
    assert cloud.left(import_job) == [key]


def test_a_disk_whose_object_could_not_be_deleted_is_imported_anew_after_its_image_is_gone(
    cloud: Cloud, journal: Any, import_job: StageRequest, between: Callable[..., str]
) -> None:
    url = between(lambda request: error(403, "AccessDenied") if request.method == "DELETE" else None)
    context = cloud.context(journal, s3=url)
    first = upload(import_job, context)
    context.clients.unjournalled.ec2.delete_snapshot(first)
    second = upload(import_job, context)
    assert second != first
    assert_holds(cloud.disk(second), import_job.source)


def test_a_part_that_was_damaged_on_the_way_is_no_import(
    cloud: Cloud, journal: Any, import_job: StageRequest, between: Callable[..., str]
) -> None:
    """The service's word for what it stored is compared with what was sent."""

    def damage(request: HttpRequest) -> HttpResponse | None:
        is_part = request.method == "PUT" and "partNumber=2" in request.query
        return HttpResponse(200, {"ETag": f'"{"0" * 32}"'}) if is_part else None

    before = cloud.calls()
    with pytest.raises(ServiceError, match="stored other data than was sent as part 2"):
        stage(import_job, cloud.context(journal, s3=between(damage)))
    assert (cloud.calls() - before)["ImportSnapshot"] == 0


# Going on.


def test_a_stopped_upload_goes_on_with_the_parts_that_are_missing(
    cloud: Cloud, context: StageContext, prepare: Callable[..., StageRequest]
) -> None:
    parts = 3 * CONNECTIONS
    job = prepare(parts * PART, {number * PART: noise(MIB) for number in range(parts)})
    before = cloud.calls()
    with pytest.raises(Interrupted):
        stage(job, replace(context, on_progress=lambda _done, _total: context.stop.set()))
    sent = (cloud.calls() - before)["UploadPart"]
    assert 0 < sent < parts
    assert len(cloud.left(job)) == 1
    context.stop.clear()
    staged = stage(job, context)
    assert_holds(cloud.disk(staged.snapshot), job.source)
    made = cloud.calls() - before
    assert (made["UploadPart"], made["CreateMultipartUpload"]) == (parts, 1)
    assert cloud.left(job) == []


def test_runs_of_two_homes_at_the_same_time_make_one_image(
    cloud: Cloud, context: StageContext, import_job: StageRequest
) -> None:
    """Or one of them is told to apply again, and finds what the other has made."""
    made: list[str] = []

    def run() -> None:
        try:
            made.append(stage(import_job, context).image)
        except ServiceError as error:
            assert "Apply again" in error.hint  # noqa: PT017 - the other may have been quick enough
            made.append(stage(import_job, context).image)

    both = [threading.Thread(target=run) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    (image,) = context.clients.ec2.images_by_name(import_job.name)
    (snapshot,) = context.clients.ec2.snapshots(import_job.tags[STACK])
    assert made == [image.id] * 2
    assert image.snapshots == (snapshot.id,)
    assert cloud.left(import_job) == []


def test_parts_of_another_content_are_sent_anew(
    cloud: Cloud, context: StageContext, import_job: StageRequest
) -> None:
    """Whatever an upload under this key holds: only what has the right MD5 is left as it is."""
    location, s3 = import_location(import_job, SANDBOX_BUCKET), context.clients.unjournalled.s3
    begun = s3.start_multipart(location.bucket, location.key)
    s3.put_part(location.bucket, location.key, begun, 2, b"wrong".ljust(PART, b"\0"))
    s3.put_part(location.bucket, location.key, begun, 9, b"beyond the end")
    snapshot = upload(import_job, context)
    assert_holds(cloud.disk(snapshot), import_job.source)
    assert cloud.left(import_job) == []


def test_an_object_that_is_not_this_disk_is_not_imported(
    cloud: Cloud, context: StageContext, import_job: StageRequest
) -> None:
    location = import_location(import_job, SANDBOX_BUCKET)
    context.clients.unjournalled.s3.put_object(location.bucket, location.key, b"other".ljust(4 * PART, b"\0"))
    assert_holds(cloud.disk(upload(import_job, context)), import_job.source)


def test_an_import_under_way_is_waited_for_and_not_begun_twice(
    slow_cloud: Cloud, journal: Any, import_job: StageRequest
) -> None:
    context = slow_cloud.context(journal)

    def stop(done: int, _total: int) -> None:
        if done >= 4 * PART and slow_cloud.calls()["ImportSnapshot"]:
            context.stop.set()

    with pytest.raises(Interrupted):
        stage(import_job, replace(context, on_progress=stop))
    assert journal.open == ["ImportSnapshot"]
    context.stop.clear()
    Path(import_job.source).unlink()  # all that it takes is on the service
    staged = stage(import_job, context)
    assert slow_cloud.calls()["ImportSnapshot"] == 1
    (snapshot,) = context.clients.ec2.snapshots(import_job.tags[STACK])
    assert snapshot.id == staged.snapshot
    assert slow_cloud.left(import_job) == []


def test_a_snapshot_that_nobody_tagged_is_taken(
    cloud: Cloud, context: StageContext, import_job: StageRequest
) -> None:
    """The run that had it made died before it could; whether its object is there makes no difference."""
    location, imports = import_location(import_job, SANDBOX_BUCKET), context.clients.imports
    context.clients.unjournalled.s3.put_object(
        location.bucket, location.key, Path(import_job.source).read_bytes()
    )
    ec2 = context.clients.unjournalled.ec2
    task = ec2.import_snapshot(location.bucket, location.key, "token", import_job.tags)
    while not (done := next(one for one in imports.tasks() if one.id == task.id)).snapshot:
        time.sleep(0.05)
    before = cloud.calls()
    assert stage(import_job, context).snapshot == done.snapshot
    assert (cloud.calls() - before)["ImportSnapshot"] == 0
    assert context.clients.ec2.snapshots_by_id([done.snapshot])[0].tags == import_job.tags
    assert cloud.left(import_job) == []


def test_memory_does_not_grow_with_the_disk(cloud: Cloud, prepare: Callable[..., StageRequest]) -> None:
    """In a process of its own, whose peak is known: VmHWM, since ru_maxrss holds the parent's too."""
    data = {number * 31 * MIB: noise(MIB) for number in range(200)}
    job = prepare(20 * GIB, {**data, 20 * GIB - 3: b"end"})
    script = textwrap.dedent(
        """
        import pickle, re, sys
        from pathlib import Path
        from extenci.cloud.clients import Clients
        from extenci.cloud.journalled.client import Journalled
        from extenci.stage.s3_import.object import store_disk
        from extenci.stage.context import StageContext
        from extenci.stage.s3_import.location import import_location, clear

        class Nothing:
            def begin(self, call, **more): return 0
            def settle(self, intent, result): pass
            def fail(self, intent, reason): pass

        service, job = pickle.load(sys.stdin.buffer)
        clients = Clients(service)
        means = StageContext(clients, Journalled(clients, Nothing()))
        location = import_location(job, service.bucket)
        store_disk(location, job, means)
        print(means.clients.s3.object_info(location.bucket, location.key).size)
        clear(location, means)
        print(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=pickle.dumps((cloud.service, job)),
        capture_output=True,
        check=True,
    )
    size, peak = map(int, done.stdout.split())
    assert size == 20 * GIB
    assert peak < 120 * 1024
