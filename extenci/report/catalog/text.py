"""Services and records of the catalog as text."""

from __future__ import annotations

from collections.abc import Sequence

from extenci.model.record import ResourceRecord
from extenci.model.service import Credentials, KeyFiles, Profile, SdkChain, Service
from extenci.report.text.columns import columns
from extenci.report.text.palette import PLAIN, Palette
from extenci.report.text.safe import safe


def render_services(services: Sequence[Service], *, palette: Palette = PLAIN) -> str:
    """One line a service: its region, endpoint, credentials and file."""
    header, *lines = columns(
        [
            ("SERVICE", "REGION", "ENDPOINT", "CREDENTIALS", "FILE"),
            *((each.name, each.region, endpoint(each), credentials_text(each.credentials), file_text(each))
              for each in services),
        ]
    )  # fmt: skip
    return "\n".join([palette.paint(palette.faint, header), *lines]) + "\n"


def render_service(service: Service) -> str:
    """All settings of one service."""
    limits = service.limits
    rows = [
        ("file", file_text(service)),
        ("region", service.region),
        ("ec2", endpoint(service)),
        ("s3", service.s3 or "AWS's own"),
        ("ebs", service.ebs or "AWS's own"),
        ("credentials", credentials_text(service.credentials)),
        ("ca_bundle", service.ca_bundle),
        ("plain_http", "true" if service.plain_http else None),
        ("launch", service.launch),
        ("stage", service.stage),
        ("tags", service.tags),
        ("bucket", service.bucket),
        ("limits", f"delete_percent {limits.delete_percent}"),
        ("limits", f"instances {limits.instances}" if limits.instances is not None else None),
    ]
    told = [(key, value) for key, value in rows if value is not None]
    return "\n".join([safe(service.name), *columns(told, "  ")]) + "\n"


def render_records(records: Sequence[ResourceRecord], *, palette: Palette = PLAIN) -> str:
    """One line a resource on record."""
    if not records:
        return "No records.\n"
    ordered = sorted(records, key=lambda record: (record.address, record.kind, record.id))
    header, *lines = columns(
        [("ADDRESS", "KIND", "ID"), *((record.address, record.kind, record.id) for record in ordered)]
    )
    return "\n".join([palette.paint(palette.faint, header), *lines]) + "\n"


def endpoint(service: Service) -> str:
    """The endpoint of the EC2 API."""
    return service.ec2 or "AWS's own"


def file_text(service: Service) -> str:
    """The file that defines the service."""
    return service.file or "built in"


def credentials_text(credentials: Credentials) -> str:
    """Where the credentials are; never what they are."""
    match credentials:
        case KeyFiles(access_key_file=access, secret_key_file=secret):
            return f"files {access}, {secret}"
        case Profile(name=name):
            return f"profile {name}"
        case SdkChain():
            return "the AWS SDK's own"
