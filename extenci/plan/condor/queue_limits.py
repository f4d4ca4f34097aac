"""Shortcomings of an HTCondor that would stop machines, or keep them waiting without a word.

Sources: HTCondor's git history for the versions (`ec2_parameter_…` came with 8.3.3; all of the EC2 GAHP's
requests have signatures of version 4 since 8.7.0, src/ec2_gahp/amazonCommands.h);
src/ec2_gahp/amazonCommands.cpp (`createV4Signature`) for host names;
condor_gridmanager/baseresource.cpp for the limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from extenci.model.abilities import is_aws
from extenci.model.finding import Finding, Level
from extenci.model.observed import QueueFacts
from extenci.model.service import Service, is_loopback
from extenci.model.text import counted

OLDEST = (8, 8)
"""The first stable series that signs all requests as every region of AWS takes it."""
OLDEST_TRIED = (23, 0)
NOBODY = ("", "unauthenticated", "anonymous")


def judge_queue(service: Service, facts: QueueFacts, wanted: int) -> tuple[Finding, ...]:
    """Problems with an HTCondor that is to launch `wanted` machines of a service."""
    return (
        *judge_version(service, facts),
        *judge_owner(service, facts),
        *judge_gahp(service, facts),
        *judge_limit(service, facts, wanted),
        *judge_host(service),
        *judge_trust(service, facts),
    )


def judge_version(service: Service, facts: QueueFacts) -> Iterator[Finding]:
    """A version that is too old, or older than any that was tested."""
    if not facts.version:
        return
    version = tuple(int(part) for part in facts.version.split("."))
    named = f"HTCondor {facts.version} of {service.name}"
    if version < OLDEST:
        yield Finding(
            service.name,
            Level.PROBLEM,
            f"{named} is too old: before 8.8 it signs requests in a way that AWS's newer regions refuse.",
            "Upgrade it; 23.0 or newer is best.",
        )
    elif version < OLDEST_TRIED:
        yield Finding(
            service.name,
            Level.WARNING,
            f"{named} is older than those that extenci was tested with.",
            "Upgrade it to 23.0 or newer if something behaves oddly.",
        )


def judge_owner(service: Service, facts: QueueFacts) -> Iterator[Finding]:
    """Neither root nor an unauthenticated user can own jobs."""
    if not facts.owner:
        return
    user = facts.owner.partition("@")[0]
    if user == "root":
        yield Finding(
            service.name,
            Level.PROBLEM,
            f"HTCondor knows us as {facts.owner}, and root cannot own jobs.",
            "Run extenci as another user, or with another user's token: condor_token_create -identity "
            "USER@DOMAIN, saved with mode 600 in SEC_TOKEN_DIRECTORY, and "
            "SEC_CLIENT_AUTHENTICATION_METHODS = IDTOKENS.",
        )
    elif user in NOBODY:
        yield Finding(
            service.name,
            Level.PROBLEM,
            f"HTCondor does not know who we are ({facts.owner}), so it takes no jobs from us.",
            "Let it authenticate us: on its own machine by FS, elsewhere by a token in SEC_TOKEN_DIRECTORY.",
        )


def judge_gahp(service: Service, facts: QueueFacts) -> Iterator[Finding]:
    """HTCondor speaks EC2 through a program (ec2_gahp) that not every installation has."""
    if facts.has_ec2_gahp is False:
        yield Finding(
            service.name,
            Level.PROBLEM,
            f"The HTCondor of {service.name} has no EC2 GAHP: its jobs can launch no machine.",
            "Install HTCondor's ec2_gahp on the schedd's machine, and let EC2_GAHP name it.",
        )


def judge_limit(service: Service, facts: QueueFacts, wanted: int) -> Iterator[Finding]:
    """More jobs than HTCondor submits to one service at a time. The others wait, and nothing says why."""
    most = facts.most_submitted
    if most is not None and wanted > most:
        jobs = counted(most, "job")
        yield Finding(
            service.name,
            Level.WARNING,
            f"HTCondor gives {service.name} at most {jobs} at a time: of the {wanted} machines wanted there, "
            f"{wanted - most} will wait in the queue.",
            "Raise GRIDMANAGER_MAX_SUBMITTED_JOBS_PER_RESOURCE_EC2 in the schedd's configuration.",
        )


def judge_host(service: Service) -> Iterator[Finding]:
    """The GAHP takes the service and region for its signatures from the host name (`ec2.REGION.…`). AWS
    refuses other signatures; other services may accept them."""
    host = (urlsplit(service.ec2_url).hostname or "").lower()
    if is_loopback(service.ec2_url):
        return
    signed = signs_for(host)
    if signed == ("ec2", service.region):
        return
    yield Finding(
        service.name,
        Level.PROBLEM if is_aws(service.ec2_url) else Level.WARNING,
        f"HTCondor takes service and region for its signatures from the host name {host}: it signs for "
        f"{signed[0]} in {signed[1]}, not for ec2 in {service.region}, and "
        + ("AWS refuses that." if is_aws(service.ec2_url) else "a service that checks it refuses that."),
        f"Use a name that begins with ec2.{service.region}. for the endpoint.",
    )


def signs_for(host: str) -> tuple[str, str]:
    """The service and the region that the GAHP signs requests for, given a host name."""
    labels = host.split(".")
    region = labels[1] if len(labels) > 2 else host
    return labels[0], region


def judge_trust(service: Service, facts: QueueFacts) -> Iterator[Finding]:
    """The GAHP does not use the certificates that a service file names."""
    if service.ca_bundle and facts.has_ca_file is False and service.ec2_url.startswith("https:"):
        yield Finding(
            service.name,
            Level.WARNING,
            "The service file names certificates (ca_bundle), but HTCondor's EC2 GAHP is set up with none.",
            "Set GAHP_SSL_CAFILE in the schedd's configuration to such a file, unless the system's own do.",
        )


def as_warnings(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Findings as the warnings of a plan."""
    return tuple(f"{one.text} {one.hint}" for one in findings if one.level is not Level.OK)
