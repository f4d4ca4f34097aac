"""What the service files of spec repositories ask for, and what a user allows them.

A spec repository may be anyone's. Its service files say where requests go and by which credentials, so each
pair of the two needs this user's word. Both are written as words, in settings and in messages:

    https://cloud.example.edu:8773   an endpoint: scheme, host and port, without its path
    aws                              the endpoints that are AWS's own
    condor:cm.example.edu            the collector of an HTCondor pool
    sdk                              the credentials that the AWS SDK finds by itself
    profile:research                 a profile of its configuration, which may name a program to run
    file:/home/ann/keys/id           a file of keys; of a grant also a folder, for the files below it
    schedd-file:/home/ann/keys/id    the same on the schedd's machine
    ca:9f2c…                         certificates that vouch for endpoints, by SHA-256; `ca:*` any
    sources:/srv/images              a folder outside of spec roots that images may be made from
    hook:https://chat.example.edu    an endpoint that hooks of spec roots may tell results
    hook:9f2c…                       a program that they may run: its command line and files, by SHA-256
    keys:/home/ann/.ssh/lab          a private key outside of them, or a folder, that checks may log in with
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

AWS = "aws"
SDK = "sdk"
CONDOR = "condor:"
PROFILE = "profile:"
FILE = "file:"
SCHEDD_FILE = "schedd-file:"
CERTIFICATES = "ca:"
ANY_CERTIFICATES = "ca:*"
SOURCES = "sources:"
HOOK = "hook:"
KEYS = "keys:"

PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Access:
    """Endpoints, and the credentials that requests to any of them carry."""

    endpoints: frozenset[str]
    credentials: frozenset[str]

    def covers(self, wanted: Access) -> bool:
        """Whether whoever allows this allows `wanted`, too."""
        return wanted.endpoints <= self.endpoints and all(
            any(_includes(own, one) for own in self.credentials) for one in wanted.credentials
        )

    @property
    def words(self) -> tuple[str, ...]:
        """Endpoints first, sorted."""
        return (*sorted(self.endpoints), *sorted(self.credentials))


def _includes(allowed: str, wanted: str) -> bool:
    if allowed == wanted:
        return True
    if allowed == ANY_CERTIFICATES:
        return wanted.startswith(CERTIFICATES)
    if not wanted.startswith((FILE, SCHEDD_FILE)):
        return False
    kind, _, path = wanted.partition(":")
    folder = allowed.removeprefix(f"{kind}:")
    return folder != allowed and posixpath.commonpath((folder, path)) == folder


@dataclass(frozen=True)
class TrustRequest:
    """A service of a spec root, the file that describes it, and the access it asks for."""

    service: str
    file: str
    access: Access


@dataclass(frozen=True)
class Grant:
    """An access that the user allowed, and the service that asked for it."""

    service: str
    access: Access


@dataclass(frozen=True)
class HookRequest:
    """A hook of a spec root that asks to be told results: the root's folder, the hook as it is shown, and the
    word that allows it."""

    root: str
    label: str
    word: str


@dataclass(frozen=True)
class HookGrant:
    """A hook that the user allowed, by its word. `root` is the folder whose hook it is, "" for any; `label`
    shows it."""

    root: str
    label: str
    word: str


@dataclass(frozen=True)
class Settings:
    """A user's settings: grants, and what any spec may name outside of its root: folders that images may be
    made from, and private keys (or folders of them) that checks may log in with.
    `hooks` are hooks that may be told results."""

    sources: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()
    keys: tuple[str, ...] = ()
    hooks: tuple[HookGrant, ...] = ()

    def allows(self, access: Access) -> bool:
        """Whether one grant covers an access."""
        return any(grant.access.covers(access) for grant in self.grants)

    def allows_hook(self, request: HookRequest) -> bool:
        """Whether a hook may be told results."""
        return any(one.word == request.word and one.root in ("", request.root) for one in self.hooks)

    def __or__(self, other: Settings) -> Settings:
        """Both."""
        return Settings(
            (*self.sources, *other.sources),
            (*self.grants, *other.grants),
            (*self.keys, *other.keys),
            (*self.hooks, *other.hooks),
        )


def is_endpoint(word: str) -> bool:
    """Whether a word stands for an endpoint."""
    if word == AWS or (word.startswith(CONDOR) and word != CONDOR):
        return True
    try:
        parts = urlsplit(word)
        return parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_credential(word: str) -> bool:
    """Whether a word stands for credentials."""
    kinds = (PROFILE, FILE, SCHEDD_FILE, CERTIFICATES)
    return word == SDK or any(word.startswith(kind) and word != kind for kind in kinds)


def is_hook(word: str) -> bool:
    """Whether a word stands for a hook."""
    about = word.removeprefix(HOOK)
    is_address = about.startswith("https://") and is_endpoint(about)
    return about != word and (is_address or re.fullmatch(r"[0-9a-f]{64}", about) is not None)


def word_of_hook(text: str) -> str:
    """The word of a hook's URL, or of a word for one; another word stays."""
    about = text.removeprefix(HOOK)
    return HOOK + (place_of(about) if "://" in about else about)


def place_of(url: str) -> str:
    """The scheme, host and port of a URL, without a port that the scheme implies."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def shell_words(words: Iterable[str]) -> str:
    """Words as one argument of a shell's command line."""
    return shlex.quote(shlex.join(words))
