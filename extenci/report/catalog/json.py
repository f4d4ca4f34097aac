"""The services that are known, as a JSON document, `format_version` 1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from extenci.model.errors import SpecError
from extenci.model.record import ResourceRecord
from extenci.model.service import Service

CATALOG_JSON_VERSION = 1


def services_document(
    services: Iterable[Service], errors: Iterable[SpecError], owned: Mapping[str, Iterable[ResourceRecord]]
) -> dict[str, object]:
    """The services, the problems of files that are wrong, and what is recorded as owned, counted."""
    return {
        "format_version": CATALOG_JSON_VERSION,
        "services": [service_document(service) for service in services],
        "owned": [
            {"stack": stack, "service": service, "kind": kind, "count": count}
            for stack, records in sorted(owned.items())
            for (service, kind), count in sorted(
                Counter((one.service, str(one.kind)) for one in records).items()
            )
        ],
        "problems": [str(problem) for error in errors for problem in error.problems],
    }


def service_document(service: Service) -> dict[str, object]:
    """One service. `file` is null for the one that is built in."""
    return {
        "name": service.name,
        "region": service.region,
        "ec2": service.ec2,
        "launch": str(service.launch),
        "stage": str(service.stage),
        "tags": str(service.tags),
        "file": service.file or None,
    }
