from __future__ import annotations

import hashlib
import os
import socket
import ssl
import subprocess
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic
from uuid import uuid4

import pytest

from extenci.cloud.blocks.concurrency import START
from extenci.cloud.blocks.rate import BLOCKS_A_SECOND, Rate
from extenci.cloud.blocks.upload import AHEAD, UploadLimits, open_upload
from extenci.cloud.clients import Clients
from extenci.image.raw import Block
from extenci.model.errors import (
    AccessRefused,
    Interrupted,
    NotFound,
    ServiceError,
    Throttled,
    Unreachable,
)
from extenci.model.observed import SnapshotState
from extenci.model.service import KeyFiles, Profile, Service
from extenci.model.version import BLOCK_BYTES
from tests.system.cloud.block_server import (
    Behaviour,
    BlockServer,
    Lose,
    Reset,
    Say,
    Stall,
    Store,
    block_server,
)

SNAPSHOT = "snap-0123456789abcdef0"
SECRET = "THESECRETKEY1234"
CORKED_SECONDS = 0.2
"""How long the system holds back a packet that is not full at most (tcp(7), TCP_CORK)."""
THROTTLED = Say(400, "RequestThrottledException", "Slow down.")
MISSING = Say(404, "ResourceNotFoundException", "The snapshot does not exist.")
OPENSSL = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1")
SUBJECT = ("-subj", "/CN=campus", "-addext", "subjectAltName=IP:127.0.0.1")


def invalid(reason: str, message: str = "") -> Say:
    return Say(400, "ValidationException", message, reason=reason)


def make_block(index: int, size: int = BLOCK_BYTES) -> Block:
    data = os.urandom(64) * (size // 64)
    return Block(index, data, hashlib.sha256(data).digest())


def first_time(behaviour: Behaviour) -> Callable[[int, int], Behaviour]:
    """Misbehave for the first attempt of every third block."""
    return lambda index, number: behaviour if number == 1 and index % 3 == 0 else Store()


@pytest.fixture
def make_clients(tmp_path: Path) -> Iterator[Callable[..., Clients]]:
    """make_clients(url, **more): clients of a service whose EBS is at a URL."""
    (tmp_path / "access").write_text("AKIATEST000000000000")
    (tmp_path / "secret").write_text(SECRET)
    files = KeyFiles(str(tmp_path / "access"), str(tmp_path / "secret"))
    made: list[Clients] = []

    def make(url: str, **more: object) -> Clients:
        service = Service("campus", "us-east-1", ec2=url, s3=url, ebs=url, credentials=files)
        made.append(Clients(replace(service, **more)))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.close()


def reread_of(blocks: Sequence[Block]) -> Callable[[int, bytes], bytes]:
    """What gives the blocks once more."""
    return lambda index, sha256: next(
        block.data for block in blocks if (block.index, block.sha256) == (index, sha256)
    )


def send_all(clients: Clients, count: int = 30, snapshot: str = SNAPSHOT) -> list[Block]:
    """Send blocks; those that were sent, having checked that each was told to be stored once."""
    blocks = [make_block(index) for index in range(count)]
    told: list[int] = []
    with clients.unjournalled.ebs.uploading(snapshot, reread_of(blocks), on_stored=told.append) as upload:
        for block in blocks:
            upload.send(block)
        upload.finish()
    assert sorted(told) == list(range(count))
    return blocks


def assert_stored(server: BlockServer, blocks: list[Block]) -> None:
    assert server.stored == {block.index: block.data for block in blocks}


def fail(clients: Clients, count: int = 1) -> ServiceError:
    """The error that an upload ends with, having checked that nothing secret is in it."""
    with pytest.raises(ServiceError) as caught:
        send_all(clients, count)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    return caught.value


def test_what_is_sent_to_the_sandbox_is_what_is_read_there(clients: Clients) -> None:
    snapshot = clients.unjournalled.ebs.start_snapshot(1, uuid4().hex, {})
    blocks = send_all(clients, 100, snapshot)
    linear = hashlib.sha256(b"".join(block.sha256 for block in blocks)).digest()
    clients.unjournalled.ebs.complete(snapshot, 100, linear)
    deadline = time.monotonic() + 10
    while clients.ec2.snapshots_by_id([snapshot])[0].state is not SnapshotState.COMPLETED:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    tokens = clients.ebs.list_blocks(snapshot)
    assert {index: clients.ebs.get_block(snapshot, index, token) for index, token in tokens.items()} == {
        block.index: block.data for block in blocks
    }


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(Reset(0), id="reset before the body"),
        pytest.param(Reset(), id="reset half-way in the body"),
        pytest.param(Say(500), id="500"),
        pytest.param(Say(503, "ServiceUnavailable"), id="503"),
        pytest.param(THROTTLED, id="throttled"),
        pytest.param(Say(429), id="429"),
        pytest.param(Store(damaged=True), id="wrong checksum"),
        pytest.param(Say(201), id="no checksum"),
        pytest.param(Say(201, headers={"x-amz-Checksum": "x"}, promised=99), id="truncated answer"),
        pytest.param(Lose(), id="no answer"),
        pytest.param(Lose(b"HTTP/1.1 201 Created\r\nx-amz-Che"), id="half an answer"),
        pytest.param(Say(408, "RequestTimeout"), id="408"),
        pytest.param(invalid("INVALID_BLOCK", "The checksum does not match."), id="damaged on the way"),
        pytest.param(invalid("CONFLICTING_BLOCK_UPDATE"), id="overtook another attempt"),
        pytest.param(invalid("WRITE_REQUEST_TIMEOUT"), id="came too slowly"),
        pytest.param(invalid("INVALID_PARAMETER_VALUE", "Failed to read block data."), id="not read"),
    ],
)
def test_what_passes_is_tried_again(make_clients: Callable[..., Clients], behaviour: Behaviour) -> None:
    with block_server(first_time(behaviour)) as server:
        blocks = send_all(make_clients(server.url))
        assert_stored(server, blocks)
        assert set(server.asked.values()) == {1, 2}


