"""Abilities of a service: which parts of the EC2, EBS direct and S3 APIs it offers, and how that is known.

Clouds with an EC2 API offer what Amazon's did when they were written: OpenStack's and Eucalyptus's know the
API version of 2014, without tags at creation, EBS direct or ENA. Requests are built from abilities; nothing
else tells one kind of cloud from another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from extenci.model.errors import UsageError


class Ability(StrEnum):
    """An ability, by the name it has in service files, in `extenci doctor` and in messages."""

    TAG_IMAGE = "tag-on-create-image"
    TAG_SNAPSHOT = "tag-on-create-snapshot"
    TAG_INSTANCE = "tag-on-create-instance"
    TAG_KEY_PAIR = "tag-on-create-key-pair"
    TAG_IMPORT_TASK = "tag-on-create-import-task"
    CREATE_TAGS = "create-tags"
    CLIENT_TOKEN = "client-token"  # noqa: S105 - a parameter's name
    FILTER_TAG = "filter-tag"
    FILTER_TOKEN = "filter-client-token"  # noqa: S105 - the name of a filter
    FILTER_ID = "filter-id"
    PAGING = "paging"
    INCLUDE_DISABLED = "include-disabled"
    IMAGE_LOCATION = "image-location"
    BOOT_MODE = "boot-mode"
    ENA = "ena-support"
    IMDS = "imds-support"
    EBS_DIRECT = "ebs-direct"
    IMPORT_SNAPSHOT = "import-snapshot"
    CONSOLE = "console-output"
    KEY_PAIRS = "key-pairs"
    S3_ACL = "s3-acl"
    LIST_UPLOADS = "list-multipart-uploads"
    MULTIPART = "multipart-uploads"
    CONDITIONAL_WRITES = "conditional-writes"
    CONSISTENT = "consistent-lists"

    @property
    def meaning(self) -> str:
        """The ability in words for people."""
        return MEANINGS[self]


MEANINGS: Mapping[Ability, str] = {
    Ability.TAG_IMAGE: "RegisterImage sets tags",
    Ability.TAG_SNAPSHOT: "StartSnapshot sets tags",
    Ability.TAG_INSTANCE: "RunInstances sets tags",
    Ability.TAG_KEY_PAIR: "CreateKeyPair sets tags",
    Ability.TAG_IMPORT_TASK: "ImportSnapshot sets tags",
    Ability.CREATE_TAGS: "CreateTags sets tags on what is there",
    Ability.CLIENT_TOKEN: "RunInstances launches once for a client token, however often it is made",
    Ability.FILTER_TAG: "lists can be filtered by tag",
    Ability.FILTER_TOKEN: "DescribeInstances can be filtered by client token",
    Ability.FILTER_ID: "lists can be filtered by id",
    Ability.PAGING: "lists come in pages",
    Ability.INCLUDE_DISABLED: "DescribeImages takes IncludeDisabled, or any parameter it does not know",
    Ability.IMAGE_LOCATION: "DescribeImages says where a bundle lies",
    Ability.BOOT_MODE: "RegisterImage takes BootMode",
    Ability.ENA: "RegisterImage takes EnaSupport",
    Ability.IMDS: "RegisterImage takes ImdsSupport",
    Ability.EBS_DIRECT: "snapshots can be written block by block (EBS direct APIs)",
    Ability.IMPORT_SNAPSHOT: "snapshots can be imported from S3 (ImportSnapshot)",
    Ability.CONSOLE: "GetConsoleOutput gives a machine's console",
    Ability.KEY_PAIRS: "CreateKeyPair makes key pairs",
    Ability.S3_ACL: "objects in S3 take the ACL aws-exec-read",
    Ability.LIST_UPLOADS: "S3 lists unfinished multipart uploads",
    Ability.MULTIPART: "S3 takes objects in parts",
    Ability.CONDITIONAL_WRITES: "S3 stores an object only where there is none (If-None-Match)",
    Ability.CONSISTENT: "lists show at once what was made",
}

TAGS_AT_CREATION = (
    Ability.TAG_IMAGE,
    Ability.TAG_SNAPSHOT,
    Ability.TAG_INSTANCE,
    Ability.TAG_KEY_PAIR,
    Ability.TAG_IMPORT_TASK,
)

SHOWN_ELSEWHERE = frozenset((*TAGS_AT_CREATION, Ability.CLIENT_TOKEN))
"""Parts that a service may take and ignore: that a call with them was done does not show that they work."""

GROUPS: Mapping[str, tuple[Ability, ...]] = {
    "all": tuple(one for one in Ability if one is not Ability.CONSISTENT),
    "tag-on-create": TAGS_AT_CREATION,
    "filters": (Ability.FILTER_TAG, Ability.FILTER_TOKEN, Ability.FILTER_ID),
}
"""Names that stand for several abilities, wherever one is named."""

NEWER_THAN_2014 = frozenset((*TAGS_AT_CREATION, Ability.BOOT_MODE, Ability.ENA, Ability.IMDS))
"""Parts of changing calls that a service which was never asked gets only where it is known to take, or to
ignore, parameters that came after the API version of 2014 (`INCLUDE_DISABLED`): others answer HTTP 500."""


class Source(StrEnum):
    """How an ability, or the lack of it, is known."""

    DECLARED = "declared"
    """The service's file says so."""
    KNOWN = "known"
    """It is a cloud whose abilities are documented."""
    PROBED = "probed"
    """A call that only reads was made to find out."""
    LEARNED = "learned"
    """The service's answer to work showed it."""


