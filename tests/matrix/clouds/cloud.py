"""A cloud as a row of the matrix sees it: what its service file says, and how to look at it from outside."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_s3 import S3Client

REGION = "us-east-1"
ACCESS_KEY, SECRET_KEY = "AKIAMATRIX0000000001", "matrix/secret/0000000000000000000000000"
KEYS = (ACCESS_KEY, SECRET_KEY)
BUCKET = "matrix-images"

Holds = Callable[[str, Path], "bool | None"]
"""Whether the cloud's own disk of an image or a snapshot is this file; None where that id has no disk."""


def keeps_no_disks(_id: str, _disk: Path) -> bool | None:
    """Of a cloud that takes any data for a disk."""
    return None


Unfinished = Callable[[], tuple[str, ...]]
"""The keys of multipart uploads that were begun, and neither completed nor aborted."""


@dataclass(frozen=True)
class BundleFiles:
    """PEM files that bundles are made with."""

    certificate: Path
    private_key: Path
    cloud_certificate: Path
    cloud_key: Path


@dataclass(frozen=True)
class Cloud:
    """One cloud that runs.

    `ec2`, `s3` and `ebs` are what extenci is told; `true_ec2` and `true_s3` are what the laboratory asks,
    past any proxy. `ebs` is None where there is no such service. `home` is the EXTENCI_HOME that the cloud
    lives in, where it is the built-in sandbox. `console` matches the console output of its machines, None
    where there is none. `unfinished` tells of uploads where the S3 server cannot be asked.
    """

    ec2: str
    s3: str
    ebs: str | None
    true_ec2: str
    true_s3: str
    bucket: str = BUCKET
    service: str = "cloud"
    home: Path | None = None
    bundle: BundleFiles | None = None
    console: str | None = None
    holds: Holds = keeps_no_disks
    unfinished: Unfinished | None = None
    types: tuple[str, str] = ("t3.micro", "t3.small")
    keys: tuple[str, str] = field(default=KEYS, repr=False)

    def holding(self, holds: Holds) -> Cloud:
        """The same cloud, with a way to look at its disks."""
        return replace(self, holds=holds)

    @functools.cached_property
    def ec2_client(self) -> EC2Client:
        """Somebody else's EC2 client, with all rights."""
        return _session(self.keys).client("ec2", endpoint_url=self.true_ec2, config=CONFIG)

    @functools.cached_property
    def s3_client(self) -> S3Client:
        return s3_client(self.true_s3, self.keys)


OpenCloud = Callable[[Path], AbstractContextManager[Cloud]]
"""Starts a cloud, with its files in a folder; it ends with the context. Missing where it cannot be had."""

CONFIG = Config(
    s3={"addressing_style": "path"},
    retries={"max_attempts": 3},
    connect_timeout=10,
    read_timeout=60,
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


def s3_client(url: str, keys: tuple[str, str] = KEYS) -> S3Client:
    """A client of an S3 server, by paths and not by host names."""
    return _session(keys).client("s3", endpoint_url=url, config=CONFIG)


def _session(keys: tuple[str, str]) -> boto3.Session:
    access, secret = keys
    return boto3.Session(aws_access_key_id=access, aws_secret_access_key=secret, region_name=REGION)
