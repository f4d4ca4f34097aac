"""Hooks of spec roots: told results where the user allows it, and of no weight."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.http_server import LocalServer
from tests.repositories import push
from tests.system.gitops.conftest import Team

SECRET = "the-password-in-user-data"


@dataclass
class Chat:
    """An https server that takes what it is sent, with a certificate of its own authority."""

    url: str
    certificate: Path
    status: int = 204
    received: list[dict[str, object]] = field(default_factory=list)


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Chat]:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out",
             str(certificate), "-days", "2", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost"]  # fmt: skip
    subprocess.run(words, check=True, capture_output=True)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(found.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Stay silent."""

    server = LocalServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    found = Chat(f"https://localhost:{server.server_port}/hooks/secret-path", certificate)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def write_hooks(team: Team, *hooks: str) -> None:
    with (team.clone / "extenci.yaml").open("a") as file:
        file.write("hooks:\n" + "".join(f"  - {hook}\n" for hook in hooks))


def write_program(team: Team, name: str = "tell", status: int = 0) -> Path:
    """A program of the repository, and where it leaves what it was told."""
    program = team.clone / name
    told = team.folder / f"{name}.told"
    program.write_text(f"#!/bin/sh\ncat >>{told}\nenv >{told}.env\necho no luck\nexit {status}\n")
    program.chmod(0o755)
    return told


def test_a_hook_is_told_nothing_until_it_is_allowed_and_never_by_plan(team: Team) -> None:
    told = write_program(team)
    write_hooks(team, "run: [./tell, hello]")
    done = team.run("apply", "specs", "-y")
    assert done.returncode == 0, done.stderr
    assert "The hook ./tell hello was told nothing" in done.stderr
    assert f"extenci trust --hooks {team.clone}" in done.stderr
    allowed = team.run("trust", "--hooks", "specs")
    assert "The program `./tell hello`" in allowed.stdout
    for words in (
        ("plan", "specs"),
        ("validate", "specs"),
        ("plan", "specs", "--out", "x.extenci"),
        ("status", "specs"),
    ):
        assert team.run(*words).returncode == 0
    assert not told.exists()
    sandbox = team.clone / "sandbox.yaml"
    sandbox.write_text(sandbox.read_text().replace("count: 2", f"count: 3\n    user_data: {SECRET}"))
    assert team.run("apply", "specs", "-y", AWS_SECRET_ACCESS_KEY="hidden-key").returncode == 0
    document = json.loads(told.read_text())
    assert (document["event"], document["ok"], document["stack"]) == ("apply", True, "specs")
    assert document["result"]["summary"]["failed"] == 0
    assert SECRET not in told.read_text()
    assert "hidden-key" not in Path(f"{told}.env").read_text()


def test_a_program_that_changed_must_be_allowed_again(team: Team) -> None:
    told = write_program(team)
    write_hooks(team, "run: [./tell]")
    assert team.run("trust", "--hooks", "specs").returncode == 0
    (team.clone / "tell").write_text((team.clone / "tell").read_text() + "# and more\n")
    done = team.run("apply", "specs", "-y")
    assert "The hook ./tell was told nothing" in done.stderr
    assert not told.exists()
    word = next(one for one in done.stderr.split() if one.startswith("hook:"))
    assert team.run("destroy", "specs", "-y", EXTENCI_TRUST=word).returncode == 0
    assert told.exists()
    assert team.run("trust", "--hooks", "specs", "--remove").returncode == 0
    assert "Nothing is trusted" in team.run("trust", "--list").stdout


def test_an_address_gets_a_post_and_a_failure_changes_nothing(team: Team, chat: Chat) -> None:
    write_program(team, "fails", status=7)
    write_hooks(team, f"{{url: '{chat.url}', after: [apply]}}", "run: [./fails]", "run: [no-such-program]")
    team.run("trust", "--hooks", "specs")
    assert "secret-path" not in team.run("trust", "--list").stdout
    known = {"SSL_CERT_FILE": str(chat.certificate)}
    done = team.run("apply", "specs", "-y", **known)
    assert done.returncode == 0
    (document,) = chat.received
    assert document["event"] == "apply"
    assert "The hook ./fails failed: ./fails failed with exit status 7: no luck." in done.stderr
    assert "The hook no-such-program failed: no-such-program cannot be started" in done.stderr
    chat.status = 302
    done = team.run("destroy", "specs", "-y", **known)
    assert done.returncode == 0
    assert "answered with HTTP status 302" in done.stderr
    assert len(chat.received) == 2
    strange = team.run("apply", "specs", "-y", SSL_CERT_FILE="/dev/null")
    assert strange.returncode == 0
    assert len(chat.received) == 2


def test_passes_are_told_where_they_did_something_or_ended_otherwise(team: Team) -> None:
    told = write_program(team)
    write_hooks(team, "{run: [./tell], after: [reconcile, verify]}")
    push(team.clone)
    assert team.run("trust", "--hooks", "specs").returncode == 0

    def heard() -> list[str]:
        text = told.read_text() if told.exists() else ""
        told.unlink(missing_ok=True)
        decoder, found = json.JSONDecoder(), []
        while text.strip():
            document, end = decoder.raw_decode(text.lstrip())
            found.append(document["pass"]["status"])
            text = text.lstrip()[end:]
        return found

    assert team.run("reconcile", "specs").returncode == 0
    assert heard() == ["applied"]
    assert team.run("reconcile", "specs").returncode == 0
    assert heard() == []
    team.change("count: 2", "count: 3")
    for _ in range(2):
        assert team.run("reconcile", "specs", "--detect").returncode == 2
    assert heard() == ["pending"]
    assert team.run("apply", "specs", "-y").returncode == 0
    assert team.run("reconcile", "specs", "--detect").returncode == 0
    assert heard() == ["in sync"]
