"""The sandbox as the AWS CLI sees it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from extenci.model.service import SandboxStatus
from tests.system.sandbox.clients.programs import environment, programs, run_program


def test_the_aws_cli_launches_tags_and_ends_machines(
    sandbox: SandboxStatus, make_image: Callable[..., str], tmp_path: Path
) -> None:
    aws = programs("awscli", "awscli==1.42.0") / "aws"
    variables = environment(tmp_path)

    def run(*words: str) -> Any:
        at = ["--endpoint-url", sandbox.ec2, "--output", "json"]
        return json.loads(run_program(aws, *at, "ec2", *words, variables=variables) or "null")

    made = run("run-instances", "--image-id", make_image(), "--instance-type", "t3.micro")
    (machine,) = (one["InstanceId"] for one in made["Instances"])
    run("create-tags", "--resources", machine, "--tags", "Key=client,Value=aws-cli")
    found = run("describe-instances", "--filters", "Name=tag:client,Values=aws-cli")
    assert [one["InstanceId"] for each in found["Reservations"] for one in each["Instances"]] == [machine]
    ended = run("terminate-instances", "--instance-ids", machine)
    assert [one["InstanceId"] for one in ended["TerminatingInstances"]] == [machine]
