"""Reads a schedd's settings for launching machines.

Sources: src/condor_gridmanager/baseresource.cpp (the limit), ec2job.cpp (EC2_GAHP) and gahp-client.cpp
(GAHP_SSL_…); src/condor_utils/param_info.in (defaults).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from extenci.model.observed import QueueFacts
from extenci.model.service import CondorAccess, Service

MOST_SUBMITTED = "GRIDMANAGER_MAX_SUBMITTED_JOBS_PER_RESOURCE"
"""How many jobs HTCondor submits to one service at a time; with the suffix `_EC2`, to one EC2 service."""
MOST_SUBMITTED_DEFAULT = 20
MOST_SUBMITTED_IF_INVALID = 1000
"""The gridmanager's limit if the setting is not a positive number."""
SETTINGS = (
    f"{MOST_SUBMITTED}_EC2", MOST_SUBMITTED, "EC2_GAHP", "SCHEDD", "GAHP_SSL_CAFILE", "GAHP_SSL_CADIR",
)  # fmt: skip
"""The settings that are read."""
UNDEFINED = ("", "Not defined")
"""The values of a setting that is not set, as daemons report it."""

Settings = Mapping[str, str]


def with_settings(facts: QueueFacts, settings: Settings, service: Service) -> QueueFacts:
    """The facts, completed by a schedd's settings."""
    return replace(
        facts,
        most_submitted=read_limit(settings, service.ec2_url),
        has_ec2_gahp=has_gahp(settings, service.condor or CondorAccess()),
        has_ca_file=any(_get(settings, name) for name in ("GAHP_SSL_CAFILE", "GAHP_SSL_CADIR")),
    )


def read_limit(settings: Settings, url: str) -> int:
    """The limit for a service: `20`, or `20, NAME, 100, …` where NAME is a part of the service's URL."""
    text = _get(settings, f"{MOST_SUBMITTED}_EC2") or _get(settings, MOST_SUBMITTED)
    words = re.split(r"[\s,]+", text.strip()) if text else [str(MOST_SUBMITTED_DEFAULT)]
    limit = _whole(words[0])
    for name, number in zip(words[1::2], words[2::2], strict=False):
        if name in f"{url}/":
            limit = _whole(number)
    return limit if limit > 0 else MOST_SUBMITTED_IF_INVALID


def has_gahp(settings: Settings, access: CondorAccess) -> bool | None:
    """Whether the schedd's machine has an EC2 GAHP; None if one is configured, but its file cannot be
    checked. That is possible only if the schedd shares this machine's files, as the path of its own program
    tells."""
    gahp, schedd = _get(settings, "EC2_GAHP"), _get(settings, "SCHEDD")
    if not gahp:
        return False
    if access.is_local and schedd and Path(schedd).exists():
        return Path(gahp).exists()
    return None


def read_version(text: str) -> str:
    """`23.9.6` of `$CondorVersion: 23.9.6 2024-08-08 … $`, "" if there is none."""
    found = re.search(r"\d+(?:\.\d+)+", text)
    return found[0] if found else ""


def _get(settings: Settings, name: str) -> str:
    value = settings.get(name, "")
    return "" if value in UNDEFINED else value


def _whole(text: str) -> int:
    """The number at the beginning of a text, 0 if there is none, like C's atoi."""
    found = re.match(r"-?\d+", text)
    return int(found[0]) if found else 0
