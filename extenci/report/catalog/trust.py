"""What is asked for or granted, in words for people."""

from __future__ import annotations

from collections.abc import Iterable

from extenci.model.text import joined
from extenci.model.trust import (
    AWS,
    CERTIFICATES,
    CONDOR,
    FILE,
    HOOK,
    PROFILE,
    SCHEDD_FILE,
    SDK,
    Access,
    Grant,
    HookGrant,
    HookRequest,
    Settings,
    TrustRequest,
)
from extenci.report.text.columns import columns
from extenci.report.text.safe import safe

SHOWN_DIGITS = 12


def request_text(request: TrustRequest, verb: str = "would use") -> str:
    """The service, its file, and what it would use, or may use, where."""
    service = f"The service {safe(request.service)}, described in {safe(request.file)},"
    return f"{service} {verb} {access_text(request.access)}."


def access_text(access: Access) -> str:
    """`… at …`, and whether anyone on the way could read it."""
    endpoints = sorted(access.endpoints)
    where = joined([safe(endpoint_text(one)) for one in endpoints], "and")
    text = f"{credentials_text(access.credentials)} at {where}"
    return text + (", without encryption" if any(one.startswith("http://") for one in endpoints) else "")


def credentials_text(words: Iterable[str]) -> str:
    """Credentials as a list of nouns."""
    return joined([safe(credential_text(word)) for word in sorted(words)], "and")


def endpoint_text(word: str) -> str:
    """One endpoint as a noun."""
    if word == AWS:
        return "AWS"
    return f"the HTCondor pool {word.removeprefix(CONDOR)}" if word.startswith(CONDOR) else word


def credential_text(word: str) -> str:
    """One kind of credentials as a noun."""
    if word == SDK:
        return "the credentials that the AWS SDK finds"
    kind, _, value = word.partition(":")
    match f"{kind}:":
        case key if key == PROFILE:
            return f"the AWS profile {value} (which may run a program)"
        case key if key == FILE:
            return f"the file {value}"
        case key if key == SCHEDD_FILE:
            return f"the file {value} of the schedd's machine"
        case key if key == CERTIFICATES:
            return f"certificates with the SHA-256 {value[:SHOWN_DIGITS]}…"
        case _:
            return word


def render_settings(settings: Settings) -> str:
    """All grants, one line for each endpoint and credential, the paths outside of spec roots, and hooks."""
    if settings == Settings():
        return "Nothing is trusted beyond this user's own service files.\n"
    lines: list[str] = []
    if settings.grants:
        rows = [("SERVICE", "ENDPOINTS", "CREDENTIALS"), *map(grant_row, settings.grants)]
        lines += columns(rows)
    for paths, head in (
        (settings.sources, "Images may be made from disks in"),
        (settings.keys, "Checks may log in with"),
    ):
        if paths:
            lines += [""] if lines else []
            lines += [head, *(f"  {safe(one)}" for one in paths)]
    if settings.hooks:
        lines += [""] if lines else []
        lines += ["Hooks that may be told results", *columns([*map(hook_row, settings.hooks)], "  ")]
    return "\n".join(lines) + "\n"


def hook_text(request: HookRequest, verb: str = "would be told") -> str:
    """The hook, its root, and the address or program that it is."""
    return f"{hook_noun(request.label, request.word)} {verb} the results of {safe(request.root)}."


def hook_noun(label: str, word: str) -> str:
    """`The program ./tell.sh, with the SHA-256 9f2c…,`; `The address https://chat.example.edu`."""
    about = word.removeprefix(HOOK)
    if "://" in about:
        return f"The address {safe(about)}"
    return f"The program `{safe(label)}`, with the SHA-256 {about[:SHOWN_DIGITS]}…,"


def hook_row(grant: HookGrant) -> tuple[str, str]:
    """An allowed hook as a line of a table."""
    return safe(grant.label or grant.word.removeprefix(HOOK)), safe(grant.root)


def grant_row(grant: Grant) -> tuple[str, str, str]:
    """A grant as a line of a table."""
    access = grant.access
    service, endpoints = grant.service or "-", " ".join(sorted(access.endpoints))
    return safe(service), safe(endpoints), safe(" ".join(sorted(access.credentials)))
