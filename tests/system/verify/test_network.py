"""tcp and http checks against real servers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from extenci.model.errors import Interrupted
from extenci.model.verdict import Evidence
from extenci.model.verification import Check
from extenci.verify.checks.http import HttpCheck
from extenci.verify.checks.tcp import TcpCheck
from extenci.verify.examine import examine
from extenci.verify.target import Target
from tests.system.verify.servers import serve
from tests.system.verify.sshd import free_port

MakeTarget = Callable[..., Target]


def look(target: Target, check: Check, seconds: float = 20) -> Evidence:
    return examine(target, [check], deadline=time.monotonic() + seconds, console_every=0.1).evidence[0]


def test_an_open_port_passes(make_target: MakeTarget) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        evidence = look(make_target(), TcpCheck(server.getsockname()[1]))
    assert (evidence.passed, evidence.tries) == (True, 1)


def test_a_closed_port_is_tried_as_often_as_told(make_target: MakeTarget) -> None:
    evidence = look(make_target(), TcpCheck(free_port("127.0.0.1"), retries=1))
    assert (evidence.passed, evidence.tries) == (False, 2)
    assert evidence.message.endswith("cannot be reached: Connection refused")


def test_without_retries_a_closed_port_is_tried_until_time_is_up(make_target: MakeTarget) -> None:
    began = time.monotonic()
    evidence = look(make_target(), TcpCheck(free_port("127.0.0.1")), seconds=2.5)
    assert not evidence.passed
    assert evidence.tries > 1
    assert 2.4 < time.monotonic() - began < 3.5


def test_a_path_is_answered_with_the_status_and_the_host_asked_for(make_target: MakeTarget) -> None:
    with serve() as port:
        passed = look(make_target(), HttpCheck("/health", port))
        assert (passed.passed, passed.output) == (True, f"host=127.0.0.1:{port} ")
        named = look(make_target(), HttpCheck("/health", port, host="worker.example.org"))
        assert named.output == "host=worker.example.org "
        failed = look(make_target(), HttpCheck("/gone", port, retries=0))
        assert failed.message == f"http://127.0.0.1:{port}/gone answered 404 Not Found, not 200"
        assert look(make_target(), HttpCheck("/gone", port, status=404)).passed


def test_redirections_are_not_followed_and_proxies_not_used(
    make_target: MakeTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port('127.0.0.1')}")
    with serve() as port:
        assert look(make_target(), HttpCheck("/moved", port, status=302)).passed


def test_tls_with_any_certificate_passes(make_target: MakeTarget, tmp_path: Path) -> None:
    with serve(tls_in=tmp_path) as port:
        assert look(make_target(), HttpCheck("/health", port, tls=True)).passed
        plain = look(make_target(), HttpCheck("/health", port, retries=0))
        assert not plain.passed
    with serve() as port:
        wrong = look(make_target(), HttpCheck("/health", port, tls=True, retries=0))
        assert "does not speak TLS" in wrong.message


def test_large_answers_are_read_in_part_and_dripping_ones_given_up(make_target: MakeTarget) -> None:
    with serve() as port:
        large = look(make_target(), HttpCheck("/large", port))
        assert large.passed
        assert len(large.output) <= 4002
        assert Path(str(large.file)).stat().st_size < 66_000
        began = time.monotonic()
        drip = look(make_target(), HttpCheck("/drip", port, timeout=1, retries=0))
        assert drip.message.endswith("did not answer within 1 s")
        assert time.monotonic() - began < 2
        wait_until_nobody_reads()


def wait_until_nobody_reads() -> None:
    """A connection that was given up is not read for ever."""
    end = time.monotonic() + 2
    while any("in_background" in thread.name for thread in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_what_does_not_speak_http_says_so(make_target: MakeTarget) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            connection, _ = server.accept()
            connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")
            time.sleep(0.2)
            connection.close()

        threading.Thread(target=greet, daemon=True).start()
        evidence = look(make_target(), HttpCheck("/", server.getsockname()[1], retries=0))
    assert "does not speak HTTP" in evidence.message


def test_stop_ends_a_silent_connection_at_once(make_target: MakeTarget) -> None:
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Timer(0.5, stop.set).start()
        began = time.monotonic()
        with pytest.raises(Interrupted):
            examine(
                make_target(),
                [HttpCheck("/", server.getsockname()[1])],
                deadline=time.monotonic() + 60,
                stop=stop,
            )
    assert time.monotonic() - began < 0.8
