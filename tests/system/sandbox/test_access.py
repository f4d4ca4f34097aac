"""Access keys and the wire. What AWS does: EC2 API reference, "Common client error codes"; S3 API reference,
"Error responses"; "Common errors" of the EBS direct APIs."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from extenci.model.service import SandboxStatus

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_s3 import S3Client

DENIED = "AKIADENIED0000000000"
READ_ONLY = "AKIAREADONLY00000000"


def answer_to(act: Callable[[], object]) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        act()
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_denied_key_is_refused_by_each_service(client_of: Callable[..., Any]) -> None:
    ec2, s3, ebs = (client_of(service, DENIED) for service in ("ec2", "s3", "ebs"))
    assert answer_to(ec2.describe_images) == ("AuthFailure", 401)
    assert answer_to(s3.list_buckets) == ("InvalidAccessKeyId", 403)
    assert answer_to(lambda: ebs.start_snapshot(VolumeSize=1)) == ("UnrecognizedClientException", 403)


def test_a_read_only_key_may_look_and_change_nothing(
    client_of: Callable[..., Any], s3: S3Client, image: str
) -> None:
    s3.create_bucket(Bucket="looked-at")
    s3.put_object(Bucket="looked-at", Key="a", Body=b"b")
    ec2, only, ebs = (client_of(service, READ_ONLY) for service in ("ec2", "s3", "ebs"))
    assert image in {found["ImageId"] for found in ec2.describe_images(Owners=["self"])["Images"]}
    assert only.get_object(Bucket="looked-at", Key="a")["Body"].read() == b"b"
    assert only.head_object(Bucket="looked-at", Key="a")["ContentLength"] == 1
    run = {"ImageId": image, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    assert answer_to(lambda: ec2.run_instances(**run)) == ("UnauthorizedOperation", 403)
    assert answer_to(lambda: ec2.deregister_image(ImageId=image)) == ("UnauthorizedOperation", 403)
    assert answer_to(lambda: only.put_object(Bucket="looked-at", Key="c", Body=b"")) == ("AccessDenied", 403)
    assert answer_to(lambda: ebs.start_snapshot(VolumeSize=1)) == ("AccessDeniedException", 403)


def fetched(url: str, **more: Any) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, **more)) as answer:  # noqa: S310
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.mark.parametrize(
    ("service", "path", "status", "code"),
    [
        ("ec2", "/?Action=DescribeImages&Version=2016-11-15", 401, b"MissingAuthenticationToken"),
        ("s3", "/", 403, b"AccessDenied"),
        ("ebs", "/snapshots/snap-0123/blocks", 403, b"Missing Authentication Token"),
    ],
)
def test_a_request_without_signature_is_refused(
    sandbox: SandboxStatus, service: str, path: str, status: int, code: bytes
) -> None:
    found, body = fetched(getattr(sandbox, service) + path)
    assert found == status
    assert code in body


@pytest.mark.parametrize(
    "authorization",
    [
        # what HTCondor's ec2_gahp makes of the host 127.0.0.1
        "AWS4-HMAC-SHA256 Credential=AKIATEST/20260101/0/127/aws4_request, SignedHeaders=host",
        "AWS4-HMAC-SHA256 Credential=AKIATEST/20260101/mars-1/lambda/aws4_request, SignedHeaders=host",
    ],
)
def test_service_and_region_of_a_signature_do_not_matter(
    sandbox: SandboxStatus, image: str, authorization: str
) -> None:
    """moto's server takes the service from the signature, and ends in a 500 for an unknown one."""
    status, body = fetched(
        f"{sandbox.ec2}/?Action=DescribeImages&Version=2012-10-01",
        headers={"Authorization": authorization, "User-Agent": "curl region/eu-west-1"},
    )
    assert status == 200
    assert image.encode() in body


def test_a_signature_of_version_2_is_taken(sandbox: SandboxStatus) -> None:
    query = "Action=DescribeKeyPairs&Version=2012-10-01&AWSAccessKeyId=AKIATEST&Signature=x"
    assert fetched(f"{sandbox.ec2}/?{query}")[0] == 200


def test_clients_of_all_regions_see_the_same(client_of: Callable[..., Any], image: str) -> None:
    """One region and one account, whoever asks: a sandbox is small."""
    other = client_of("ec2", "AKIAELSE000000000000", region="eu-central-1")
    assert image in {found["ImageId"] for found in other.describe_images(Owners=["self"])["Images"]}


@pytest.mark.parametrize("action", ["MakeCoffee", "DescribeVolumeStatus", "AcceptAddressTransfer"])
def test_what_is_not_there_is_an_error_of_ec2s_kind(sandbox: SandboxStatus, action: str) -> None:
    """InvalidAction: unknown to AWS, not implemented by moto, unknown to moto. moto: a 500 in HTML."""
    scope = "AKIATEST000000000000/20260101/us-east-1/ec2/aws4_request"
    status, body = fetched(
        f"{sandbox.ec2}/?Action={action}&Version=2016-11-15&VolumeId=vol-1",
        headers={"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host"},
    )
    assert status == 400
    assert b"<Code>InvalidAction</Code>" in body


def test_objects_go_to_s3_and_come_back(s3: S3Client) -> None:
    s3.create_bucket(Bucket="some-objects")
    key, content = "a folder/ü+%20.bin", bytes(range(256)) * 40_000
    s3.put_object(Bucket="some-objects", Key=key, Body=content, Metadata={"a_b": "c"})
    assert s3.get_object(Bucket="some-objects", Key=key)["Body"].read() == content
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="some-objects")["Contents"]] == [key]
    upload = s3.create_multipart_upload(Bucket="some-objects", Key="parts")["UploadId"]
    parts: Any = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(
                Bucket="some-objects", Key="parts", UploadId=upload, PartNumber=number, Body=content
            )["ETag"],
        }
        for number in (1, 2)
    ]
    s3.complete_multipart_upload(
        Bucket="some-objects", Key="parts", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    assert s3.head_object(Bucket="some-objects", Key="parts")["ContentLength"] == 2 * len(content)
    s3.delete_object(Bucket="some-objects", Key="parts")
    assert answer_to(lambda: s3.head_object(Bucket="some-objects", Key="parts"))[1] == 404


def test_every_call_is_logged_and_no_secret(
    sandbox: SandboxStatus, client_of: Callable[..., Any], ec2: EC2Client
) -> None:
    """What was called by whom, how it ended, and whether it would change things."""
    mark = uuid4().hex
    ec2.describe_instances(Filters=[{"Name": "tag:mark", "Values": [mark]}])
    answer_to(lambda: ec2.terminate_instances(InstanceIds=["i-0123456789abcdef0"]))
    answer_to(client_of("ebs", DENIED).start_snapshot)
    lines = sandbox.calls.read_text("utf-8").splitlines()
    looked, ended, started = (json.loads(line) for line in lines[-3:])
    assert mark not in "".join(lines)
    assert set(looked) == {"time", "service", "action", "key", "status", "error", "changes"}
    assert (looked["service"], looked["action"], looked["status"]) == ("ec2", "DescribeInstances", 200)
    assert (looked["key"], looked["error"], looked["changes"]) == ("AKIATEST0000", "", False)
    assert (ended["action"], ended["status"], ended["changes"]) == ("TerminateInstances", 400, True)
    assert ended["error"] == "InvalidInstanceID.NotFound"
    assert (started["service"], started["status"], started["key"]) == ("ebs", 403, "AKIADENIED00")
