from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.session import Session

from extenci.cloud.aws.botocore_models import LeanFileLoader, shared_loader


def texts(described: Any) -> int:
    """How many texts for people something holds."""
    if isinstance(described, list):
        return sum(texts(one) for one in described)
    if not isinstance(described, dict):
        return 0
    own = described.get("documentation")
    return bool(isinstance(own, str) and own) + sum(texts(one) for one in described.values())


@pytest.mark.parametrize("service", ["ec2", "ebs", "s3"])
def test_a_description_says_all_that_programs_need(service: str) -> None:
    whole = Loader().load_service_model(service, "service-2")
    lean = shared_loader(Session()).load_service_model(service, "service-2")
    assert texts(whole) > 10
    assert texts(lean) == 0
    assert lean["operations"].keys() == whole["operations"].keys()
    assert lean["metadata"] == whole["metadata"]
    for name, shape in whole["shapes"].items():
        assert list(lean["shapes"][name].get("members", ())) == list(shape.get("members", ()))


def test_a_member_of_that_name_is_kept(tmp_path: Path) -> None:
    described = {"members": {"documentation": {"shape": "String", "documentation": "What it says."}}}
    (tmp_path / "some.json").write_text(json.dumps(described))
    loaded = LeanFileLoader().load_file(str(tmp_path / "some"))
    assert loaded == {"members": {"documentation": {"shape": "String", "documentation": ""}}}


def test_what_is_not_there_is_nothing(tmp_path: Path) -> None:
    assert LeanFileLoader().load_file(str(tmp_path / "none")) is None
