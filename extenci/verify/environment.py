"""The environment variables of programs that checks start."""

from __future__ import annotations

import re
from collections.abc import Mapping

from extenci.verify.evidence_folder import CONSOLE, SSH_CONFIG, EvidenceFolder
from extenci.verify.target import Target

_SECRET = re.compile(
    r"SECRET|TOKEN|PASSW|PASSPHRASE|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY|^AWS_|^EXTENCI_", re.IGNORECASE
)


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables whose names do not suggest secrets. Secrets of a CI system or of the AWS SDK are not for
    programs of a spec repository. SSH_AUTH_SOCK stays, since people log in with their agent."""
    return {name: value for name, value in environment.items() if not _SECRET.search(name)}


def build_environment(target: Target, folder: EvidenceFolder, own: Mapping[str, str]) -> dict[str, str]:
    """`own`, and variables that describe the machine: EXTENCI_ADDRESS, _MACHINE, _IMAGE, _SERVICE, _NAME and
    _STACK; _USER and _KEY where they are known; and paths: _CONSOLE, _FOLDER, and _SSH_CONFIG, with which a
    program logs in: `ssh -F "$EXTENCI_SSH_CONFIG" "$EXTENCI_ADDRESS"`."""
    known = {
        "ADDRESS": target.address,
        "MACHINE": target.machine,
        "IMAGE": target.image,
        "SERVICE": target.service,
        "NAME": target.name,
        "STACK": target.stack,
        "USER": target.user or "",
        "KEY": str(target.key or ""),
        "CONSOLE": str(folder.path / CONSOLE),
        "FOLDER": str(folder.path),
        "SSH_CONFIG": str(folder.path / SSH_CONFIG),
    }
    return {**own, **{f"EXTENCI_{name}": value for name, value in known.items() if value}}
