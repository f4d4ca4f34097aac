"""Services whose answers are endless, slow, cut, or not of the API."""

from __future__ import annotations

import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from extenci.cloud.abilities import AbilityBook
from extenci.cloud.aws.answers.limits import LIMITS
from extenci.cloud.aws.answers.waiting import Waiting
from extenci.cloud.aws.requests.parameters import LaunchRequest, RegisterRequest
from extenci.cloud.clients import Clients
from extenci.cloud.http.bounds import AnswerBounds
from extenci.cloud.http.minimum_rate import MinimumRate
from extenci.model.abilities import Abilities, Ability
from extenci.model.desired import LaunchSettings
from extenci.model.errors import ServiceError, Unreachable, UnreadableAnswer
from extenci.model.journal import is_sure
from extenci.model.service import KeyFiles, Service
from extenci.model.version import Architecture, BootMode, Method, Registration

from .raw_server import Answer, Exchange, RawServer, raw_server

SIZE = 256 * 1024
BOUNDS = AnswerBounds(SIZE, head_seconds=0.4, seconds=2.0, rate=MinimumRate(0.4, 1024))
TIGHT = replace(
    LIMITS,
    read=BOUNDS,
    change=replace(BOUNDS, rate=None),
    s3_change=replace(BOUNDS, rate=None),
    stream=replace(BOUNDS, size=None, seconds=None),
    ebs=BOUNDS,
    console=BOUNDS,
    read_call_seconds=0.6,
    change_call_seconds=0.6,
)
PAGE = b"<!DOCTYPE html><html><body><h1>Welcome</h1></body></html>"
NONE = b"<DescribeImagesResponse><requestId>1</requestId><imagesSet/></DescribeImagesResponse>"
IMAGE = NONE.replace(
    b"<imagesSet/>",
    b"<imagesSet><item><imageId>ami-1</imageId><name>a</name><imageState>available</imageState></item></imagesSet>",
)
HEAD = b"HTTP/1.1 200 OK\r\n"

Open = Callable[..., Clients]


@pytest.fixture
def open_at(tmp_path: Path) -> Iterator[Open]:
    """open_at(server, limits, **more): clients of a service that is that server."""
    access, secret = tmp_path / "access", tmp_path / "secret"
    access.write_text("AKIATEST000000000000")
    secret.write_text("anything")
    opened = []

    def open_(
        server: RawServer, limits: object = TIGHT, ca_bundle: str | None = None, **more: object
    ) -> Clients:
        keys = KeyFiles(str(access), str(secret))
        url = server.url
        service = Service("campus", "us-east-1", ec2=url, s3=url, ebs=url, bucket="b", credentials=keys)
        service = replace(service, ca_bundle=ca_bundle)
        unknown = AbilityBook(Abilities())
        opened.append(Clients(service, abilities=unknown, limits=limits, **more))  # type: ignore[arg-type]
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


def refusal(make: Callable[[], object]) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        make()
    return caught.value


def endless(head: bytes, piece: bytes) -> Answer:
    """Sends a head, then a piece without end."""

    def answer(exchange: Exchange) -> None:
        exchange.send(head)
        while not exchange.stopped.is_set():
            exchange.send(piece)

    return answer


ENDLESS = {
    "a body that ends with the connection": (HEAD + b"\r\n<a>", b"x" * 65536),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    "a chunk of a terabyte": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n10000000000\r\n", b"x" * 65536),
    "the length of a chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0" * 65536),
    "a body of a terabyte": (HEAD + b"Content-Length: 1000000000000\r\n\r\n", b"x" * 65536),
    "an error": (b"HTTP/1.1 500 Oh\r\n\r\n", b"x" * 65536),
    "header fields": (HEAD, b"X-Field: x\r\n" * 1000),
    "one header field": (HEAD + b"X-Field: ", b"x" * 65536),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_an_endless_answer_is_cut(kind: str, open_at: Open) -> None:
    with raw_server(endless(*ENDLESS[kind])) as server:
        error = refusal(open_at(server).ec2.images)
    assert isinstance(error, UnreadableAnswer | Unreachable)
    assert "DescribeImages" in error.message


