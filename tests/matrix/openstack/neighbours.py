"""Stand-ins for cinder, neutron and keystone, which ec2-api asks about things that no row makes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from cinderclient import exceptions

from tests.matrix.openstack.compute import PROJECT, USER


class _Nothing:
    """Volumes or snapshots of a project that has none."""

    def list(self, **_: Any) -> list[object]:
        return []

    def get(self, _: str) -> object:
        raise exceptions.NotFound(404)


class Cinder:
    """cinderclient's Client."""

    def __init__(self) -> None:
        self.volumes, self.volume_snapshots = _Nothing(), _Nothing()


class Neutron:
    """neutronclient's Client: one network, and the group that every project has."""

    def list_security_groups(self, **_: Any) -> dict[str, object]:
        group = {
            "id": "group-1",
            "name": "default",
            "description": "default",
            "tenant_id": PROJECT,
            "security_group_rules": [],
        }
        return {"security_groups": [group]}

    def list_networks(self, **_: Any) -> dict[str, object]:
        return {"networks": [{"id": "network-1", "name": "private"}]}

    def list_subnets(self, **_: Any) -> dict[str, object]:
        return {"subnets": []}

    def list_ports(self, **_: Any) -> dict[str, object]:
        return {"ports": []}

    def list_floatingips(self, **_: Any) -> dict[str, object]:
        return {"floatingips": []}

    def list_routers(self, **_: Any) -> dict[str, object]:
        return {"routers": []}


class Keystone:
    """keystoneclient's Client."""

    def __init__(self) -> None:
        self.session = SimpleNamespace(get_user_id=lambda: USER)
        self.auth_ref = SimpleNamespace(user_id=USER)
