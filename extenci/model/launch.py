"""How machines are launched, and with what, whatever they are launched for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Launch(StrEnum):
    """Who starts the machines of a group."""

    EC2 = "ec2"
    CONDOR = "condor"

    @property
    def has_queue(self) -> bool:
        """Whether machines are launched by jobs of a queue, which stand there before they run."""
        return self is Launch.CONDOR


@dataclass(frozen=True)
class RootVolume:
    """The root volume where it should differ from the image's; `gib` in GiB."""

    gib: int | None = None
    type: str | None = None
    encrypted: bool | None = None


@dataclass(frozen=True)
class LaunchSettings:
    """The settings of a launch. `user_data` is base64 of the exact bytes (at most 16 KiB of
    them); names of security groups and their `sg-…` ids may be mixed; `spot_price` in the
    currency of the service, per hour, as text so that it stays exact."""

    type: str
    key_name: str | None = None
    user_data: str | None = None
    security_groups: tuple[str, ...] = ()
    subnet: str | None = None
    availability_zone: str | None = None
    instance_profile: str | None = None
    root_volume: RootVolume | None = None
    spot_price: str | None = None


@dataclass(frozen=True)
class LaunchDefaults:
    """A service's defaults for launching test VMs. None: no default."""

    type: str | None = None
    launch: Launch | None = None
    key_name: str | None = None
    user_data: str | None = None
    security_groups: tuple[str, ...] | None = None
    subnet: str | None = None
    availability_zone: str | None = None
    instance_profile: str | None = None
    root_volume: RootVolume | None = None
    spot_price: str | None = None
