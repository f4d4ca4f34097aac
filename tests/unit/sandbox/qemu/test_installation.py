"""Which QEMU, which ports, which command line; and the metadata service."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from uuid import UUID

import pytest

from extenci.model.errors import SandboxError
from extenci.sandbox.http.listener import HttpRequest, HttpResponse
from extenci.sandbox.qemu import installation
from extenci.sandbox.qemu.acceleration import TCG
from extenci.sandbox.qemu.command import Descriptors, command_of, mac_of, uuid_of
from extenci.sandbox.qemu.console import KEPT_BYTES, Console
from extenci.sandbox.qemu.installation import Installation
from extenci.sandbox.qemu.machines import memory_budget, memory_of
from extenci.sandbox.qemu.metadata import Metadata, owner_of
from extenci.sandbox.qemu.ports import reachable_ports, wanted_ports
from extenci.sandbox.state.machines import MachineConfig

LAUNCH = MachineConfig(
    instance_id="i-0123456789abcdef0",
    image_id="ami-1",
    instance_type="t3.micro",
    architecture="x86_64",
    boot_mode="",
    disk=None,
    root_gib=1,
    private_address="172.31.0.4",
    user_data=b"#!/bin/sh\n",
    public_key=b"ssh-ed25519 AAAA mine\n",
    key_name="mine",
)
TTL = "x-aws-ec2-metadata-token-ttl-seconds"
TOKEN = "x-aws-ec2-metadata-token"


def test_machines_are_what_is_demanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert installation.kind({}) == "simulated"
    with pytest.raises(SandboxError, match="qemu-system-x86_64 is not installed"):
        installation.choose({"EXTENCI_SANDBOX_MACHINES": "qemu"})
    with pytest.raises(SandboxError, match="can be `qemu` or `simulated`"):
        installation.choose({"EXTENCI_SANDBOX_MACHINES": "real"})
    for name in ("qemu-system-x86_64", "qemu-img"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\necho 'QEMU emulator version 9.9 (somewhere)'\n")
        program.chmod(0o755)
    found = installation.choose({})
    assert found is not None
    assert found.version == "9.9"
    assert installation.kind({"EXTENCI_SANDBOX_MACHINES": "simulated"}) == "simulated"
    (tmp_path / "qemu-system-x86_64").write_text("#!/bin/sh\nexit 1\n")
    assert installation.choose({}) is None, "one that does not even start is none"


def test_ports_are_named_by_numbers_and_ranges() -> None:
    assert 22 in wanted_ports({})
    assert wanted_ports({"EXTENCI_SANDBOX_FORWARD": "8001-8003, 22"}) == (22, 8001, 8002, 8003)
    for wrong in ("ssh", "0", "70000", "9-8", "1-65535"):
        with pytest.raises(SandboxError, match="EXTENCI_SANDBOX_FORWARD"):
            wanted_ports({"EXTENCI_SANDBOX_FORWARD": wrong})


def test_ports_that_cannot_be_had_are_reached_elsewhere() -> None:
    assert reachable_ports((22, 80, 8080), lambda port: port >= 1024) == {8080: 8080, 22: 10022, 80: 10080}
    assert reachable_ports((22, 10022), lambda port: port >= 1024) == {10022: 10022, 22: 20022}
    assert reachable_ports((22,), lambda _: False) == {}


def test_the_command_line_names_no_path_that_a_comma_could_break() -> None:
    words = command_of(Installation(Path("/q"), Path("/i"), "9", None), TCG, LAUNCH, Descriptors(3, 4, 5, 6))
    assert words[0] == "/q"
    assert words[words.index("-m") + 1] == "1024"
    (drive,) = [word for word in words if word.startswith("file=")]
    assert drive.startswith("file=disk.qcow2,format=qcow2")
    mac = mac_of(LAUNCH.instance_id)
    assert (mac[0] & 3, len(mac)) == (2, 6)
    assert str(UUID(uuid_of(LAUNCH.instance_id))).startswith("ec2")


def test_uefi_gets_the_firmware_there_is() -> None:
    found = Installation(Path("/q"), Path("/i"), "9", Path("/f,w/OVMF_CODE.fd"))
    words = command_of(
        found, TCG, MachineConfig(**{**vars(LAUNCH), "boot_mode": "uefi"}), Descriptors(3, 4, 5, 6)
    )
    assert "if=pflash,unit=0,format=raw,readonly=on,file=/f,,w/OVMF_CODE.fd" in words


def get(service: Metadata, path: str, method: str = "GET", **headers: str) -> HttpResponse:
    return service(
        HttpRequest(method, path, "", {name.replace("_", "-"): one for name, one in headers.items()})
    )


def test_metadata_are_where_ec2_has_them() -> None:
    service = Metadata(LAUNCH, "127.64.0.9")
    assert get(service, "/latest/user-data").body == b"#!/bin/sh\n"
    assert get(service, "/2009-04-04/meta-data/instance-id").body == b"i-0123456789abcdef0"
    assert get(service, "/latest/meta-data/public-keys/").body == b"0=mine"
    assert get(service, "/latest/meta-data/public-keys/0/").body == b"openssh-key"
    assert get(service, "/latest/meta-data/public-keys/0/openssh-key").body == b"ssh-ed25519 AAAA mine\n"
    assert get(service, "/latest/meta-data/public-ipv4").body == b"127.64.0.9"
    assert b"placement/" in get(service, "/latest/meta-data/").body.split()
    assert get(service, "/latest/meta-data/placement").body.split() == [b"availability-zone", b"region"]
    assert (
        b'"instanceId": "i-0123456789abcdef0"'
        in get(service, "/latest/dynamic/instance-identity/document").body
    )
    for path in ("/latest/meta-data/nothing", "/latest/other", "/latest/meta-data/instance-id/x"):
        assert get(service, path).status == 404
    bare = Metadata(MachineConfig(**{**vars(LAUNCH), "user_data": b"", "public_key": b""}), "")
    assert get(bare, "/latest/user-data").status == 404
    assert get(bare, "/latest/meta-data/public-keys/0/openssh-key").status == 404


def test_tokens_are_given_checked_and_forgotten() -> None:
    now = [0.0]
    strict = MachineConfig(**{**vars(LAUNCH), "token_required": True})
    service = Metadata(strict, "127.64.0.9", clock=lambda: now[0])
    path = "/latest/meta-data/instance-id"
    assert get(service, path).status == 401
    assert get(service, "/latest/api/token", "PUT").status == 400
    assert get(service, "/latest/api/token", "PUT", **{TTL: "21601"}).status == 400
    assert get(service, "/latest/api/token", "PUT", **{TTL: "60", "x-forwarded-for": "x"}).status == 403
    token = get(service, "/latest/api/token", "PUT", **{TTL: "60"}).body.decode()
    assert get(service, path, **{TOKEN: token}).status == 200
    assert get(service, path, **{TOKEN: "made-up"}).status == 401
    now[0] = 61
    assert get(service, path, **{TOKEN: token}).status == 401


def test_the_owner_of_a_connection_is_known() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()) as client:
            host, port = client.getsockname()
            assert owner_of(host, port) == os.getuid()
        assert owner_of("127.0.0.1", 1) is None


def test_a_console_keeps_its_end() -> None:
    console = Console()
    console.add(b"first" + bytes(KEPT_BYTES - 1))
    console.add(b"!")
    assert console.read() == bytes(KEPT_BYTES - 1) + b"!"


@pytest.mark.parametrize(
    ("of_type", "budget", "given"),
    [(1024, 9000, 1024), (8192, 9000, 1061), (8192, 99999, 2048), (512, 1000, 256), (128, 1000, 128)],
)
def test_a_machine_has_its_types_memory_or_an_eighth(of_type: int, budget: int, given: int) -> None:
    assert memory_of(MachineConfig(**{**vars(LAUNCH), "memory_mib": of_type}), budget) == given


def test_memory_is_half_of_what_there_is_or_what_is_said() -> None:
    assert 0 < memory_budget({}) < 1 << 24
    assert memory_budget({"EXTENCI_SANDBOX_MEMORY": "900"}) == 900
    with pytest.raises(SandboxError, match="no number of MiB"):
        memory_budget({"EXTENCI_SANDBOX_MEMORY": "4G"})