@dataclass(frozen=True)
class Evidence:
    """Whether a service has an ability, and how that is known; `detail` is the call and answer that showed
    it, `at` when (seconds since the epoch, 0 where that does not matter)."""

    has: bool
    source: Source
    detail: str = ""
    at: float = 0.0


@dataclass(frozen=True)
class Abilities:
    """The known abilities of a service. An ability without evidence is unknown: neither had nor
    lacking."""

    evidence: Mapping[Ability, Evidence] = field(default_factory=dict)

    def has(self, ability: Ability) -> bool:
        """Whether the service is known to have an ability."""
        found = self.evidence.get(ability)
        return found is not None and found.has

    def lacks(self, ability: Ability) -> bool:
        """Whether the service is known to lack an ability."""
        found = self.evidence.get(ability)
        return found is not None and not found.has

    def sends(self, ability: Ability) -> bool:
        """Whether requests get the optional part that an ability is about: it is known to work, or at least
        to do no harm."""
        if ability in self.evidence:
            return self.has(ability)
        return ability not in NEWER_THAN_2014 or self.has(Ability.INCLUDE_DISABLED)

    def __or__(self, other: Abilities) -> Abilities:
        """Both; where they say different things, `other` counts."""
        return Abilities({**self.evidence, **other.evidence})


def expand(names: Mapping[str, bool]) -> Iterator[tuple[Ability, bool]]:
    """Names of abilities and of groups as abilities; what stands later, and names of single abilities,
    count."""
    for name, has in names.items():
        if name in GROUPS:
            yield from ((ability, has) for ability in GROUPS[name])
    for name, has in names.items():
        if name not in GROUPS:
            yield Ability(name), has


def parse_names(text: str) -> frozenset[Ability]:
    """The abilities that a list of names stands for, with commas between; `none` says none. UsageError."""
    names = [name for name in re.split(r"[\s,]+", text) if name not in ("", "none")]
    for name in names:
        if name not in GROUPS and name not in set(Ability):
            raise UsageError(
                f"{name!r} is no ability.", f"There are {', '.join((*GROUPS, *Ability))}; or say `none`."
            )
    return frozenset(ability for ability, _ in expand(dict.fromkeys(names, True)))


def declared(names: Mapping[str, bool]) -> Abilities:
    """The abilities that a service's file declares."""
    return Abilities({one: Evidence(has, Source.DECLARED) for one, has in expand(names)})


AWS = Abilities(
    {
        ability: Evidence(True, Source.KNOWN, "AWS's documentation")
        for ability in Ability
        if ability not in (Ability.S3_ACL, Ability.CONSISTENT)
    }
)
"""The abilities of AWS. Whether objects take ACLs is a setting of each bucket."""

SANDBOX_ABILITIES = AWS | Abilities({Ability.CONSISTENT: Evidence(True, Source.KNOWN, "it is one process")})
"""The abilities of the sandbox, which is built after AWS."""

_AWS_HOST = re.compile(r"(?:[a-z0-9-]+\.)*amazonaws\.(?:com|com\.cn|eu)|(?:[a-z0-9-]+\.)*api\.aws")


def is_aws(url: str) -> bool:
    """Whether a URL is an endpoint of AWS."""
    return bool(_AWS_HOST.fullmatch(urlsplit(url).hostname or ""))


_AWS_API = re.compile(
    r"(?:ec2|s3|ebs)(?:-fips)?(?:\.dualstack)?(?:[.-][a-z]{2}(?:-[a-z]+)+-[0-9]+)?"
    r"\.(?:amazonaws\.(?:com|com\.cn|eu)|api\.aws)"
)


def is_aws_api(url: str) -> bool:
    """Whether a URL is that of EC2, S3 or EBS itself, by TLS. Other names below AWS's domains belong to its
    customers: machines, load balancers, gateways, private endpoints."""
    parts = urlsplit(url)
    return (
        parts.scheme == "https"
        and parts.port in (None, 443)
        and bool(_AWS_API.fullmatch(parts.hostname or ""))
    )


def known_of(ec2: str | None) -> Abilities:
    """The abilities that are known of an EC2 endpoint by its host; None is AWS's own."""
    return AWS if ec2 is None or is_aws(ec2) else Abilities()