def test_a_call_that_is_not_answered_is_made_again(make_clients: Callable[..., Clients]) -> None:
    with block_server(first_time(Stall())) as server:
        session = make_clients(server.url).ebs._session
        blocks = [make_block(index) for index in range(6)]
        rate = Rate(BLOCKS_A_SECOND)
        with open_upload(
            session, SNAPSHOT, reread_of(blocks), age=0, rate=rate, limits=UploadLimits(block_seconds=0.5)
        ) as upload:
            for block in blocks:
                upload.send(block)
            upload.finish()
        assert_stored(server, blocks)
        assert server.asked[0] == 2


def test_a_snapshot_that_does_not_exist_yet_is_waited_for(make_clients: Callable[..., Clients]) -> None:
    with block_server(lambda _, number: MISSING if number < 3 else Store()) as server:
        assert_stored(server, send_all(make_clients(server.url), 3))


def test_a_snapshot_that_does_not_exist_after_two_minutes_is_an_error(
    make_clients: Callable[..., Clients],
) -> None:
    with block_server(lambda *_: MISSING) as server:
        session, block = make_clients(server.url).ebs._session, make_block(0)
        with open_upload(
            session, SNAPSHOT, reread_of([block]), age=119, rate=Rate(BLOCKS_A_SECOND)
        ) as upload:
            upload.send(block)
            with pytest.raises(NotFound, match="refused PutSnapshotBlock"):
                upload.finish()
        assert 2 <= server.asked[0] <= 4


def test_what_is_stored_wrong_again_and_again_is_an_error(make_clients: Callable[..., Clients]) -> None:
    with block_server(lambda *_: Store(damaged=True)) as server:
        error = fail(make_clients(server.url))
        assert error.message.startswith("The service campus stored other bytes than were sent as block 0")
        assert server.asked[0] == 3


def test_a_service_that_always_fails_is_an_error_after_six_attempts(
    make_clients: Callable[..., Clients],
) -> None:
    with block_server(lambda *_: Say(500, "InternalServerException", "Oh no.")) as server:
        error = fail(make_clients(server.url))
        assert "refused PutSnapshotBlock (InternalServerException): Oh no." in error.message
        assert server.asked[0] == 6


def test_a_connection_that_always_breaks_is_unreachable(make_clients: Callable[..., Clients]) -> None:
    with block_server(lambda *_: Reset()) as server:
        error = fail(make_clients(server.url))
        assert isinstance(error, Unreachable)
        assert error.message == (
            f"The service campus at {server.url} broke the connection off (PutSnapshotBlock)."
        )


def test_throttling_lowers_the_number_of_connections(make_clients: Callable[..., Clients]) -> None:
    def behave(_: int, number: int) -> Behaviour:
        return THROTTLED if server.present > 6 and number < 20 else Store(seconds=0.01)

    with block_server(behave) as server:
        assert_stored(server, send_all(make_clients(server.url), 60))
        assert sum(server.asked.values()) < 4 * 60


@pytest.mark.parametrize(
    ("say", "code"),
    [
        (Say(403, "AccessDeniedException", "Not you."), "AccessDeniedException"),
        (Say(403, "UnrecognizedClientException", "Who?"), "UnrecognizedClientException"),
        (Say(403, "ExpiredTokenException", f"{SECRET} expired"), "ExpiredTokenException"),
    ],
)
def test_refused_access_is_final_and_clear(make_clients: Callable[..., Clients], say: Say, code: str) -> None:
    with block_server(lambda *_: say) as server:
        error = fail(make_clients(server.url), 200)
        assert isinstance(error, AccessRefused)
        assert error.code == code
        assert error.call == "PutSnapshotBlock"
        assert set(server.asked.values()) == {1}
        assert len(server.asked) <= START


