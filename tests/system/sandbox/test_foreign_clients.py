"""The sandbox as the clients of others see it: libcloud, the AWS CLI, and Terraform's way of waiting."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from extenci.model.service import SANDBOX_ACCOUNT, SandboxStatus
from tests.matrix.packages import python_packages
from tests.matrix.processes import Missing

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

LIBCLOUD = """
import json, sys
from urllib.parse import urlsplit
from libcloud.compute.drivers.ec2 import EC2NodeDriver
url, key, secret, image = sys.argv[1:]
parts = urlsplit(url)
ec2 = EC2NodeDriver(key, secret, secure=False, host=parts.hostname, port=parts.port, region="us-east-1")
node = ec2.create_node(
    name="theirs", image=ec2.get_image(image), size=next(s for s in ec2.list_sizes() if s.id == "t3.micro")
)
seen = [one.id for one in ec2.list_nodes()]
tagged = ec2.ex_create_tags(node, {"team": "physics"})
tags = ec2.ex_describe_tags(node)
untagged = ec2.ex_delete_tags(node, {"team": "physics"})
ended = ec2.destroy_node(node)
print(json.dumps([node.id in seen, tagged, tags.get("team"), untagged, ended]))
"""
"""A machine's life by libcloud: made, listed, tagged, ended."""
SECONDS = 120
KEY = "AKIATEST000000000000"


def programs(name: str, *requirements: str) -> Path:
    """The programs of packages of PyPI; skips where they cannot be had, and fails in CI."""
    try:
        return python_packages(name, requirements)
    except Missing as missing:
        if os.environ.get("EXTENCI_CI"):
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


def test_libcloud_sees_and_tags_the_machines_that_it_makes(
    sandbox: SandboxStatus, make_image: Callable[..., str]
) -> None:
    python = programs("libcloud", "apache-libcloud==3.8.0", "certifi") / "python"
    arguments = [sandbox.ec2, KEY, "anything", make_image()]
    done = subprocess.run(
        [str(python), "-c", LIBCLOUD, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [True, True, "physics", True, True]


def test_the_aws_cli_launches_tags_and_ends_machines(
    sandbox: SandboxStatus, make_image: Callable[..., str], tmp_path: Path
) -> None:
    aws = programs("awscli", "awscli==1.42.0") / "aws"
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": "anything", "AWS_DEFAULT_REGION": "us-east-1"}
    environment = {**keys, "PATH": os.environ["PATH"], "HOME": str(tmp_path)}

    def run(*words: str) -> Any:
        command = [str(aws), "--endpoint-url", sandbox.ec2, "--output", "json", "ec2", *words]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "null")

    made = run("run-instances", "--image-id", make_image(), "--instance-type", "t3.micro")
    (machine,) = (one["InstanceId"] for one in made["Instances"])
    run("create-tags", "--resources", machine, "--tags", "Key=team,Value=physics")
    found = run("describe-instances", "--filters", "Name=tag:team,Values=physics")
    assert [one["InstanceId"] for each in found["Reservations"] for one in each["Instances"]] == [machine]
    ended = run("terminate-instances", "--instance-ids", machine)
    assert [one["InstanceId"] for one in ended["TerminatingInstances"]] == [machine]


def test_an_image_that_was_deregistered_a_moment_ago_is_not_found_and_no_error(
    ec2: EC2Client, make_image: Callable[..., str]
) -> None:
    image = make_image()
    ec2.deregister_image(ImageId=image)
    assert ec2.describe_images(ImageIds=[image])["Images"] == []


def test_machines_are_launched_by_a_launch_template_under_what_the_call_says(
    ec2: EC2Client, make_image: Callable[..., str]
) -> None:
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "from", "Value": "template"}]}]
    data: Any = {"ImageId": make_image(), "InstanceType": "t3.small", "TagSpecifications": tags}
    ec2.create_launch_template(LaunchTemplateName="pool", LaunchTemplateData=data)
    made = ec2.run_instances(
        LaunchTemplate={"LaunchTemplateName": "pool"}, InstanceType="t3.micro", MinCount=1, MaxCount=1
    )
    (machine,) = made["Instances"]
    assert machine["InstanceType"] == "t3.micro"
    (found,) = ec2.describe_instances(InstanceIds=[machine["InstanceId"]])["Reservations"][0]["Instances"]
    assert found["ImageId"] == data["ImageId"]
    assert found["Tags"] == [{"Key": "from", "Value": "template"}]
    ec2.terminate_instances(InstanceIds=[machine["InstanceId"]])


def test_sts_and_ssm_answer_at_ec2s_address(sandbox: SandboxStatus) -> None:
    def client(service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=sandbox.ec2,
            region_name="us-east-1",
            aws_access_key_id=KEY,
            aws_secret_access_key="anything",
        )

    assert client("sts").get_caller_identity()["Account"] == SANDBOX_ACCOUNT
    ssm = client("ssm")
    ssm.put_parameter(Name="/images/worker", Value="ami-12345678", Type="String")
    assert ssm.get_parameter(Name="/images/worker")["Parameter"]["Value"] == "ami-12345678"
