"""A service: one cloud endpoint with its credentials and abilities."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from extenci.model.abilities import SANDBOX_ABILITIES, Abilities, Ability, is_aws_api
from extenci.model.launch import Launch, LaunchDefaults
from extenci.model.lease import Lock
from extenci.model.trust import AWS, PORTS, place_of
from extenci.model.version import Method


class Tagging(StrEnum):
    """When a service lets extenci tag what it makes."""

    CREATE = "create"
    AFTER = "after"
    NONE = "none"


SANDBOX = "sandbox"
"""The name of the service that is built in: the local cloud."""
SANDBOX_ACCOUNT = "123456789012"
"""The number of the account in the local cloud."""
SANDBOX_BUCKET = "extenci"
"""The bucket that the local cloud has from the start."""


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
    """The AWS SDK's own search for credentials: environment, configuration, instance role."""


Credentials = KeyFiles | Profile | SdkChain


@dataclass(frozen=True)
class CondorAccess:
    """The HTCondor that launches machines of a service. `schedd` is its name, None for this machine's own;
    `pool` the address of its collector, None for the configured one; `credentials` key files on the
    schedd's machine, None where the service's own are meant."""

    schedd: str | None = None
    pool: str | None = None
    credentials: KeyFiles | None = None

    @property
    def is_local(self) -> bool:
        """Whether the schedd is on this machine, so that files here are files there."""
        if self.pool is None:
            return self.schedd is None
        return is_loopback(f"//{self.pool}")


@dataclass(frozen=True)
class BundleKeys:
    """The keys of bundles: paths of PEM files, which are read just before use, and the number of the account.
    The private key signs, the two certificates say who may open the bundle."""

    certificate: str
    private_key: str
    cloud_certificate: str
    user: str


DELETE_PERCENT = 30
"""The part of a service's machines that a plan may end unless its file says otherwise, in percent."""


@dataclass(frozen=True)
class Limits:
    """Bounds past which a plan needs --force: the part of the owned machines that it may end for good (100:
    no bound), and the number of machines after it (None: no bound)."""

    delete_percent: int = DELETE_PERCENT
    instances: int | None = None


@dataclass(frozen=True)
class Service:
    """One cloud, as its service file names it.

    `ec2`, `s3`, `ebs` are endpoint URLs, None for AWS's own of the region; `ca_bundle` a file of PEM
    certificates that sign the endpoints'; `plain_http` whether requests may leave this machine without
    encryption; `lock` where leases are kept, None: wherever that works; `bundle` None where no bundles can be
    made for it; `condor` None where no HTCondor launches machines there; `test` what test VMs are launched
    with by default; `file` where the service was defined, "" for the built-in. `simulated`: its machines are,
    and nothing boots there; `forwards` are ports of its machines that are reached at others, as on the
    sandbox where a user may not listen. `abilities` are those that its file declares, or that are known of
    its host; by default the sandbox's, which alone has no file.
    """

    name: str
    region: str
    ec2: str | None = None
    s3: str | None = None
    ebs: str | None = None
    credentials: Credentials = SdkChain()
    ca_bundle: str | None = None
    plain_http: bool = False
    launch: Launch = Launch.EC2
    stage: Method = Method.EBS
    tags: Tagging = Tagging.CREATE
    bucket: str | None = None
    lock: Lock | None = None
    bundle: BundleKeys | None = None
    condor: CondorAccess | None = None
    limits: Limits = Limits()
    test: LaunchDefaults | None = None
    file: str = ""
    simulated: bool = False
    forwards: Mapping[int, int] = field(default_factory=dict)
    abilities: Abilities = SANDBOX_ABILITIES

    @property
    def job_credentials(self) -> KeyFiles | None:
        """The key files that jobs name, as paths on the schedd's machine."""
        if self.condor is not None and self.condor.credentials is not None:
            return self.condor.credentials
        return self.credentials if isinstance(self.credentials, KeyFiles) else None

    @property
    def ec2_url(self) -> str:
        """The EC2 endpoint, AWS's own of the region where no other is named."""
        return self.ec2 or f"https://ec2.{self.region}.amazonaws.com"

    def may_share_account(self, other: Service) -> bool:
        """Whether another service has the same EC2 endpoint, so that both may be of one account."""
        return _place_of(self.ec2_url) == _place_of(other.ec2_url)

    @property
    def on_loopback(self) -> bool:
        """Whether every endpoint is on this machine, so that nothing of value can be at stake."""
        return self.ec2 is not None and all(
            is_loopback(url) for url in (self.ec2, self.s3, self.ebs) if url is not None
        )


def effective_tagging(tags: Tagging, abilities: Abilities, creation: Ability) -> Tagging:
    """When a kind of resource gets its tags on a service whose file says `tags`. `creation` is the ability to
    set them at creation. Where that is not known to work, tags are looked for afterwards, and put on."""
    if tags is Tagging.CREATE and not abilities.has(creation):
        return Tagging.AFTER
    return tags


def _place_of(url: str) -> tuple[str, str, int | None]:
    """A URL's scheme, host and port; all names of this machine's loopback are one."""
    parts = urlsplit(url)
    host = "localhost" if is_loopback(url) else parts.hostname or ""
    return parts.scheme, host, parts.port or PORTS.get(parts.scheme)


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this machine's loopback: 127.0.0.0/8, ::1, or a localhost name."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin_of(url: str) -> str:
    """An endpoint's word: `aws` for AWS's own, else the URL's scheme, host and port. Other words stay."""
    if "://" not in url:
        return url
    return AWS if is_aws_api(url) else place_of(url)


@dataclass(frozen=True)
class SandboxStatus:
    """Whether the sandbox runs, and where. URLs are "" while it does not; `machines` then says what they
    would be. `calls` is the file that lists its calls.

    `forwards` maps the ports of real machines that can be reached to the ports of the machine's address where
    they are; `faults` are the rules by which it misbehaves, `without` the names of abilities
    that were taken away.
    """

    running: bool
    ec2: str
    s3: str
    ebs: str
    machines: Literal["qemu", "simulated"]
    pid: int | None
    calls: Path
    forwards: Mapping[int, int] = field(default_factory=dict)
    faults: str = ""
    without: str = ""