def test_a_validation_error_is_final(make_clients: Callable[..., Clients]) -> None:
    with block_server(lambda *_: Say(400, "ValidationException", "No such block.")) as server:
        assert "(ValidationException): No such block." in fail(make_clients(server.url)).message
        assert server.asked[0] == 1


def test_a_web_page_or_a_redirection_is_no_answer(make_clients: Callable[..., Clients]) -> None:
    with block_server() as elsewhere:
        say = Say(307, headers={"Location": f"{elsewhere.url}/snapshots/{SNAPSHOT}/blocks/0"})
        with block_server(lambda *_: say) as server:
            error = fail(make_clients(server.url))
            assert "307" in error.message
            assert not elsewhere.asked
    with block_server(lambda *_: Say(418)) as server:
        assert "418" in fail(make_clients(server.url)).message


def write_profile(path: Path, token: str) -> None:
    keys = f"aws_access_key_id = AKIATEST{token}\naws_secret_access_key = {SECRET}\n"
    path.write_text(f"[campus]\n{keys}aws_session_token = {token}\n")


def test_an_expired_token_is_looked_for_anew_and_then_refused(
    make_clients: Callable[..., Clients], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(shared))
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    write_profile(shared, "OLD")
    expired = Say(403, "ExpiredTokenException", "The token expired.")

    def behave(_: int, number: int) -> Behaviour:
        write_profile(shared, "NEW")  # somebody logged in meanwhile
        return expired if number == 1 else Store()

    with block_server(behave) as server:
        clients = make_clients(server.url, credentials=Profile("campus"))
        assert_stored(server, send_all(clients, 1))
        assert server.tokens == ["OLD", "NEW"]
    with block_server(lambda *_: expired) as server:
        assert isinstance(fail(make_clients(server.url, credentials=Profile("campus"))), AccessRefused)
        assert server.tokens == ["NEW"]


def test_once_told_to_stop_nothing_is_begun(make_clients: Callable[..., Clients]) -> None:
    stop = threading.Event()
    with block_server(lambda *_: Store(seconds=0.5)) as server:
        told: list[int] = []
        ebs = make_clients(server.url).unjournalled.ebs
        with ebs.uploading(SNAPSHOT, reread_of([]), stop=stop, on_stored=told.append) as upload:
            for index in range(START + AHEAD):
                upload.send(make_block(index))
            threading.Timer(0.2, stop.set).start()
            with pytest.raises(Interrupted):
                upload.finish()
        assert len(server.asked) == START
        assert sorted(told) == sorted(server.stored) == sorted(server.asked)


def test_leaving_lets_settle_what_was_begun_and_drops_the_rest(make_clients: Callable[..., Clients]) -> None:
    class Changed(Exception):
        pass

    told: list[int] = []
    with block_server(lambda *_: Store(seconds=0.3)) as server:
        ebs = make_clients(server.url).unjournalled.ebs

        def send() -> None:
            with ebs.uploading(SNAPSHOT, reread_of([]), on_stored=told.append) as upload:
                for index in range(START + AHEAD):
                    upload.send(make_block(index))
                time.sleep(0.15)
                raise Changed

        with pytest.raises(Changed):
            send()
        assert len(told) == len(server.asked) == START


def test_no_more_than_the_window_is_held(make_clients: Callable[..., Clients]) -> None:
    sent: list[int] = []

    def send_forever() -> None:
        with suppress(Interrupted):
            for index in range(1000):
                upload.send(make_block(index))
                sent.append(index)

    stop = threading.Event()
    with (
        block_server(lambda *_: Stall()) as server,
        make_clients(server.url).unjournalled.ebs.uploading(SNAPSHOT, reread_of([]), stop=stop) as upload,
    ):
        thread = threading.Thread(target=send_forever)
        thread.start()
        time.sleep(1.0)
        assert len(sent) == START + AHEAD
        assert server.most == START
        assert upload._in_memory == AHEAD  # what only waits for an answer is let go
        stop.set()
        thread.join(5)
        server.ended.set()


def test_connections_grow_where_answers_take_their_time(make_clients: Callable[..., Clients]) -> None:
    with block_server(lambda *_: Store(seconds=0.25)) as server:
        session = make_clients(server.url).ebs._session
        block, rate = make_block(0), Rate(BLOCKS_A_SECOND)
        with open_upload(
            session, SNAPSHOT, reread_of([]), age=0, rate=rate, limits=UploadLimits(connections=40)
        ) as upload:
            for index in range(160):
                upload.send(replace(block, index=index))
            upload.finish()
        assert START < server.most <= 40


