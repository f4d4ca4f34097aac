"""STS and SSM, which clients of EC2 call beside it and which answer at its address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from extenci.model.service import SANDBOX_ACCOUNT, SandboxStatus


@pytest.fixture
def client(sandbox: SandboxStatus) -> Callable[[str], Any]:
    """client("sts"): a client of another service at EC2's address."""

    def make(service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=sandbox.ec2,
            region_name="us-east-1",
            aws_access_key_id="AKIATEST000000000000",
            aws_secret_access_key="anything",
        )

    return make


def test_sts_says_whose_the_keys_are(client: Callable[[str], Any]) -> None:
    assert client("sts").get_caller_identity()["Account"] == SANDBOX_ACCOUNT


def test_ssm_keeps_parameters_and_their_tags(client: Callable[[str], Any]) -> None:
    ssm = client("ssm")
    tags = [{"Key": "team", "Value": "physics"}]
    ssm.put_parameter(Name="/images/worker", Value="ami-12345678", Type="String", Tags=tags)
    assert ssm.get_parameter(Name="/images/worker")["Parameter"]["Value"] == "ami-12345678"
    asked = {"ResourceType": "Parameter", "ResourceId": "/images/worker"}
    assert ssm.list_tags_for_resource(**asked)["TagList"] == tags
    ssm.remove_tags_from_resource(**asked, TagKeys=["team"])
    assert ssm.list_tags_for_resource(**asked)["TagList"] == []