def test_an_endless_answer_takes_no_memory(open_at: Open) -> None:
    import tracemalloc  # noqa: PLC0415

    with raw_server(endless(*ENDLESS["chunks"])) as server:
        clients = open_at(server)
        refusal(clients.ec2.images)
        tracemalloc.start()
        try:
            refusal(clients.ec2.images)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 20 * SIZE


def drip(data: bytes) -> Answer:
    def answer(exchange: Exchange) -> None:
        exchange.send(data)
        while not exchange.stopped.wait(0.05):
            exchange.send(b"x")

    return answer


@pytest.mark.parametrize("head", [HEAD + b"\r\n", HEAD + b"X-Field: ", b""])
def test_a_slow_answer_is_not_waited_for(head: bytes, open_at: Open) -> None:
    began = time.monotonic()
    with raw_server(drip(head)) as server:
        error = refusal(open_at(server).ec2.images)
    assert type(error) is Unreachable
    assert time.monotonic() - began < 4


def test_a_silent_service_is_waited_for_once_more_and_people_are_told(open_at: Open) -> None:
    told: list[str] = []
    with raw_server(Exchange.wait) as server:
        clients = open_at(server, waiting=Waiting(told.append, 0.2))
        clients.abilities.learn(Ability.PAGING, True, "so that it is no trial")
        clients.abilities.learn(Ability.INCLUDE_DISABLED, True, "likewise")
        began = time.monotonic()
        error = refusal(clients.ec2.images)
        assert time.monotonic() - began < 3
    assert type(error) is Unreachable
    assert "did not answer in time" in error.message
    assert server.actions == ["DescribeImages"] * 2
    host = server.url.removeprefix("http://")
    assert told[0].startswith(f"EC2 at {host} has not answered DescribeImages for 0 s; waiting up to ")


def test_the_limits_hold_a_silent_service_to_a_minute() -> None:
    for api, call in (("ec2", "DescribeInstances"), ("s3", "ListObjects"), ("ebs", "ListSnapshotBlocks")):
        assert LIMITS.most_seconds(api, call) <= 60


WHOLE_PAGE = b"Content-Length: %d\r\n\r\n" % len(PAGE) + PAGE
CUT = {
    "cut XML": HEAD + b"Content-Length: 60\r\n\r\n" + IMAGE[:60],
    "a body shorter than its length": HEAD + b"Content-Length: 900\r\nConnection: close\r\n\r\n" + IMAGE,
    "a web page": HEAD + WHOLE_PAGE,
    "nothing": HEAD + b"Content-Length: 0\r\n\r\n",
    "other XML": HEAD + b"Content-Length: 4\r\n\r\n<a/>",
    "a document type": HEAD + b"Content-Length: %d\r\n\r\n" % (len(NONE) + 16) + b"<!DOCTYPE a [ ]>" + NONE,
    "a web page instead of a service that is ill": b"HTTP/1.1 503 Ill\r\n" + WHOLE_PAGE,
    "a page that does not exist": b"HTTP/1.1 404 No\r\n" + WHOLE_PAGE,
}


@pytest.mark.parametrize("kind", CUT)
def test_an_unreadable_answer_is_asked_for_again(kind: str, open_at: Open) -> None:
    def answer(exchange: Exchange) -> None:
        if exchange.before:
            exchange.answer(IMAGE)
            return
        exchange.send(CUT[kind])
        exchange.connection.close()

    with raw_server(answer) as server:
        clients = open_at(server, LIMITS)
        assert [image.id for image in clients.ec2.images()] == ["ami-1"]
    assert not clients.abilities.lacks(Ability.PAGING), "which nothing was seen of"


def test_a_web_page_again_and_again_is_named_and_teaches_nothing(open_at: Open) -> None:
    with raw_server(lambda exchange: exchange.answer(PAGE)) as server:
        clients = open_at(server, LIMITS)
        error = refusal(clients.ec2.images)
    assert type(error) is UnreadableAnswer
    assert error.message == (
        f"The service campus at {server.url} answered DescribeImages with a web page, not with EC2's XML."
    )
    assert "Check the service's URLs" in error.hint
    assert len(server.actions) == 6
    assert clients.abilities.is_open(Ability.PAGING)


