"""Caches of their own, a web server, and a home with a sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from extenci.cloud.clients import Clients
from extenci.cloud.download.downloads import Downloads
from extenci.image.sources import Cache
from extenci.model.service import Service
from tests.system.image.disk_files import make_raw
from tests.system.image.web import Server, Site, make_certificates
from tests.system.main_job.conftest import World, world

__all__ = ["World", "world"]


@pytest.fixture(autouse=True)
def _disks_beside_specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTENCI_TRUST", f"sources:{tmp_path}")


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A raw disk of 64 MiB, most of it holes."""
    return make_raw(tmp_path / "disk.raw")


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """A cache that is empty."""
    clients = Clients(Service("campus", "us-east-1"))
    return Cache(tmp_path / "cache", Downloads(clients))


@pytest.fixture
def cached(cache: Cache) -> Callable[[], list[str]]:
    """cached(): what is in the cache, by names."""
    return lambda: sorted(str(one.relative_to(cache.folder)) for one in cache.folder.glob("*/*"))


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def site(certificates: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A web site whose certificate this machine trusts."""
    server = Server(*certificates)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates[0]))
    yield server.site
    server.stop()
