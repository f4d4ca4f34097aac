"""A stand-in for nova, as far as ec2-api asks it: servers, key pairs and flavours, kept in memory."""

from __future__ import annotations

import datetime
import itertools
import uuid
from types import SimpleNamespace
from typing import Any

from novaclient import exceptions

PROJECT, USER = "a" * 32, "b" * 32
_HOSTS = itertools.count(2)


def now() -> str:
    """The time, as OpenStack's services tell it."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Server(SimpleNamespace):
    """A machine: active from its creation, gone once it is deleted."""

    owner: Servers

    def delete(self) -> None:
        self.owner.delete(self)

    def get(self) -> None:
        self.owner.get(self.id)

    def get_console_output(self, length: int | None = None) -> str:
        text = f"Linux version 6.1\nBooted {self.id}\n{self.name} login: "
        return text if length is None else "\n".join(text.splitlines()[-length:])


class Servers:
    """nova.servers."""

    def __init__(self) -> None:
        self._servers: dict[str, Server] = {}

    def create(self, name: str, image: str, flavor: Any, **more: Any) -> Server:
        """Boots one machine."""
        host = next(_HOSTS)
        address = {"addr": f"10.1.{host // 250}.{host % 250 + 1}", "version": 4, "OS-EXT-IPS:type": "fixed"}
        server = Server(
            owner=self,
            id=str(uuid.uuid4()),
            name=name,
            image={"id": image},
            flavor={"id": getattr(flavor, "id", flavor)},
            key_name=more.get("key_name"),
            created=now(),
            tenant_id=PROJECT,
            user_id=USER,
            addresses={"private": [address]},
            security_groups=[{"name": "default"}],
        )
        details: dict[str, object] = {
            "OS-EXT-STS:vm_state": "active",
            "OS-EXT-AZ:availability_zone": more.get("availability_zone") or "nova",
            "OS-EXT-SRV-ATTR:root_device_name": "/dev/vda",
            "OS-EXT-SRV-ATTR:hostname": name,
            "os-extended-volumes:volumes_attached": [],
        }
        for key, value in details.items():
            setattr(server, key, value)
        self._servers[server.id] = server
        return server

    def get(self, server: Any) -> Server:
        found = self._servers.get(getattr(server, "id", server))
        if found is None:
            raise exceptions.NotFound(404)
        return found

    def list(self, **_: Any) -> list[Server]:
        return [*self._servers.values()]

    def update(self, server: Any, name: str) -> None:
        self.get(server).name = name

    def delete(self, server: Any) -> None:
        self._servers.pop(getattr(server, "id", server), None)


class KeyPairs:
    """nova.keypairs."""

    def __init__(self) -> None:
        self._pairs: dict[str, SimpleNamespace] = {}

    def list(self) -> list[SimpleNamespace]:
        return [*self._pairs.values()]

    def create(self, name: str, public_key: str | None = None) -> SimpleNamespace:
        if name in self._pairs:
            raise exceptions.Conflict(409)
        key = "-----BEGIN RSA PRIVATE KEY-----\nnone\n-----END RSA PRIVATE KEY-----"
        self._pairs[name] = SimpleNamespace(
            name=name, fingerprint="aa:bb:cc", private_key=key, public_key=public_key, _info={}
        )
        return self._pairs[name]

    def delete(self, name: str) -> None:
        if self._pairs.pop(name, None) is None:
            raise exceptions.NotFound(404)


class Flavors:
    """nova.flavors."""

    def __init__(self, *names: str) -> None:
        self._flavors = [SimpleNamespace(id=str(index), name=name) for index, name in enumerate(names, 1)]

    def list(self, *_: Any, **__: Any) -> list[SimpleNamespace]:
        return self._flavors

    def get(self, flavor: str) -> SimpleNamespace:
        for one in self._flavors:
            if one.id == flavor:
                return one
        raise exceptions.NotFound(404)


class Nova:
    """novaclient's Client."""

    def __init__(self, *flavors: str) -> None:
        self.servers, self.keypairs, self.flavors = Servers(), KeyPairs(), Flavors(*flavors)
        self.client = SimpleNamespace(last_request_id=None)
