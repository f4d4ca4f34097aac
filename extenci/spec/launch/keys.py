"""The launch keys of a spec or a service file → values of the model."""

from __future__ import annotations

from pathlib import Path

from extenci.model.launch import LaunchDefaults, LaunchSettings, RootVolume
from extenci.spec.format import LaunchKeys
from extenci.spec.launch.user_data import read_user_data


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
