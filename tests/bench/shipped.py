"""The upload that `extenci apply` makes, complete, as a function without arguments."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from extenci.catalog.home import Home
from extenci.catalog.records import Catalog
from extenci.cloud.clients import Clients
from extenci.cloud.journalled.client import Journalled
from extenci.image.sources import Cache
from extenci.model.address import Address
from extenci.model.desired import DesiredImage, Origin
from extenci.model.service import KeyFiles, Service
from extenci.model.version import Architecture, Method, Registration, Version
from extenci.observe.disks import Reader, read_disks
from extenci.observe.failures import Failures
from extenci.stage.context import StageContext, StageRequest
from extenci.stage.ebs.method import upload


class NoJournal:
    """A journal that keeps nothing: an upload writes to it only twice."""

    def begin(
        self,
        call: str,  # noqa: ARG002
        *,
        token: str = "",  # noqa: ARG002
        request: Mapping[str, object] | None = None,  # noqa: ARG002
        tags: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> int:
        """Keep nothing."""
        return 0

    def settle(self, intent: int, result: Mapping[str, object]) -> None:
        """Keep nothing."""

    def fail(self, intent: int, reason: str) -> None:
        """Keep nothing."""

    def unseen_seconds(self, resource: str) -> float | None:  # noqa: ARG002
        """It keeps nothing."""
        return None


@dataclass(frozen=True)
class Shop:
    """The clients and the catalog that `extenci apply` works with, in a home of their own."""

    context: StageContext
    catalog: Catalog

    @classmethod
    def open(cls, url: str, certificate: str, folder: Path, connections: int) -> Shop:
        """Clients of the sink, and a home in `folder`."""
        (folder / "access").write_text("AKIABENCH", "utf-8")
        (folder / "secret").write_text("bench", "utf-8")
        keys = KeyFiles(str(folder / "access"), str(folder / "secret"))
        service = Service(
            "bench", "us-east-1", ec2=url, s3=url, ebs=url, credentials=keys, ca_bundle=certificate
        )
        catalog = Catalog.open(Home(folder / "home"))
        clients = Clients(service, connections=connections)
        context = StageContext(
            clients,
            Journalled(clients, NoJournal()),
            block_lists=catalog.block_lists,
            upload_notes=catalog.upload_notes,
            digest_of=catalog.digests.digest_of,
        )
        return cls(context, catalog)

    def plan(self, path: str) -> StageRequest:
        """Read a disk as a plan does, and return the request to stage it."""
        spec = DesiredImage(Address("bench", "worker"), Origin("bench.yaml", 1, 1), path, Method.EBS)
        cache = Cache(self.catalog.home.cache_folder)
        reader = Reader(
            self.catalog.digests, self.catalog.block_lists, lambda _service: cache, Failures(("bench",))
        )
        disk = read_disks([spec], reader)[spec.address]
        version = Version(disk.digest, Registration(Architecture.X86_64, None, Method.EBS, disk.gib))
        return StageRequest(version, path, disk.size, disk.blocks, "bench", {}, "token")


def prepare(url: str, certificate: str, disk: str, connections: int) -> Callable[[], int]:
    """Read the disk as a plan does, and create the clients; the function returned uploads the disk,
    and returns the number of its blocks."""
    shop = Shop.open(url, certificate, Path(tempfile.mkdtemp(dir=Path(disk).parent)), connections)
    job = shop.plan(disk)
    snapshot = shop.context.clients.unjournalled.ebs.start_snapshot(1, "warm", {})
    shop.context.clients.ec2.snapshots_by_id([snapshot])

    def send() -> int:
        upload(job, shop.context)
        return job.blocks

    return send