def test_a_change_with_an_unreadable_answer_may_have_been_done(open_at: Open) -> None:
    """It is repeated only where a repetition has the same answer; in any case the intent stays open."""
    registration = Registration(Architecture.X86_64, BootMode.UEFI, Method.EBS, 1)
    with raw_server(lambda exchange: exchange.answer(PAGE)) as server:
        clients = open_at(server)
        clients.abilities.learn(Ability.CLIENT_TOKEN, True, "elsewhere, machines are listed before")
        ec2 = clients.unjournalled.ec2
        for make in (
            lambda: ec2.deregister_image("ami-1"),
            lambda: ec2.register_image(RegisterRequest("worker", "snap-1", registration)),
            lambda: ec2.create_key_pair("a", {}),
            lambda: ec2.run_instances(LaunchRequest("ami-1", LaunchSettings("t3.micro"), 1, "token")),
        ):
            error = refusal(make)
            assert type(error) is UnreadableAnswer
            assert not is_sure(error)
            assert "Whether it was done is not known" in error.hint
    made = {action: server.actions.count(action) for action in server.actions}
    assert made | {"RunInstances": 1} == {
        "DeregisterImage": 1,
        "RegisterImage": 1,
        "CreateKeyPair": 1,
        "RunInstances": 1,
    }
    assert made["RunInstances"] > 1


def pages(token: Callable[[int], str]) -> Answer:
    """A list of images that goes on and on; `token` is that after the n-th page."""

    def answer(exchange: Exchange) -> None:
        following = f"<nextToken>{token(exchange.before)}</nextToken>".encode()
        exchange.answer(IMAGE.replace(b"</requestId>", b"</requestId>" + following))

    return answer


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (lambda _number: "again", "with a page of its list that it sent before"),
        (lambda number: "ab"[number % 2], "with a page of its list that it sent before"),
        (str, "with a list of more than 30 pages"),
    ],
)
def test_a_list_without_end_is_given_up(token: Callable[[int], str], words: str, open_at: Open) -> None:
    with raw_server(pages(token)) as server:
        error = refusal(open_at(server, replace(LIMITS, pages=30)).ec2.images)
    assert words in error.message
    assert len(server.actions) < 50


MALFORMED = {
    "<imageId>ami-1</imageId>": ("", "without ImageId"),
    "<name>a</name>": ("<name>a</name><name>b</name>", "with a value of name that cannot be read"),
    "</item>": (
        "<blockDeviceMapping><item><ebs><volumeSize>big</volumeSize></ebs></item></blockDeviceMapping></item>",
        "with a value of volumeSize that cannot be read",
    ),
}


@pytest.mark.parametrize("part", MALFORMED)
def test_a_malformed_value_names_service_call_and_field(part: str, open_at: Open) -> None:
    instead, words = MALFORMED[part]
    body = IMAGE.replace(part.encode(), instead.encode())
    with raw_server(lambda exchange: exchange.answer(body)) as server:
        error = refusal(open_at(server).ec2.images)
    assert type(error) is UnreadableAnswer
    assert error.message == f"The service campus at {server.url} answered DescribeImages {words}."


def test_all_of_that_holds_over_tls(open_at: Open, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=here")
    files = ("-keyout", str(key), "-out", str(certificate), "-addext", "subjectAltName=IP:127.0.0.1")
    subprocess.run([*words, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    answers: list[Answer] = [
        lambda exchange: exchange.answer(PAGE),
        lambda exchange: exchange.answer(IMAGE),
        endless(*ENDLESS["chunks"]),
    ]

    def answer(exchange: Exchange) -> None:
        answers[min(len(server.actions), len(answers)) - 1](exchange)

    with raw_server(answer, context) as server:
        clients = open_at(server, ca_bundle=str(certificate))
        assert [image.id for image in clients.ec2.images()] == ["ami-1"]
        assert "longer than any such answer can be" in refusal(clients.ec2.images).message
