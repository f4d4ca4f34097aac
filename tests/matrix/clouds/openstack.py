"""OpenStack's EC2 API in an environment of its own, with its images in some S3."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.matrix.clouds.cloud import BUCKET, Cloud, OpenCloud, s3_client
from tests.matrix.clouds.keys import make_bundle_files
from tests.matrix.packages import python_packages
from tests.matrix.processes import free_port, server
from tests.matrix.stores.store import OpenStore

REQUIREMENTS = (
    "ec2-api==17.0.0",
    "SQLAlchemy==1.4.54",
    "oslo.db==12.*",
    "oslo.context==3.4.*",
    "python-novaclient",
    "python-glanceclient",
    "python-cinderclient",
    "python-neutronclient",
)
CONSOLE = "login:"
ROOT = Path(__file__).resolve().parents[3]


def openstack(open_store: OpenStore) -> OpenCloud:
    """The cloud whose images lie in a store. It knows bundles only: it has neither EBS direct nor imports."""

    @contextmanager
    def open_it(folder: Path) -> Iterator[Cloud]:
        programs = python_packages("ec2-api", REQUIREMENTS)
        bundle, port, place = make_bundle_files(folder / "keys"), free_port(), folder / "ec2api"
        with open_store(folder / "store") as s3:
            s3_client(s3).create_bucket(Bucket=BUCKET)
            module = [str(programs / "python"), "-m", "tests.matrix.openstack.server"]
            command = [*module, str(port), s3, str(place), str(bundle.cloud_key)]
            environment = {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
            with server(command, port, folder / "ec2api.log", environment) as ec2:
                cloud = Cloud(ec2, s3, None, ec2, s3, bundle=bundle, console=CONSOLE, unfinished=tuple)
                yield cloud.holding(lambda image, disk: _holds(cloud, place / "digests", image, disk))

    return open_it


def _holds(cloud: Cloud, digests: Path, image: str, disk: Path) -> bool | None:
    """Whether the disk that ec2-api made of an image's bundle is this file."""
    if not image.startswith("ami-"):
        return None
    (found,) = cloud.ec2_client.describe_images(ImageIds=[image])["Images"]
    record = digests / f"{found['Name']}.json"
    if not record.exists():
        return False
    made = json.loads(record.read_text())["sha256"]
    return bool(made == hashlib.sha256(disk.read_bytes()).hexdigest())
