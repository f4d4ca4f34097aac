"""The instance metadata service, versions 1 and 2, of one machine.

AWS: User Guide, "Instance metadata categories" and "Use IMDSv2". It listens on 127.0.0.1, where the machine's
user networking brings its requests; user data may be secret, so only this user's processes are answered.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from extenci.sandbox.http.listener import HttpRequest, HttpResponse, Listener
from extenci.sandbox.qemu.command import mac_of
from extenci.sandbox.state.machines import MachineConfig

TOKEN_HEADER = "x-aws-ec2-metadata-token"  # noqa: S105 - a header's name
TTL_HEADER = "x-aws-ec2-metadata-token-ttl-seconds"
LONGEST_SECONDS = 21600
POLL_SECONDS = 0.1
"""How soon the listener notices that it is to end."""


class Metadata:
    """Answers one machine's questions. Never raises."""

    def __init__(
        self, launch: MachineConfig, public_address: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._launch = launch
        self._clock = clock
        self._tokens: dict[str, float] = {}
        self._user_data = launch.user_data
        self._document = json.dumps(_document(launch), indent=2)
        self._entries = _entries(launch, public_address)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        version, _, path = request.path.lstrip("/").partition("/")
        if request.method == "PUT":
            return (
                self._new_token(request) if (version, path) == ("latest", "api/token") else HttpResponse(404)
            )
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(405)
        if not self._allowed(request.headers.get(TOKEN_HEADER)):
            return HttpResponse(401)
        return self._content(path) if version else _text("1.0\nlatest")

    def _content(self, path: str) -> HttpResponse:
        if path.rstrip("/") == "user-data":
            return _bytes(self._user_data) if self._user_data else HttpResponse(404)
        if path == "dynamic/instance-identity/document":
            return _text(self._document)
        kind, _, name = path.partition("/")
        if kind == "meta-data":
            return self._entry(name)
        return HttpResponse(404)

    def _new_token(self, request: HttpRequest) -> HttpResponse:
        try:
            lifetime = int(request.headers.get(TTL_HEADER, ""))
        except ValueError:
            return HttpResponse(400)
        if not 1 <= lifetime <= LONGEST_SECONDS or "x-forwarded-for" in request.headers:
            return HttpResponse(400 if "x-forwarded-for" not in request.headers else 403)
        now = self._clock()
        self._tokens = {token: end for token, end in self._tokens.items() if end > now}
        token = secrets.token_urlsafe(40)
        self._tokens[token] = now + lifetime
        return HttpResponse(200, {"Content-Type": "text/plain", TTL_HEADER: str(lifetime)}, token.encode())

    def _allowed(self, token: str | None) -> bool:
        if token is None:
            return not self._launch.token_required
        return self._tokens.get(token, 0) > self._clock()

    def _entry(self, name: str) -> HttpResponse:
        if name in self._entries:
            return _text(self._entries[name])
        folder = f"{name.rstrip('/')}/" if name else ""
        below = [entry.removeprefix(folder) for entry in self._entries if entry.startswith(folder)]
        if not below:
            return HttpResponse(404)
        if folder == "public-keys/":
            return _text(f"0={self._launch.key_name}")
        shown = dict.fromkeys(entry.partition("/")[0] + ("/" if "/" in entry else "") for entry in below)
        return _text("\n".join(shown))


def _entries(launch: MachineConfig, public_address: str) -> dict[str, str]:
    name = f"ip-{launch.private_address.replace('.', '-')}.ec2.internal"
    found = {
        "ami-id": launch.image_id,
        "ami-launch-index": "0",
        "hostname": name,
        "instance-id": launch.instance_id,
        "instance-life-cycle": "on-demand",
        "instance-type": launch.instance_type,
        "local-hostname": name,
        "local-ipv4": launch.private_address,
        "mac": mac_of(launch.instance_id).hex(":"),
        "placement/availability-zone": launch.zone,
        "placement/region": launch.zone[:-1],
        "public-hostname": public_address,
        "public-ipv4": public_address,
    }
    if launch.public_key:
        key = launch.public_key.decode("utf-8", "replace").strip()
        found["public-keys/0/openssh-key"] = f"{key}\n"
    return found


def _document(launch: MachineConfig) -> dict[str, str]:
    return {
        "architecture": launch.architecture,
        "availabilityZone": launch.zone,
        "imageId": launch.image_id,
        "instanceId": launch.instance_id,
        "instanceType": launch.instance_type,
        "privateIp": launch.private_address,
        "region": launch.zone[:-1],
        "version": "2017-09-30",
    }


def _text(text: str) -> HttpResponse:
    return HttpResponse(200, {"Content-Type": "text/plain"}, text.encode())


def _bytes(data: bytes) -> HttpResponse:
    return HttpResponse(200, {"Content-Type": "application/octet-stream"}, data)


class MetadataListener(Listener):
    """Listens at any free port of 127.0.0.1, and takes connections of this user's processes only."""

    def __init__(self, metadata: Metadata) -> None:
        super().__init__(0, metadata)
        threading.Thread(target=self.serve_forever, args=[POLL_SECONDS], daemon=True).start()

    def verify_request(
        self,
        request: socket.socket | tuple[bytes, socket.socket],  # noqa: ARG002
        client_address: object,
    ) -> bool:
        """Asked by socketserver for each connection."""
        match client_address:
            case (str(host), int(port)):
                return owner_of(host, port) == os.getuid()
            case _:
                return False

    def end(self) -> None:
        self.shutdown()
        self.server_close()


def owner_of(host: str, port: int, table: Path = Path("/proc/net/tcp")) -> int | None:
    """The user whose socket has this address on this machine (proc(5), /proc/net/tcp); None: nobody's."""
    wanted = f"{int.from_bytes(socket.inet_aton(host), 'little'):08X}:{port:04X}"
    for line in table.read_text("ascii").splitlines()[1:]:
        fields = line.split()
        if fields[1] == wanted and fields[3] != "06":  # TIME_WAIT has no owner
            return int(fields[7])
    return None
