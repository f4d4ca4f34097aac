"""The contexts in which calls are made through the SDK: each supplies a client and translates its errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from extenci.cloud.aws.answers.parsers import MissingValue
from extenci.cloud.aws.answers.retries import ATTEMPTS
from extenci.cloud.aws.errors import translated
from extenci.cloud.aws.session import ServiceSession
from extenci.model.errors import NotFound, ServiceError

if TYPE_CHECKING:
    from mypy_boto3_ebs import EBSClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_s3 import S3Client

ROLE_HINT = (
    "The service reads the disk from S3 in the role `vmimport`. Create that role, with permission to read "
    'the bucket: VM Import/Export User Guide, "Required service role". Or stage with `method: ebs`.'
)


@contextmanager
def _answer(session: ServiceSession, api: str, call: str, *hidden: str) -> Iterator[None]:
    """The reading of an answer, which the block picks apart: what it misses there, the answer lacks."""
    with translated(session.service.name, call, session.address(api), (*session.hidden(), *hidden)):
        try:
            yield
        except KeyError as error:
            raise MissingValue(str(error.args[0])) from None


@contextmanager
def ec2_call(
    session: ServiceSession, call: str, *hidden: str, attempts: int = ATTEMPTS
) -> Iterator[EC2Client]:
    """A call to EC2, made at most `attempts` times. Raises ServiceError and its kinds, whose texts never show
    the secrets in `hidden`."""
    client: EC2Client = session.client("ec2", attempts=attempts)
    with _answer(session, "ec2", call, *hidden):
        yield client


@contextmanager
def import_call(session: ServiceSession, call: str, *, attempts: int = ATTEMPTS) -> Iterator[EC2Client]:
    """A call to VM Import, which most often fails for want of a role. Raises ServiceError and its kinds."""
    client: EC2Client = session.client("ec2", attempts=attempts)
    try:
        with _answer(session, "ec2", call):
            yield client
    except ServiceError as error:
        if "vmimport" in error.message:
            error.hint = ROLE_HINT
        raise


@contextmanager
def ebs_call(session: ServiceSession, call: str, *, attempts: int = ATTEMPTS) -> Iterator[EBSClient]:
    """A call to EBS direct, made at most `attempts` times. Raises ServiceError and its kinds."""
    client: EBSClient = session.client("ebs", attempts=attempts)
    with _answer(session, "ebs", call):
        yield client


@contextmanager
def s3_call(
    session: ServiceSession, call: str, bucket: str, *, attempts: int = ATTEMPTS
) -> Iterator[S3Client]:
    """A call to S3, made at most `attempts` times. Raises ServiceError and its kinds; NotFound if the bucket
    does not exist."""
    client: S3Client = session.client("s3", attempts=attempts)
    try:
        with _answer(session, "s3", call):
            yield client
    except NotFound as error:
        if error.code == "NoSuchBucket":
            file = in_service_file(session.service.file)
            error.hint = f"Create the bucket {bucket}, or name another as `bucket:`{file}."
        raise


def in_service_file(file: str) -> str:
    """The service's file in parentheses, to end a sentence with; "" if there is none."""
    return f" ({file})" if file else ""


def expected(answer: Mapping[str, Any], name: str) -> object:
    """A part that every answer to a call has: an answer without it does not come from such a service."""
    if answer.get(name) in (None, ""):
        raise MissingValue(name)
    return answer[name]


def etag_of(answer: Any) -> str:
    """The ETag in an answer from S3, without its quotes."""
    return str(expected(answer, "ETag")).strip('"')


def batches(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """The ids in batches of at most `size`."""
    return (ids[start : start + size] for start in range(0, len(ids), size))
