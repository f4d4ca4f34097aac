"""Names of other tools are recognised."""

from __future__ import annotations

import pytest

from extenci.model.version import Architecture
from extenci.spec.format import ImageSpec, InstancesSpec, SpecFile, UpdateSpec, VolumeSpec
from extenci.spec.services.format import ServiceFile
from extenci.spec.validation.other_names import NAMES_HERE
from extenci.spec.words import suggestion

GROUP, IMAGE = InstancesSpec.model_fields, ImageSpec.model_fields


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("amd64", list(Architecture), "x86_64"),
        ("aarch64", list(Architecture), "arm64"),
        ("i686", list(Architecture), "i386"),
        ("instance_type", GROUP, "type"),
        ("ami", GROUP, "image"),
        ("ami", IMAGE, "source"),
        ("keypair", GROUP, "key_name"),
        ("key-pair", GROUP, "key_name"),
        ("zone", GROUP, "availability_zone"),
        ("Replicas", GROUP, "count"),
        ("vpc_security_group_ids", GROUP, "security_groups"),
        ("checksum", IMAGE, "sha256"),
        ("volume_size", VolumeSpec.model_fields, "gib"),
        ("servers", SpecFile.model_fields, "instances"),
        ("endpoint_url", ServiceFile.model_fields, "ec2"),
        ("archtecture", IMAGE, "architecture"),
    ],
)
def test_the_name_here_is_suggested(word: str, known: list[str], meant: str) -> None:
    assert suggestion(word, known) == f"; did you mean '{meant}'?"


def test_a_name_is_not_suggested_where_it_has_no_place() -> None:
    assert suggestion("keypair", IMAGE) == ""


def test_the_names_here_exist() -> None:
    models = (SpecFile, ImageSpec, InstancesSpec, VolumeSpec, UpdateSpec, ServiceFile)
    keys = {key for model in models for key in model.model_fields}
    values = {*Architecture, "legacy-bios", "uefi", "condor"}
    assert {name for names in NAMES_HERE.values() for name in names} <= keys | values
