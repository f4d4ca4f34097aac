"""Clouds with a quirk: a proxy before moto or the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.matrix.clouds.cloud import Cloud, OpenCloud
from tests.matrix.proxies.ec2 import (
    BlindTagFilters,
    DropsTags,
    HidesImageLocations,
    IgnoresFilter,
    Late,
    NoAction,
    NoEbsDirect,
    RefusesFilter,
    StrictParameters,
)
from tests.matrix.proxies.http import Quirk, proxy
from tests.matrix.proxies.s3 import EmptyEtag, NoAcl, NoUploadList

QUIRKS: dict[str, Callable[[], Sequence[Quirk]]] = {
    "drops-tags": lambda: [DropsTags()],
    "late": lambda: [Late()],
    "no-image-location": lambda: [HidesImageLocations()],
    "strict-500": lambda: [StrictParameters()],
    "no-upload-list-501": lambda: [NoUploadList(501, "NotImplemented")],
    "no-upload-list-404": lambda: [NoUploadList(404, "NoSuchUpload")],
    "empty-etag": lambda: [EmptyEtag()],
    "no-acl": lambda: [NoAcl()],
    "no-token-filter": lambda: [RefusesFilter("client-token")],
    "ignored-token-filter": lambda: [IgnoresFilter("client-token")],
    "blind-tag-filters": lambda: [BlindTagFilters()],
    "no-ebs": lambda: [NoEbsDirect()],
    "no-import": lambda: [NoAction("ImportSnapshot", "DescribeImportSnapshotTasks")],
}


TYPES = {"strict-500": ("t2.micro", "t2.small")}
"""Machine types of clouds that have others: an image cannot be registered for ENA there, which t3 needs."""


def with_quirk(name: str, open_cloud: OpenCloud) -> OpenCloud:
    """A cloud as another, seen by extenci through a proxy that has a quirk."""

    @contextmanager
    def open_it(folder: Path) -> Iterator[Cloud]:
        quirks = QUIRKS[name]()
        with (
            open_cloud(folder) as cloud,
            proxy(cloud.true_ec2, quirks) as ec2,
            proxy(cloud.true_s3, quirks) as s3,
            proxy(cloud.ebs or cloud.true_ec2, quirks) as ebs,
        ):
            yield replace(cloud, ec2=ec2, s3=s3, ebs=ebs, types=TYPES.get(name, cloud.types))

    return open_it
