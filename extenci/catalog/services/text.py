"""The text of a new service file: YAML with comments."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

PLAIN_SCALAR = re.compile(r"[A-Za-z~/](?:[A-Za-z0-9~/._-]|:(?=[A-Za-z0-9/]))*")
YAML_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n", "~"})


@dataclass(frozen=True)
class ServiceFields:
    """The values of a new service file; None is left out. Credentials are paths, or a profile's name."""

    region: str | None = None
    ec2: str | None = None
    s3: str | None = None
    ebs: str | None = None
    access_key_file: str | None = None
    secret_key_file: str | None = None
    profile: str | None = None
    ca_bundle: str | None = None
    launch: str | None = None
    stage: str | None = None
    tags: str | None = None
    bucket: str | None = None
    bundle_certificate: str | None = None
    bundle_private_key: str | None = None
    bundle_cloud_certificate: str | None = None
    bundle_user: str | None = None


COMMENTS: Mapping[str, str] = {
    "ec2": "the endpoint of the EC2 API",
    "s3": "the endpoint of the S3 API",
    "ebs": "the endpoint of the EBS direct APIs",
    "ca_bundle": "PEM certificates that sign the endpoints'",
    "launch": "who starts machines: ec2 or condor",
    "stage": "how images get there: ebs, import or bundle",
    "tags": "when things can be tagged: create, after (older Eucalyptus) or none",
    "bucket": "where uploads go",
}

AFTER_ENDPOINTS = ("ca_bundle", "launch", "stage", "tags", "bucket")


def service_text(name: str, fields: ServiceFields) -> str:
    """The whole file. It holds paths and names, never a secret."""
    lines = [f"# The service {name}, as extenci calls it. It holds paths and names, never a secret."]
    lines += [line for key in ("region", "ec2", "s3", "ebs") for line in entry(key, getattr(fields, key))]
    lines += credential_lines(fields)
    lines += [line for key in AFTER_ENDPOINTS for line in entry(key, getattr(fields, key))]
    lines += bundle_lines(fields)
    lines += [
        "# limits: {delete_percent: 30, instances: 200}   # a plan past one of these needs --force",
        "# test: {type: t3.micro}                         # defaults for test machines",
    ]
    return "\n".join(lines) + "\n"


def credential_lines(fields: ServiceFields) -> list[str]:
    """The credentials, or a comment that says where the SDK looks for them."""
    keys = ("access_key_file", "secret_key_file", "profile")
    lines = [f"  {line}" for key in keys for line in entry(key, getattr(fields, key))]
    if not lines:
        return ["# credentials: found by the AWS SDK: environment, ~/.aws, instance role"]
    return ["credentials:", *lines]


def bundle_lines(fields: ServiceFields) -> list[str]:
    """The keys and certificates of bundles, if any is given."""
    keys = ("certificate", "private_key", "cloud_certificate", "user")
    lines = [f"  {line}" for key in keys for line in entry(key, getattr(fields, f"bundle_{key}"))]
    return ["bundle:  # keys and certificates for stage: bundle", *lines] if lines else []


def entry(key: str, value: str | None) -> list[str]:
    """A line of YAML with its comment; none where there is no value."""
    if value is None:
        return []
    comment = f"  # {COMMENTS[key]}" if key in COMMENTS else ""
    return [f"{key}: {scalar(value)}{comment}"]


def scalar(value: str) -> str:
    """A value as a YAML scalar: plain if it cannot be misread, otherwise as JSON, which YAML includes."""
    if PLAIN_SCALAR.fullmatch(value) and value.lower() not in YAML_WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
