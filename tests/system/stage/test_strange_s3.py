"""Staging with S3 servers that lack what is optional: all of it works, and nothing is left."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from extenci.apply.calls import JournalCalls
from extenci.catalog.home import Home
from extenci.catalog.records import Catalog
from extenci.cloud.clients import Clients
from extenci.cloud.journalled.client import Journalled
from extenci.model.abilities import SANDBOX_ABILITIES, Abilities, Ability
from extenci.model.errors import AccessRefused, ServiceError
from extenci.model.service import SANDBOX_BUCKET
from extenci.model.version import Method
from extenci.sandbox import control
from extenci.sandbox.http.listener import HttpRequest, HttpResponse
from extenci.stage.context import StageContext, StageRequest
from extenci.stage.methods import stage
from extenci.stage.s3_import.location import import_location
from extenci.stage.unstage import unstage
from tests.system.stage.conftest import Journal, bytes_are_equal, context_of, service_of
from tests.system.stage.strange_services import (
    PAGE,
    Forward,
    Strangeness,
    refusal,
    refusing,
    strange_s3,
    without_acls,
    without_etags,
)

OPEN = {Ability.LIST_UPLOADS, Ability.S3_ACL}
"""What of S3 a foreign service has to show."""
FOREIGN = Abilities({one: seen for one, seen in SANDBOX_ABILITIES.evidence.items() if one not in OPEN})

Open = Callable[..., StageContext]


@pytest.fixture
def open_with(home: Path, journal: Journal) -> Iterator[Open]:
    """open_with(strangeness): the sandbox with a strange S3, as a service that was never used before."""
    with ExitStack() as stack:

        def make(strangeness: Strangeness) -> StageContext:
            sound = service_of(home)
            clear(Clients(replace(sound, bucket=SANDBOX_BUCKET)))
            url = stack.enter_context(strange_s3(str(sound.s3), strangeness))
            bundle = control.bundle_keys(home)
            service = replace(sound, s3=url, bucket=SANDBOX_BUCKET, bundle=bundle, abilities=FOREIGN)
            clients = Clients(service)
            stack.callback(clients.close)
            return context_of(clients, journal)

        yield make


@pytest.fixture
def sound(home: Path) -> Iterator[Clients]:
    """What sees the sandbox's own S3."""
    clients = Clients(replace(service_of(home), bucket=SANDBOX_BUCKET))
    yield clients
    clients.close()


def clear(clients: Clients) -> None:
    clients.unjournalled.s3.delete_objects(SANDBOX_BUCKET, left_in(clients))
    for upload in clients.s3.multipart_uploads(SANDBOX_BUCKET, ""):
        clients.unjournalled.s3.abort_multipart(SANDBOX_BUCKET, upload.key, upload.id)


def left_in(clients: Clients) -> list[str]:
    uploads = [one.key for one in clients.s3.multipart_uploads(SANDBOX_BUCKET, "")]
    return uploads + [one.key for one in clients.s3.list_objects(SANDBOX_BUCKET, "")]


@pytest.fixture
def job(make_disk: Callable[..., Path], job_of: Callable[..., StageRequest]) -> StageRequest:
    """A disk of five parts or three, some of which are zeros."""
    disk = make_disk(0, 5 * 8 * 2**20)
    with disk.open("r+b") as file:
        file.write(os.urandom(11 * 2**20))
        file.seek(-512, os.SEEK_END)
        file.write(os.urandom(512))
    os.utime(disk, (1, 1))
    return job_of(disk)


def by(method: Method, job: StageRequest) -> StageRequest:
    registration = replace(job.version.registration, method=method)
    return replace(job, version=replace(job.version, registration=registration))


def copies_are_empty(call: str, _request: HttpRequest, forward: Forward) -> HttpResponse:
    """Takes a copy for a part without a body, and says so as S3 answers a copy."""
    if call != "UploadPartCopy":
        return forward()
    text = "<CopyPartResult><ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag></CopyPartResult>"
    return HttpResponse(200, {"Content-Type": "application/xml"}, text.encode())


