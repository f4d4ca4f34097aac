"""The settings of a user, `settings.yaml` in the home."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from extenci.model.errors import SpecError
from extenci.model.service import origin_of
from extenci.model.trust import (
    FILE,
    HOOK,
    Access,
    Grant,
    HookGrant,
    Settings,
    is_credential,
    is_endpoint,
    is_hook,
    word_of_hook,
)
from extenci.spec.problems import to_problems
from extenci.spec.validation.faults import validate
from extenci.spec.validation.fields import Command, FilePath, Text
from extenci.spec.validation.strict import Strict, wrong
from extenci.spec.yaml.document import Unreadable
from extenci.spec.yaml.files import absolute, read_text
from extenci.spec.yaml.load import load_document


def require_endpoint(word: str) -> str:
    """A word for an endpoint."""
    if not is_endpoint(word):
        raise wrong("must be an endpoint such as https://cloud.example.edu:8773, aws, or condor:POOL")
    return word


def require_credential(word: str) -> str:
    """A word for credentials."""
    if not is_credential(word):
        raise wrong("must be sdk, profile:NAME, file:PATH, schedd-file:PATH or ca:SHA256")
    return word


class GrantEntry(Strict):
    """An access that the user allows service files of spec roots."""

    service: Text = Field(default="", description="The service that asked for it; only to recognise it by.")
    endpoints: Annotated[list[Annotated[str, AfterValidator(require_endpoint)]], Field(min_length=1)] = Field(
        description="Endpoints as SCHEME://HOST:PORT, `aws` for AWS's own, `condor:POOL` for collectors."
    )
    credentials: Annotated[list[Annotated[str, AfterValidator(require_credential)]], Field(min_length=1)] = (
        Field(description="What may be used there: `sdk`, `profile:NAME`, `file:PATH`, and so on.")
    )


def require_hook(word: str) -> str:
    """The word of a hook, without its kind."""
    if not is_hook(HOOK + word):
        raise wrong("must be an address such as https://chat.example.edu, or the SHA-256 of a program")
    return word


class HookEntry(Strict):
    """A hook that the user allows a spec root to have."""

    root: FilePath = Field(description="The folder of the spec root.")
    hook: Command = Field(default="", description="The hook as it was; only to recognise it by.")
    trust: Annotated[str, AfterValidator(require_hook)] = Field(
        description="The address as https://HOST:PORT, or the SHA-256 of the program: its command line and "
        "the files of the root that it names."
    )


class SettingsFile(Strict):
    """The settings of a user."""

    sources: list[FilePath] = Field(
        default=[], description="Folders outside of spec roots that images may be made from."
    )
    keys: list[FilePath] = Field(
        default=[],
        description="Private keys outside of spec roots, or folders of them, that checks may log in with.",
    )
    trust: list[GrantEntry] = Field(
        default=[], description="What service files of spec roots may use, and for which endpoints."
    )
    hooks: list[HookEntry] = Field(default=[], description="Hooks of spec roots that may be told results.")


def read_settings(path: Path) -> Settings:
    """The settings in a file; none where it does not exist. SpecError has all problems of the file."""
    if not os.path.lexists(path) or _is_bare(path):
        return Settings()
    document = load_document(path)
    found, faults = validate(SettingsFile, document)
    if faults or found is None:
        raise SpecError(to_problems(path, faults))
    return Settings(
        tuple(real_path(path.parent, source) for source in found.sources),
        tuple(Grant(one.service, _access(path.parent, one)) for one in found.trust),
        tuple(real_path(path.parent, key) for key in found.keys),
        tuple(
            HookGrant(real_path(path.parent, one.root), one.hook, word_of_hook(one.trust))
            for one in found.hooks
        ),
    )


def _access(folder: Path, entry: GrantEntry) -> Access:
    return Access(frozenset(map(origin_of, entry.endpoints)), real_words(folder, entry.credentials))


def _is_bare(path: Path) -> bool:
    """Whether a file holds nothing but comments, as after the last of its entries was removed."""
    try:
        return all(not line.strip() or line.lstrip().startswith("#") for line in read_text(path).splitlines())
    except Unreadable:
        return False


def real_words(folder: Path, words: Iterable[str]) -> frozenset[str]:
    """Words for credentials, with the paths of files here made absolute."""
    return frozenset(
        FILE + real_path(folder, word.removeprefix(FILE)) if word.startswith(FILE) else word for word in words
    )


def real_path(folder: Path, path: str) -> str:
    """A path of a file in `folder` as an absolute one, with all links followed."""
    return os.path.realpath(absolute(folder, path))
