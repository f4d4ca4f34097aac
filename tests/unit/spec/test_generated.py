"""Generated specs: nothing but SpecError comes of any, and what is sound is read as it is written."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from extenci.model.address import Address
from extenci.model.desired import Desired, ImageId
from extenci.model.errors import Problem, SpecError
from extenci.model.service import Service
from extenci.spec.format import ImageSpec, InstancesSpec, SpecFile, VerifySpec
from extenci.spec.load import load_desired
from extenci.spec.own_file import AllowedPaths
from extenci.spec.services.file import read_service
from extenci.spec.services.format import ServiceFile

SANDBOX = Service(name="sandbox", region="us-east-1", ec2="http://127.0.0.1:1")


def load(content: bytes) -> Desired:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.yaml").write_bytes(content)
        return load_desired(
            [Path(folder)], catalog_services={}, sandbox=SANDBOX, allowed=AllowedPaths((Path("/d"),))
        )


def load_or_explain(load_it: Callable[[], object]) -> bool:
    """Whether it was loaded, or had problems in our own words; any other exception passes through."""
    problems: tuple[Problem, ...] = ()
    try:
        load_it()
    except SpecError as error:
        problems = error.problems
        if not problems:
            return False
    words = ("Input should", "does not fit")
    return all(p.message.isprintable() and not any(word in p.message for word in words) for p in problems)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_specs_or_have_problems(content: bytes) -> None:
    assert load_or_explain(lambda: load(content))


MODELS = (SpecFile, ImageSpec, InstancesSpec, VerifySpec, ServiceFile)
KEYS = sorted(
    {key for model in MODELS for key in model.model_fields} | {"gib", "tcp", "ssh", "run", "x", "credentials"}
)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["sandbox", "10m", "ami-1", "ebs", "x.raw", "https://h/x", "t3.micro"])
)  # fmt: skip
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=200)
@given(
    st.fixed_dictionaries(
        {"service": ANYTHING | st.just("sandbox")},
        optional={
            "images": st.dictionaries(st.sampled_from("ab"), ANYTHING) | ANYTHING,
            "instances": st.dictionaries(st.sampled_from("cd"), ANYTHING) | ANYTHING,
            "x": ANYTHING,
        },
    )
)
def test_any_values_are_specs_or_have_problems_at_places(values: dict[str, Any]) -> None:
    assert load_or_explain(lambda: load(json.dumps(values).encode()))


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=6))
def test_any_values_are_a_service_or_have_problems(values: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cloud.yaml"
        path.write_text(json.dumps(values))
        assert load_or_explain(lambda: read_service(path))


NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,8}", fullmatch=True).filter(
    lambda name: not name.startswith(("ami-", "emi-"))
)
LINE = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=("C", "Z")),
    min_size=1,
    max_size=9,
)
TAGS = st.dictionaries(
    LINE.filter(lambda key: not key.lower().startswith(("aws:", "extenci:"))), LINE, max_size=4
)
IMAGES = st.fixed_dictionaries(
    {"source": st.just("/d/x.raw")},
    optional={
        "size": st.integers(1, 65536),
        "keep": st.integers(0, 100),
        "protect": st.booleans(),
        "tags": TAGS,
        "boot_mode": st.sampled_from(["uefi", "legacy-bios"]),
    },
)
TEXT_KEYS = ("key_name", "subnet", "availability_zone", "instance_profile")
GROUPS = st.fixed_dictionaries(
    {"type": LINE, "count": st.integers(0, 10000), "image": st.just("ami-1")},
    optional={
        **dict.fromkeys(TEXT_KEYS, LINE),
        "user_data": st.text(min_size=1, max_size=50),
        "security_groups": st.lists(LINE, unique=True, max_size=3),
        "tags": TAGS,
        "protect": st.booleans(),
        "root_volume": st.fixed_dictionaries(
            {}, optional={"gib": st.integers(1, 999), "encrypted": st.booleans()}
        ),
    },
)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(NAMES, IMAGES, max_size=3), st.dictionaries(NAMES, GROUPS, max_size=3))
def test_sound_specs_are_read_as_they_are_written(images: dict[str, Any], groups: dict[str, Any]) -> None:
    groups = {name: group for name, group in groups.items() if name not in images}
    document = {"service": "sandbox", "images": images, "instances": groups}
    desired = load(json.dumps(document).encode())
    assert {spec.address.name for spec in desired.images} == set(images)
    assert {spec.address.name for spec in desired.instances} == set(groups)
    for name, wanted in images.items():
        spec = desired.image(Address("sandbox", name))
        assert spec is not None
        assert (spec.gib, spec.keep, spec.protect) == (
            wanted.get("size"), wanted.get("keep", 1), wanted.get("protect", False),
        )  # fmt: skip
        assert (spec.tags, spec.boot_mode) == (wanted.get("tags", {}), wanted.get("boot_mode"))
    for group in desired.instances:
        wanted = groups[group.address.name]
        assert (group.image, group.count) == (ImageId("ami-1"), wanted["count"])
        assert (group.settings.type, group.tags) == (wanted["type"], wanted.get("tags", {}))
        for key in TEXT_KEYS:
            assert getattr(group.settings, key) == wanted.get(key)
        assert list(group.settings.security_groups) == wanted.get("security_groups", [])
        data = group.settings.user_data
        assert (base64.b64decode(data).decode() if data else None) == wanted.get("user_data")
