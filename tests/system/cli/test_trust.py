"""Spec repositories that would send what they should not, at a server that records all it gets."""

from __future__ import annotations

import os
import pty
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.disks import disk_bytes
from tests.http_server import LocalServer
from tests.program.command import run_extenci, start_extenci

SESSION_TOKEN = "the-session-token-of-this-user"
TOKEN = "glpat_a_token_that_looks_like_a_key"
GROUP = "service: campus\ninstances:\n  pool: {image: ami-12345678, type: t3.micro, count: 1}\n"
Command = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass
class Recorder:
    """A server that answers nothing of use."""

    url: str
    received: list[str] = field(default_factory=list)


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            found.received.append(f"{self.requestline}\n{self.headers}\n{body}")
            self.send_response(403)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = do_PUT = do_HEAD = answer  # noqa: N815 - names of the library

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Stay silent."""

    server = LocalServer(("127.0.0.1", 0), Handler)
    found = Recorder(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Victim:
    """A user with credentials, and a spec repository that somebody else wrote."""

    folder: Path
    environment: dict[str, str]

    @property
    def root(self) -> Path:
        return self.folder / "specs"

    @property
    def mark(self) -> Path:
        """What a program leaves that must not run."""
        return self.folder / "a-program-was-run"

    def write_service(self, text: str, name: str = "campus") -> None:
        (self.root / "services").mkdir(exist_ok=True)
        (self.root / "services" / f"{name}.yaml").write_text(f"region: us-east-1\n{text}")

    def run(self, *words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return run_extenci(
            *map(str, words),
            env={**self.environment, **environment},
        )

    def run_in_terminal(self, answer: str, *words: str | Path) -> tuple[int, str]:
        """The exit status, and what was shown on the terminal."""
        ours, theirs = pty.openpty()
        process = start_extenci(
            *map(str, words),
            env=self.environment,
            stdin=theirs,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
        )
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        shown = bytearray()
        try:
            while piece := os.read(ours, 4096):
                shown += piece
        except OSError:  # its end (pty(7))
            pass
        os.close(ours)
        return process.wait(120), " ".join(shown.decode().split())


@pytest.fixture
def victim(tmp_path: Path) -> Victim:
    made = Victim(
        tmp_path,
        {
            **{
                name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "EXTENCI_"))
            },
            "EXTENCI_SANDBOX_MACHINES": "simulated",
            "EXTENCI_HOME": str(tmp_path / "home"),
            "HOME": str(tmp_path),
            "COLUMNS": "80",
            "AWS_ACCESS_KEY_ID": "ASIAVICTIM0000000000",
            "AWS_SECRET_ACCESS_KEY": "the-secret-key-of-this-user",
            "AWS_SESSION_TOKEN": SESSION_TOKEN,
            "AWS_EC2_METADATA_DISABLED": "true",
        },
    )
    made.root.mkdir()
    (made.root / "extenci.yaml").write_text("stack: theirs\n")
    (made.root / "pool.yaml").write_text(GROUP)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {made.mark}\n")
    program.chmod(0o755)
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(f"[profile admin]\ncredential_process = {program}\n")
    return made


def hostile(url: str, victim: Victim) -> dict[str, str]:
    """Service files that would send secrets of the victim to a URL, or run a program."""
    token = victim.folder / "token"
    (victim.root / "keys").mkdir()
    (victim.root / "keys" / "secret").write_text("no-secret\n")
    (victim.root / "keys" / "link").symlink_to(token)
    (victim.root / "outside").symlink_to(victim.folder)
    (victim.root / ".git").mkdir()
    (victim.root / ".git" / "token").write_text(f"{TOKEN}\n")
    secret = "secret_key_file: ../keys/secret"
    keys = f"{{access_key_file: ../keys/secret, {secret}}}"

    def condor(pool: str) -> str:
        access = f"{{pool: '{pool}', credentials: {keys}}}"
        return f"ec2: {url}\nlaunch: condor\ncondor: {access}\ncredentials: {keys}\n"

    return {
        "session": f"ec2: {url}\n",
        "absolute": f"ec2: {url}\ncredentials: {{access_key_file: {token}, {secret}}}\n",
        "above": f"ec2: {url}\ncredentials: {{access_key_file: ../../token, {secret}}}\n",
        "home": f"ec2: {url}\ncredentials: {{access_key_file: ~/token, {secret}}}\n",
        "link": f"ec2: {url}\ncredentials: {{access_key_file: ../keys/link, {secret}}}\n",
        "folder": f"ec2: {url}\ncredentials: {{access_key_file: ../outside/token, {secret}}}\n",
        "hidden": f"ec2: {url}\ncredentials: {{access_key_file: ../.git/token, {secret}}}\n",
        "program": f"ec2: {url}\ncredentials: {{profile: admin}}\n",
        "program-at-aws": "credentials: {profile: admin}\n",
        "s3-only": f"ec2: https://ec2.us-east-1.amazonaws.com\ns3: {url}\n",
        "customer-of-aws": "ec2: https://x1.execute-api.us-east-1.amazonaws.com\n",
        "pool": condor("collector.example:9618"),
        "more-than-a-pool": condor("127.0.0.1:9618, c.example:9618"),
    }


COMMANDS = (
    ("plan", "ROOT"),
    ("apply", "ROOT", "-y"),
    ("destroy", "ROOT", "-y"),
    ("status", "ROOT"),
    ("gc", "ROOT", "-y"),
    ("doctor", "ROOT"),
)


def test_nothing_is_sent_or_run_before_it_is_trusted(recorder: Recorder, victim: Victim) -> None:
    for name, text in hostile(recorder.url, victim).items():
        victim.write_service(text)
        done = victim.run("plan", victim.root)
        assert (done.returncode, done.stdout) == (1, ""), name
        assert "This user has not allowed that, so nothing was sent." in done.stderr, name
        assert f"extenci trust campus {victim.root}" in done.stderr
        assert TOKEN not in done.stderr
        assert SESSION_TOKEN not in done.stderr
    assert recorder.received == []
    assert not victim.mark.exists()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize("kind", ["session", "absolute", "program"])
def test_no_command_sends_what_is_not_trusted(
    recorder: Recorder, victim: Victim, command: tuple[str, ...], kind: str
) -> None:
    victim.write_service(hostile(recorder.url, victim)[kind])
    done = victim.run(*(str(victim.root) if word == "ROOT" else word for word in command))
    assert done.returncode == 1
    assert "extenci trust campus" in " ".join((done.stdout + done.stderr).split())
    assert recorder.received == []
    assert not victim.mark.exists()


def test_commands_without_specs_ask_for_trust_too(recorder: Recorder, victim: Victim) -> None:
    victim.write_service(hostile(recorder.url, victim)["session"] + "bucket: images\n")
    disk = victim.folder / "disk.raw"
    disk.write_bytes(os.urandom(1 << 20))
    for words in (
        ["stage", disk, "campus"],
        ["unstage", "x", "campus", "-y"],
        ["test-vm", disk, "campus", "t", "--yes"],
    ):
        done = run_extenci(
*map(str, words),
            env=victim.environment, cwd=victim.root,
        )  # fmt: skip
        assert done.returncode == 1
        assert "nothing was sent" in done.stderr, words
    assert recorder.received == []


def test_what_a_person_allows_is_remembered_until_it_changes(recorder: Recorder, victim: Victim) -> None:
    victim.write_service(f"ec2: {recorder.url}\n")
    status, shown = victim.run_in_terminal("no", "plan", victim.root)
    assert status == 1
    assert f"the credentials that the AWS SDK finds at {recorder.url}" in shown
    assert "without encryption" in shown
    assert recorder.received == []
    assert "Allow that from now on?" in victim.run_in_terminal("yes", "plan", victim.root)[1]
    assert any(SESSION_TOKEN in one for one in recorder.received)
    recorder.received.clear()
    assert "not allowed" not in victim.run("plan", victim.root).stderr
    assert recorder.received
    recorder.received.clear()
    victim.write_service(f"ec2: {recorder.url}\ncredentials: {{profile: admin}}\n")
    assert "nothing was sent" in victim.run("plan", victim.root).stderr
    other = recorder.url.replace("127.0.0.1", "127.0.0.2")
    victim.write_service(f"ec2: {recorder.url}\ns3: {other}\n")
    assert "nothing was sent" in victim.run("plan", victim.root).stderr
    assert recorder.received == []
    assert not victim.mark.exists()


def test_a_service_is_trusted_and_no_longer_by_command(recorder: Recorder, victim: Victim) -> None:
    victim.write_service(f"ec2: {recorder.url}\n")
    trusted = victim.run("trust", "campus", victim.root)
    assert (trusted.returncode, trusted.stderr) == (0, "")
    assert f"may use the credentials that the AWS SDK finds at {recorder.url}" in trusted.stdout
    victim.run("plan", victim.root)
    assert recorder.received
    recorder.received.clear()
    listed = victim.run("trust", "--list")
    assert listed.stdout.splitlines()[1].split() == ["campus", recorder.url, "sdk"]
    assert victim.run("trust", "campus", "--remove").returncode == 0
    assert "nothing was sent" in victim.run("plan", victim.root).stderr
    assert recorder.received == []
    again = victim.run("trust", "campus", "--remove")
    assert (again.returncode, again.stdout) == (1, "")
    assert victim.run("trust").stdout == "Nothing is trusted beyond this user's own service files.\n"


def test_a_pipeline_names_exactly_what_it_trusts(recorder: Recorder, victim: Victim) -> None:
    victim.write_service(f"ec2: {recorder.url}\n")
    other = recorder.url.replace("127.0.0.1", "127.0.0.2")
    assert "nothing was sent" in victim.run("plan", victim.root, EXTENCI_TRUST=other).stderr
    assert "nothing was sent" in victim.run("plan", victim.root, "--trust", other).stderr
    assert recorder.received == []
    victim.run("plan", victim.root, "--trust", recorder.url)
    assert any(SESSION_TOKEN in one for one in recorder.received)
    recorder.received.clear()
    victim.run("plan", victim.root, EXTENCI_TRUST=recorder.url)
    assert recorder.received
    recorder.received.clear()
    token = victim.folder / "token"
    keys = f"credentials: {{access_key_file: {token}, secret_key_file: {token}}}\n"
    victim.write_service(f"ec2: {recorder.url}\n{keys}")
    assert "nothing was sent" in victim.run("plan", victim.root, EXTENCI_TRUST=recorder.url).stderr
    assert recorder.received == []
    victim.run("plan", victim.root, EXTENCI_TRUST=f"{recorder.url} file:{token}")
    assert any(TOKEN in one for one in recorder.received)
    wrong = victim.run("plan", victim.root, "--trust", "everything")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "'everything' is nothing that can be trusted" in wrong.stderr


def test_own_keys_on_this_machine_and_files_of_the_catalog_need_no_trust(
    recorder: Recorder, victim: Victim
) -> None:
    (victim.root / "keys").mkdir()
    for name in ("access", "secret"):
        (victim.root / "keys" / name).write_text(f"AKIA_OF_THE_SPECS_{name}\n")
    keys = "credentials: {access_key_file: ../keys/access, secret_key_file: ../keys/secret}\n"
    for host in ("127.0.0.1", "localhost", "127.0.0.1:80"):
        victim.write_service(
            f"ec2: http://{host.partition(':')[0]}:{recorder.url.rpartition(':')[2]}\n{keys}"
        )
        assert "nothing was sent" not in victim.run("plan", victim.root).stderr
        assert recorder.received
        recorder.received.clear()
    (victim.root / "services" / "campus.yaml").unlink()
    added = victim.run("catalog", "add", "campus", "--region", "us-east-1", "--ec2", recorder.url)
    assert added.returncode == 0
    victim.run("plan", victim.root)
    assert any(SESSION_TOKEN in one for one in recorder.received)


def test_the_sdks_credentials_at_aws_need_no_trust(victim: Victim) -> None:
    """Nothing is reached: the proxy that is named here does not exist."""
    for text in ("", "ec2: https://ec2.us-east-1.amazonaws.com\ns3: https://s3.us-east-1.amazonaws.com\n"):
        victim.write_service(text)
        done = victim.run(
            "plan", victim.root, https_proxy="http://127.0.0.1:9", HTTPS_PROXY="http://127.0.0.1:9"
        )
        assert done.returncode == 1
        assert "proxy" in done.stdout + done.stderr
        assert "has not allowed" not in done.stderr


def test_plain_http_stays_on_this_machine(victim: Victim) -> None:
    """192.0.2.1 is nobody's (RFC 5737)."""
    victim.write_service("ec2: http://192.0.2.1:8773\n")
    assert victim.run("trust", "campus", victim.root).returncode == 0
    done = victim.run("plan", victim.root)
    assert done.returncode == 1
    assert "http://192.0.2.1:8773 is not encrypted" in " ".join((done.stdout + done.stderr).split())
    services = victim.folder / "home" / "catalog" / "service"
    services.mkdir(parents=True)
    (victim.root / "services" / "campus.yaml").rename(services / "campus.yaml")
    own = victim.run("plan", victim.root)
    assert "is not encrypted" in " ".join((own.stdout + own.stderr).split())


