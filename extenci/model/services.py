"""A service: one cloud endpoint with its credentials and abilities."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from extenci.model.words import Launch, Method, Tagging

SANDBOX = "sandbox"
"""The name of the service that is built in: the local cloud."""


@dataclass(frozen=True)
class KeyFiles:
    """Paths of two files, each with one line; read just before the service is called."""

    access_key_file: str
    secret_key_file: str


@dataclass(frozen=True)
class Profile:
    """A named profile of the AWS SDK's configuration."""

    name: str


@dataclass(frozen=True)
class SdkChain:
    """Whatever the AWS SDK finds by itself: environment, configuration, instance role."""


Credentials = KeyFiles | Profile | SdkChain


@dataclass(frozen=True)
class Limits:
    """Bounds past which a plan needs --force. None: no bound."""

    delete_percent: int | None = None
    instances: int | None = None


@dataclass(frozen=True)
class Service:
    """One cloud, as its service file names it.

    `ec2`, `s3`, `ebs` are endpoint URLs, None for AWS's own of the region; `ca_bundle` a file of PEM
    certificates that sign the endpoints'; `file` where the service was defined, "" for the built-in.
    """

    name: str
    region: str
    ec2: str | None = None
    s3: str | None = None
    ebs: str | None = None
    credentials: Credentials = SdkChain()
    ca_bundle: str | None = None
    launch: Launch = Launch.EC2
    stage: Method = Method.EBS
    tags: Tagging = Tagging.CREATE
    bucket: str | None = None
    limits: Limits = Limits()
    file: str = ""

    @property
    def on_loopback(self) -> bool:
        """Whether every endpoint is on this machine, so that nothing of value can be at stake."""
        return self.ec2 is not None and all(
            is_loopback(url) for url in (self.ec2, self.s3, self.ebs) if url is not None
        )


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this machine's loopback: 127.0.0.0/8, ::1, or a localhost name."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
