from __future__ import annotations

import pytest

from extenci.cloud.aws.ec2 import own_images
from extenci.model.service import Service


@pytest.mark.parametrize(
    ("service", "disabled_too"),
    [
        (Service("amazon", "us-east-1"), True),
        (Service("amazon", "us-east-1", ec2="https://ec2.us-east-1.amazonaws.com"), True),
        (Service("beijing", "cn-north-1", ec2="https://ec2.cn-north-1.amazonaws.com.cn"), True),
        (Service("sandbox", "us-east-1", ec2="http://127.0.0.1:1", ebs="http://127.0.0.1:2"), True),
        (Service("campus", "x", ec2="https://cloud.example.edu:8788/services/Cloud"), False),
    ],
)
def test_only_a_service_like_aws_is_asked_for_disabled_images(service: Service, disabled_too: bool) -> None:
    expected = {"Owners": ["self"], "IncludeDisabled": True} if disabled_too else {"Owners": ["self"]}
    assert own_images(service) == expected
