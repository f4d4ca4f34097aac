"""The state of the sandbox as JSON values."""

from __future__ import annotations

from extenci.model.service import SandboxStatus

SANDBOX_JSON_VERSION = 1


def sandbox_document(status: SandboxStatus) -> dict[str, object]:
    """The document of `extenci sandbox status --format json`. URLs are "" while the sandbox does not run."""
    return {
        "format_version": SANDBOX_JSON_VERSION,
        "running": status.running,
        "ec2": status.ec2,
        "s3": status.s3,
        "ebs": status.ebs,
        "machines": status.machines,
        "ports": {str(port): reached_at for port, reached_at in status.forwards.items()},
        "calls": str(status.calls),
        "faults": status.faults,
        **({"without": status.without} if status.without else {}),
    }
