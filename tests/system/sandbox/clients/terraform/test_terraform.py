"""The sandbox as Terraform sees it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from extenci.model.service import SANDBOX_ACCOUNT, SandboxStatus
from tests.system.sandbox.clients.programs import environment
from tests.system.sandbox.clients.terraform.installation import TerraformMissing, find_terraform

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_s3 import S3Client

SECONDS = 240
TAG: Any = [{"Name": "tag:made", "Values": ["by-terraform"]}]
CHANGED = "Apply complete! Resources: 0 added, {} changed, 0 destroyed."

Run = Callable[..., str]


@pytest.fixture
def terraform(sandbox: SandboxStatus, make_image: Callable[..., str], tmp_path: Path) -> Run:
    """terraform("apply", team="physics"): Terraform's output. It must end with exit status 0."""
    try:
        found = find_terraform()
    except TerraformMissing as missing:
        pytest.skip(str(missing))
    shutil.copy(Path(__file__).with_name("main.tf"), tmp_path)
    configuration = tmp_path / "terraform.rc"
    configuration.write_text(found.configuration)
    public = Ed25519PrivateKey.generate().public_key()
    values = {
        "ec2": sandbox.ec2,
        "s3": sandbox.s3,
        "image": make_image(),
        "public_key": public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode(),
    }
    (tmp_path / "terraform.tfvars.json").write_text(json.dumps(values))
    variables = environment(tmp_path, TF_CLI_CONFIG_FILE=str(configuration), CHECKPOINT_DISABLE="1")

    def run(*words: str, **more: str) -> str:
        named = {f"TF_VAR_{name}": value for name, value in more.items()}
        done = subprocess.run(
            [found.program, *words],
            env={**variables, **named},
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        assert done.returncode == 0, f"{done.stdout}{done.stderr}"
        return done.stdout

    run("init", "-no-color", "-input=false")
    return run


def tagged(ec2: EC2Client) -> set[str]:
    """What bears Terraform's tag, but for machines that are gone: those are listed for an hour more."""
    tags = ec2.get_paginator("describe_tags").paginate(Filters=[{"Name": "key", "Values": ["made"]}])
    found = {tag["ResourceId"] for page in tags for tag in page["Tags"]}
    machines = ec2.describe_instances(Filters=TAG)["Reservations"]
    ended = {
        one["InstanceId"]
        for each in machines
        for one in each["Instances"]
        if one["State"]["Name"] == "terminated"
    }
    return found - ended


def snapshots_and_volumes(ec2: EC2Client) -> set[str]:
    snapshots = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    volumes = ec2.describe_volumes()["Volumes"]
    return {one["SnapshotId"] for one in snapshots} | {one["VolumeId"] for one in volumes}


def test_terraform_makes_changes_and_removes_all(terraform: Run, ec2: EC2Client, s3: S3Client) -> None:
    """All is made, the next plan is empty, a tag changes, and nothing is left."""
    before = snapshots_and_volumes(ec2)
    options = ["-no-color", "-input=false"]
    terraform("apply", "-auto-approve", *options, team="physics")
    made = json.loads(terraform("output", "-json"))
    assert made["account"]["value"] == SANDBOX_ACCOUNT
    (found,) = ec2.describe_instances(InstanceIds=[made["machine"]["value"]])["Reservations"][0]["Instances"]
    assert found["State"]["Name"] == "running"
    assert s3.get_object(Bucket="terraform", Key="copy")["Body"].read() == b"content"
    with_tags = tagged(ec2)

    terraform("plan", "-detailed-exitcode", *options, team="physics")

    changed = terraform("apply", "-auto-approve", *options, team="chemistry")
    assert CHANGED.format(9) in changed
    assert tagged(ec2) == with_tags
    teams = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [*with_tags]}])["Tags"]
    assert {tag["Value"] for tag in teams if tag["Key"] == "team"} == {"chemistry"}

    terraform("destroy", "-auto-approve", *options, team="chemistry")
    assert tagged(ec2) == set()
    assert snapshots_and_volumes(ec2) - before == set()
    assert "terraform" not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