def metadata_in_capitals(_call: str, _request: HttpRequest, forward: Forward) -> HttpResponse:
    answer = forward()
    return replace(answer, headers={name.title(): value for name, value in answer.headers.items()})


STRANGE = {
    "NoSuchUpload to lists of uploads": refusing(refusal(404, "NoSuchUpload"), "ListMultipartUploads"),
    "NotImplemented to lists of uploads": refusing(refusal(501, "NotImplemented"), "ListMultipartUploads"),
    "a web page to lists of uploads": refusing(PAGE, "ListMultipartUploads"),
    "no list of parts": refusing(refusal(405, "MethodNotAllowed"), "ListParts", "ListMultipartUploads"),
    "no first version of lists": refusing(refusal(501, "NotImplemented"), "ListObjects"),
    "no second version of lists": refusing(refusal(501, "NotImplemented"), "ListObjectsV2"),
    "no ETags": without_etags,
    "no copies": refusing(refusal(501, "NotImplemented"), "UploadPartCopy"),
    "a web page to copies": refusing(PAGE, "UploadPartCopy"),
    "copies that are empty": copies_are_empty,
    "metadata in capitals": metadata_in_capitals,
}


@pytest.mark.parametrize("name", STRANGE)
def test_a_disk_is_imported(
    name: str, open_with: Open, job: StageRequest, home: Path, sound: Clients
) -> None:
    context = open_with(STRANGE[name])
    staged = stage(by(Method.IMPORT, job), context)
    stored = home / "sandbox" / "disks" / f"{staged.snapshot}.raw"
    os.truncate(stored, job.size)  # it has zeros behind the disk's end, up to the next GiB
    assert bytes_are_equal(stored, Path(job.source))
    assert left_in(sound) == []


REFUSED = [
    refusal(400, "AccessControlListNotSupported"),
    refusal(501, "NotImplemented"),
    refusal(400, "InvalidArgument"),
    refusal(403, "AccessDenied"),
]


@pytest.mark.parametrize(
    "strangeness", [*map(without_acls, REFUSED), without_etags, STRANGE["no list of parts"]]
)
def test_a_disk_is_bundled_and_unstaged(
    strangeness: Strangeness, open_with: Open, job: StageRequest, sound: Clients, home: Path
) -> None:
    context = open_with(strangeness)
    staged = stage(by(Method.BUNDLE, job), context)
    assert bytes_are_equal(home / "sandbox" / "disks" / f"{staged.image}.raw", Path(job.source))
    unstage(staged.image, (), context)
    assert left_in(sound) == []


def test_a_bucket_without_acls_is_asked_once(open_with: Open, job: StageRequest) -> None:
    refused: list[str] = []
    serve = without_acls(refusal(400, "AccessControlListNotSupported"))

    def count(call: str, request: HttpRequest, forward: Forward) -> HttpResponse:
        if call == "PutObject" and "x-amz-acl" in request.headers:
            refused.append(request.path)
        return serve(call, request, forward)

    context = open_with(count)
    staged = stage(by(Method.BUNDLE, job), context)
    assert context.clients.abilities.lacks(Ability.S3_ACL)
    assert 1 <= len(refused) <= 3, "the parts that were under way"
    unstage(staged.image, (), context)


def test_a_bundle_that_could_not_be_read_without_an_acl_is_explained(
    open_with: Open, job: StageRequest
) -> None:
    context = open_with(without_acls(REFUSED[0]))
    keys = context.clients.service.bundle
    assert keys is not None
    wrong = replace(context.clients.service, bundle=replace(keys, cloud_certificate=keys.certificate))
    clients = Clients(wrong)
    with pytest.raises(ServiceError, match="InvalidManifest") as caught:
        stage(by(Method.BUNDLE, job), context_of(clients, Journal()))
    clients.close()
    assert caught.value.hint.count("takes no ACLs") == 1
    assert f"{SANDBOX_BUCKET}/extenci@*" in caught.value.hint


