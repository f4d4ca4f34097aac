"""The launch keys of a spec or a service file → values of the model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from extenci.model.launch import LaunchDefaults, LaunchSettings, RootVolume
from extenci.model.service import SANDBOX, Service
from extenci.spec.format import LaunchKeys
from extenci.spec.spec_file import SpecEntry
from extenci.spec.user_data import read_user_data
from extenci.spec.validation.wording import quoted
from extenci.spec.yaml.document import Mark


def read_launch_keys(
    root: Path, folder: Path, spec: LaunchKeys, place: str = "the spec root"
) -> tuple[LaunchDefaults, str]:
    """The launch keys of a file in `folder`, and what is wrong with its file of user data, or ''."""
    volume = spec.root_volume
    user_data, fault = read_user_data(root, folder, spec, place)
    found = LaunchDefaults(
        type=spec.type,
        launch=spec.launch,
        key_name=spec.key_name,
        user_data=user_data,
        security_groups=None if spec.security_groups is None else tuple(spec.security_groups),
        subnet=spec.subnet,
        availability_zone=spec.availability_zone,
        instance_profile=spec.instance_profile,
        root_volume=RootVolume(volume.gib, volume.type, volume.encrypted) if volume else None,
        spot_price=spec.spot_price,
    )
    return found, fault


def to_settings(type_: str, keys: LaunchDefaults) -> LaunchSettings:
    """Complete settings of a launch."""
    return LaunchSettings(
        type=type_,
        key_name=keys.key_name,
        user_data=keys.user_data,
        security_groups=keys.security_groups or (),
        subnet=keys.subnet,
        availability_zone=keys.availability_zone,
        instance_profile=keys.instance_profile,
        root_volume=keys.root_volume,
        spot_price=keys.spot_price,
    )


def check_condor(
    entry: SpecEntry, service: Service, spec: LaunchKeys, *above: str
) -> Iterator[tuple[Mark, str]]:
    """Why HTCondor cannot launch what an entry asks for below the keys `above`, with the places."""
    if service.condor is None and service.name != SANDBOX:
        text = (
            f"the service {quoted(service.name)} has no 'condor' block, which names the HTCondor that "
            "launches there; an empty one, 'condor: {}', means this machine's"
        )
        yield entry.place(*above, "launch"), text
    if service.condor is None or service.condor.is_local:
        return
    key = "user_data" if spec.user_data is not None else "user_data_file"
    if spec.user_data is not None or spec.user_data_file is not None:
        text = (
            f"{quoted(key)} cannot be sent through a schedd on another machine: it would be part of "
            "the job, where everyone can read it; use a schedd here, or launch: ec2"
        )
        yield entry.place(*above, key), text