@pytest.mark.parametrize("path", [".", ""])
def test_no_program_in_the_working_folder_is_run(victim: Victim, path: str) -> None:
    """A `PATH` with a relative element is this user's own mistake, but no repository may gain by it."""
    for name in ("qemu-system-x86_64", "qemu-img"):
        (victim.root / name).write_text(f"#!/bin/sh\ntouch {victim.mark}\n")
        (victim.root / name).chmod(0o755)
    done = run_extenci(
"sandbox", "status",
        env={**victim.environment, "PATH": path, "EXTENCI_SANDBOX_MACHINES": ""}, cwd=victim.root,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not victim.mark.exists()


IMAGE = "service: sandbox\nimages:\n  worker: {{source: {}}}\n"


@pytest.mark.parametrize(
    "source",
    [
        "/etc/hostname",
        "../private/disk.raw",
        "link.raw",
        "linked/disk.raw",
        ".git/config",
        "~/private/disk.raw",
    ],
)
def test_a_disk_outside_of_the_specs_is_refused(victim: Victim, source: str) -> None:
    private = victim.folder / "private"
    private.mkdir()
    (private / "disk.raw").write_bytes(os.urandom(1 << 20))
    (victim.root / ".git").mkdir()
    (victim.root / ".git" / "config").write_text("token")
    (victim.root / "link.raw").symlink_to(private / "disk.raw")
    (victim.root / "linked").symlink_to(private)
    (victim.root / "pool.yaml").write_text(IMAGE.format(source))
    for command in (["validate"], ["plan"], ["apply", "-y"]):
        done = victim.run(*command[:1], victim.root, *command[1:])
        assert (done.returncode, done.stdout) == (1, "")
        said = " ".join(done.stderr.split())
        assert "pool.yaml:3:" in said
        assert "extenci trust --sources" in said


def test_a_folder_of_disks_is_trusted(victim: Victim) -> None:
    private = victim.folder / "private"
    private.mkdir()
    (private / "disk.raw").write_bytes(os.urandom(1 << 20))
    (victim.root / "pool.yaml").write_text(IMAGE.format("../private/disk.raw"))
    once = victim.run("validate", victim.root, EXTENCI_TRUST=f"sources:{private}")
    assert once.returncode == 0, once.stderr
    assert victim.run("validate", victim.root).returncode == 1
    trusted = victim.run("trust", "--sources", private)
    assert (trusted.returncode, trusted.stdout) == (0, f"Images may be made from disks in {private}.\n")
    assert victim.run("validate", victim.root).returncode == 0
    assert str(private) in victim.run("trust", "--list").stdout
    assert victim.run("trust", "--sources", private, "--remove").returncode == 0
    assert victim.run("validate", victim.root).returncode == 1


def test_a_saved_plan_cannot_name_other_disks(victim: Victim) -> None:
    secret = victim.folder / "secret"
    secret.write_bytes(disk_bytes(os.urandom(1 << 20)))
    (victim.root / "disk.raw").write_bytes(secret.read_bytes())
    (victim.root / "pool.yaml").write_text(IMAGE.format("disk.raw"))
    saved = victim.folder / "saved.plan"
    try:
        assert victim.run("plan", victim.root, "--out", saved).returncode == 0
        saved.write_text(saved.read_text().replace("./disk.raw", str(secret)))
        done = victim.run("apply", saved, "-y")
        assert (done.returncode, done.stdout) == (1, "")
        assert "The plan is stale" in done.stderr
        assert f"source {secret} → ./disk.raw" in done.stderr
    finally:
        victim.run("sandbox", "stop")
