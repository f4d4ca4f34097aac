"""Requests without encryption stay on this machine."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from extenci.cloud.aws.plain_http import may_use_proxy, require_encryption, stays_here
from extenci.cloud.aws.session import ServiceSession
from extenci.model.errors import AccessRefused
from extenci.model.service import KeyFiles, Service

SERVICE = Service("campus", "us-east-1", ec2="http://192.0.2.1:8773", credentials=KeyFiles("/none", "/none"))


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1", "http://127.9.9.9", "http://localhost:2", "http://[::1]:3", "http://x.localhost"],
)
def test_loopback_is_this_machine(url: str) -> None:
    require_encryption(SERVICE, url)
    assert stays_here(url)
    assert not may_use_proxy(SERVICE, url)


def test_this_machines_own_names_and_addresses_are_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        addresses = {"own.example": ["127.0.0.3"], "mixed.example": ["127.0.0.1", "192.0.2.1"]}
        return [(socket.AF_INET, 0, 0, "", (one, 0)) for one in addresses[host]]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert stays_here("http://own.example:8773")
    assert not may_use_proxy(SERVICE, "http://own.example:8773")
    assert not stays_here("http://mixed.example")


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1", "http://0.0.0.0:80", "http://nowhere.invalid", "http://[2001:db8::1]:1"]
)
def test_other_machines_need_encryption_or_the_owners_word(url: str) -> None:
    with pytest.raises(AccessRefused, match="is not encrypted"):
        require_encryption(SERVICE, url)
    require_encryption(replace(SERVICE, plain_http=True), url)
    require_encryption(SERVICE, url.replace("http:", "https:"))


def test_the_keys_are_not_even_read() -> None:
    session = ServiceSession(SERVICE)
    with pytest.raises(AccessRefused, match=r"http://192\.0\.2\.1:8773 is not encrypted"):
        session.client("ec2")
