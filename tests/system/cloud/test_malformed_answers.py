"""Every element of real answers is left out, emptied, doubled, and filled with nonsense: what is made of that
is either a value or a ServiceError."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest

from extenci.cloud.aws.answers.limits import LIMITS
from extenci.cloud.aws.requests.parameters import LaunchRequest
from extenci.cloud.clients import Clients
from extenci.model.desired import LaunchSettings
from extenci.model.errors import ServiceError
from extenci.model.service import SANDBOX_BUCKET, Service
from extenci.sandbox.http.listener import HttpRequest, HttpResponse, Listener
from tests.system.stage.strange_services import call_of, forward

ONCE = replace(LIMITS, read_call_seconds=0.0, change_call_seconds=0.0)
NONSENSE = ["", "nonsense", "-1", "2026-99-99T99:99:99Z", "9" * 400, "\N{SNOWMAN}"]


def name_of(request: HttpRequest) -> str:
    if "/snapshots" in request.path:
        return "GetSnapshotBlock" if request.path.count("/") > 3 else "ListSnapshotBlocks"
    action = parse_qs(request.body.decode("latin-1")).get("Action")
    return action[0] if action else call_of(request)


class Meddler:
    """Stands before the three APIs of a sandbox. It records one answer to each call, or gives another."""

    def __init__(self) -> None:
        self.recorded: dict[str, HttpResponse] = {}
        self.given: dict[str, HttpResponse] = {}

    @contextmanager
    def before(self, upstream: str) -> Iterator[str]:
        netloc = urlsplit(upstream).netloc

        def serve(request: HttpRequest) -> HttpResponse:
            name = name_of(request)
            if name in self.given:
                return self.given[name]
            answer = forward(netloc, request)
            if answer.status < 300:
                self.recorded.setdefault(name, answer)
            return answer

        with Listener(0, serve) as listener:
            threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True).start()
            yield f"http://127.0.0.1:{listener.port}"
            listener.shutdown()


@pytest.fixture(scope="module")
def meddler(service: Service) -> Iterator[tuple[Meddler, Clients]]:
    made = Meddler()
    with (
        made.before(str(service.ec2)) as ec2,
        made.before(str(service.s3)) as s3,
        made.before(str(service.ebs)) as ebs,
    ):
        clients = Clients(replace(service, ec2=ec2, s3=s3, ebs=ebs, bucket=SANDBOX_BUCKET), limits=ONCE)
        yield made, clients
        clients.close()


@pytest.fixture(scope="module")
def reads(
    meddler: tuple[Meddler, Clients], image: str, make_snapshot: Callable[..., str]
) -> dict[str, Callable[[], object]]:
    """The calls by name, each of which was answered."""
    recorder, clients = meddler
    snapshot = make_snapshot({"extenci:stack": "physics"})
    changes = clients.unjournalled
    settings = LaunchSettings("t3.micro")
    request = LaunchRequest(image, settings, 1, "malformed", {"extenci:name": "a"})
    (machine,) = changes.ec2.run_instances(request)
    changes.ec2.create_key_pair("extenci-malformed", {})
    changes.s3.put_object(SANDBOX_BUCKET, "there", b"something", metadata={"a": "b"})
    upload = changes.s3.start_multipart(SANDBOX_BUCKET, "begun")
    changes.s3.put_part(SANDBOX_BUCKET, "begun", upload, 1, b"x" * 5 * 2**20)
    token = clients.ebs.list_blocks(snapshot)[0]
    made: dict[str, Callable[[], object]] = {
        "DescribeImages": clients.ec2.images,
        "DescribeSnapshots": lambda: clients.ec2.snapshots_by_id([snapshot]),
        "DescribeInstances": lambda: clients.ec2.machines_by_id([machine]),
        "DescribeKeyPairs": lambda: clients.ec2.key_pairs("extenci"),
        "GetConsoleOutput": lambda: clients.ec2.console_output(machine),
        "RunInstances": lambda: changes.ec2.run_instances(request),
        "TerminateInstances": lambda: changes.ec2.terminate([machine]),
        "ListObjects": lambda: list(clients.s3.list_objects(SANDBOX_BUCKET, "")),
        "ListParts": lambda: clients.s3.parts(SANDBOX_BUCKET, "begun", upload),
        "ListMultipartUploads": lambda: clients.s3.multipart_uploads(SANDBOX_BUCKET, ""),
        "CreateMultipartUpload": lambda: changes.s3.start_multipart(SANDBOX_BUCKET, "another"),
        "HeadObject": lambda: clients.s3.object_info(SANDBOX_BUCKET, "there"),
        "GetObject": lambda: list(clients.s3.get_object(SANDBOX_BUCKET, "there")),
        "PutObject": lambda: changes.s3.put_object(SANDBOX_BUCKET, "there", b"something"),
        "ListSnapshotBlocks": lambda: clients.ebs.list_blocks(snapshot),
        "GetSnapshotBlock": lambda: clients.ebs.get_block(snapshot, 0, token),
    }
    for make in made.values():
        make()
    assert made.keys() <= recorder.recorded.keys()
    return made


def malformed_xml(body: bytes) -> Iterator[bytes]:
    """The text with one element changed in every way."""
    for index in range(len(list(ET.fromstring(body).iter()))):  # noqa: S314 - the sandbox's
        for change in ("remove", "double", *NONSENSE):
            root = ET.fromstring(body)  # noqa: S314 - likewise
            element = list(root.iter())[index]
            parent = next((one for one in root.iter() if element in list(one)), None)
            if change == "remove" and parent is not None:
                parent.remove(element)
            elif change == "double" and parent is not None:
                parent.append(copy.deepcopy(element))
            else:
                for child in list(element):
                    element.remove(child)
                element.text = change
            yield ET.tostring(root)


JSON_NONSENSE: list[object] = [None, [], {}, "nonsense", -1, 1e300, True, [[]], [None], [{}], "9" * 400]


def malformed_json(value: object) -> Iterator[object]:
    """The value with one of its parts changed in every way."""
    yield from JSON_NONSENSE
    match value:
        case dict():
            for key, part in value.items():
                yield {name: one for name, one in value.items() if name != key}
                yield from ({**value, key: other} for other in malformed_json(part))
        case list() if value:
            yield from ([other, *value[1:]] for other in malformed_json(value[0]))


def malformed(answer: HttpResponse) -> Iterator[HttpResponse]:
    if answer.body.startswith(b"<"):
        yield from (replace(answer, body=body) for body in malformed_xml(answer.body))
    elif answer.body.startswith(b"{"):
        parts = malformed_json(json.loads(answer.body))
        yield from (replace(answer, body=json.dumps(one).encode()) for one in parts)
    for name in answer.headers:
        if name.lower() not in ("content-length", "connection"):
            others = {key: value for key, value in answer.headers.items() if key != name}
            yield replace(answer, headers=others)
            for nonsense in NONSENSE[:5]:
                yield replace(answer, headers={**others, name: nonsense})
    for body in (b"", b"\0", b"{", b"[]", b"<a/>", b"<a", b"null", b"[" * 100_000, b"<a>" * 50_000):
        for status in (200, 400, 403, 404, 500):
            yield replace(answer, status=status, body=body)


CALLS = (
    "DescribeImages", "DescribeSnapshots", "DescribeInstances", "DescribeKeyPairs", "GetConsoleOutput",
    "RunInstances", "TerminateInstances", "ListObjects", "ListParts", "ListMultipartUploads",
    "CreateMultipartUpload", "HeadObject", "GetObject", "PutObject", "ListSnapshotBlocks", "GetSnapshotBlock",
)  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_a_malformed_answer_is_a_value_or_an_error_of_the_service(
    call: str, meddler: tuple[Meddler, Clients], reads: dict[str, Callable[[], object]]
) -> None:
    recorder, _ = meddler
    refused, nameless = 0, list[str]()
    try:
        for answer in malformed(recorder.recorded[call]):
            recorder.given = {call: answer, f"{call}V2": answer}  # which is asked if the first is none
            try:
                reads[call]()
            except ServiceError as error:
                refused += 1
                nameless += [] if error.call else [error.message]
            except Exception as error:
                raise AssertionError(f"{answer.status} {answer.headers} {answer.body[:3000]!r}") from error
    finally:
        recorder.given = {}
    assert refused > 0
    assert nameless == []