def test_errors_of_who_is_told_reach_who_sends(make_clients: Callable[..., Clients]) -> None:
    def told(_: int) -> None:
        raise OSError("full")

    with (
        block_server() as server,
        make_clients(server.url).unjournalled.ebs.uploading(
            SNAPSHOT, reread_of([]), on_stored=told
        ) as upload,
    ):
        upload.send(make_block(0))
        with pytest.raises(OSError, match="full"):
            upload.finish()


@pytest.fixture
def context(tmp_path: Path) -> ssl.SSLContext:
    """What a server needs for TLS; its certificate is cert.pem in tmp_path."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    files = ("-keyout", str(key), "-out", str(certificate))
    subprocess.run([*OPENSSL, *SUBJECT, *files], check=True, capture_output=True)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate, key)
    return made


def test_over_tls_the_services_ca_bundle_is_trusted_and_no_other(
    make_clients: Callable[..., Clients],
    context: ssl.SSLContext,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundle = str(tmp_path / "cert.pem")
    with block_server(context=context) as server:
        began = time.monotonic()
        error = fail(make_clients(server.url))
        assert isinstance(error, Unreachable)
        assert "cannot be trusted" in error.message
        assert "ca_bundle" in error.hint
        assert time.monotonic() - began < 5
        assert not server.asked
        assert_stored(server, send_all(make_clients(server.url, ca_bundle=bundle), 20))
        monkeypatch.setenv("AWS_CA_BUNDLE", bundle)
        assert_stored(server, send_all(make_clients(server.url), 20))


def test_no_block_waits_for_a_packet_to_be_filled(
    make_clients: Callable[..., Clients], context: ssl.SSLContext, tmp_path: Path
) -> None:
    with block_server(context=context) as server:
        session = make_clients(server.url, ca_bundle=str(tmp_path / "cert.pem")).ebs._session
        blocks = [make_block(index, 32 * 1024) for index in range(20)]
        rate, began = Rate(BLOCKS_A_SECOND), monotonic()
        with open_upload(
            session, SNAPSHOT, reread_of(blocks), age=0, rate=rate, limits=UploadLimits(connections=1)
        ) as upload:
            for block in blocks:
                upload.send(block)
            upload.finish()
        assert monotonic() - began < len(blocks) * CORKED_SECONDS / 2
        assert_stored(server, blocks)


def test_the_name_in_the_certificate_must_be_the_hosts(
    make_clients: Callable[..., Clients], context: ssl.SSLContext, tmp_path: Path
) -> None:
    with block_server(host="127.0.0.2", context=context) as server:
        error = fail(make_clients(server.url, ca_bundle=str(tmp_path / "cert.pem")))
        assert "cannot be trusted" in error.message


def test_ipv6_and_a_path_in_the_endpoint_are_fine(make_clients: Callable[..., Clients]) -> None:
    with block_server(host="::1") as server:
        assert_stored(server, send_all(make_clients(f"{server.url}/services/EBS%20x/"), 2))
        assert f"/services/EBS%20x/snapshots/{SNAPSHOT}/blocks/1" in server.paths


def test_a_port_where_nobody_listens_is_unreachable_soon(make_clients: Callable[..., Clients]) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        began = time.monotonic()
        error = fail(make_clients(url))
    assert error.message == (
        f"The service campus at {url} cannot be reached: no connection (PutSnapshotBlock)."
    )
    assert time.monotonic() - began < 5


def test_other_hosts_are_reached_through_the_proxy_and_loopback_is_not(
    make_clients: Callable[..., Clients], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with block_server() as server:
        monkeypatch.setenv("http_proxy", f"http://user:{SECRET}@{server.url.removeprefix('http://')}")
        assert_stored(server, send_all(make_clients("http://ebs.example.invalid", plain_http=True), 3))
        assert f"http://ebs.example.invalid/snapshots/{SNAPSHOT}/blocks/0" in server.paths
        monkeypatch.setenv("https_proxy", f"http://user:{SECRET}@{server.url.removeprefix('http://')}")
        error = fail(make_clients("https://ebs.example.invalid"))  # it knows no CONNECT
        assert "cannot be reached through the proxy" in error.message
    with block_server() as server:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        assert_stored(server, send_all(make_clients(server.url), 3))


def test_throttling_that_does_not_end_is_told(
    make_clients: Callable[..., Clients], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("extenci.cloud.blocks.retries.THROTTLED_SECONDS", 1.0)
    with block_server(lambda *_: THROTTLED) as server:
        assert isinstance(fail(make_clients(server.url)), Throttled)