@pytest.mark.parametrize("call", ["DeleteObject", "PutObject", "AbortMultipartUpload"])
def test_a_web_page_is_no_answer(call: str, open_with: Open, sound: Clients) -> None:
    context = open_with(refusing(PAGE, call))
    changes = context.changes.s3
    sound.unjournalled.s3.put_object(SANDBOX_BUCKET, "there", b"something")
    upload = sound.unjournalled.s3.start_multipart(SANDBOX_BUCKET, "begun")
    made: dict[str, Callable[[], object]] = {
        "DeleteObject": lambda: changes.delete_objects(SANDBOX_BUCKET, ["there"]),
        "PutObject": lambda: changes.put_object(SANDBOX_BUCKET, "new", b"content"),
        "AbortMultipartUpload": lambda: changes.abort_multipart(SANDBOX_BUCKET, "begun", upload),
    }
    with pytest.raises(ServiceError, match=f"answered {call} with a web page"):
        made[call]()
    assert sorted(left_in(sound)) == ["begun", "there"]
    clear(sound)


def test_a_bare_answer_to_a_deletion_is_enough(open_with: Open, sound: Clients) -> None:
    """Status 204 without an id; and 200 without one, where the object is gone."""

    def bare(call: str, _request: HttpRequest, forward: Forward) -> HttpResponse:
        answer = forward()
        return HttpResponse(statuses.pop(0)) if call == "DeleteObject" else answer

    statuses = [204, 200]
    context = open_with(bare)
    for _ in range(2):
        sound.unjournalled.s3.put_object(SANDBOX_BUCKET, "there", b"something")
        context.changes.s3.delete_objects(SANDBOX_BUCKET, ["there"])
    assert left_in(sound) == []


@pytest.mark.parametrize("lists_parts", [True, False])
def test_the_journal_knows_uploads_that_the_service_does_not_list(
    lists_parts: bool, open_with: Open, job: StageRequest, sound: Clients, tmp_path: Path
) -> None:
    """An interrupted upload is gone on with where its parts are listed, and ended otherwise."""
    unlisted = ("ListMultipartUploads",) if lists_parts else ("ListMultipartUploads", "ListParts")
    with Catalog.open(Home(tmp_path / "home")) as catalog:
        lacking, broken = refusing(refusal(501, "NotImplemented"), *unlisted), [True]

        def serve(call: str, request: HttpRequest, forward: Forward) -> HttpResponse:
            if broken and call == "UploadPart" and "partNumber=5" in request.query:
                return refusal(403, "AccessDenied")
            return lacking(call, request, forward)

        context = journalled(open_with(serve), catalog)
        with pytest.raises(AccessRefused):
            stage(by(Method.IMPORT, job), context)
        (before,) = sound.s3.multipart_uploads(SANDBOX_BUCKET, "")
        broken.clear()
        location = import_location(job, SANDBOX_BUCKET)
        (known,) = context.history.open_uploads(SANDBOX_BUCKET, location.key)
        assert (known.key, known.id) == (before.key, before.id)

        stage(by(Method.IMPORT, job), context)

        assert left_in(sound) == []
        assert context.history.open_uploads(SANDBOX_BUCKET, "") == ()
        begun = 'SELECT COUNT(*) FROM calls WHERE call = "CreateMultipartUpload"'
        with catalog._database.reading() as connection:
            assert connection.execute(begun).fetchone()[0] == (1 if lists_parts else 2)


def journalled(context: StageContext, catalog: Catalog) -> StageContext:
    """The same with a real journal."""
    catalog.journal.begin_run("r", "stack", "apply")
    calls = JournalCalls(catalog.journal, lambda: "r", "change", "campus")
    changes = Journalled(context.clients, calls)
    return replace(context, changes=changes, history=catalog.journal.history("campus"))
