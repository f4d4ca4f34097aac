"""Key pairs that live as long as a test VM."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from extenci.cloud.journalled.intents import Operation
from extenci.launch.context import LaunchContext
from extenci.model.abilities import Ability
from extenci.model.verification import KEY_PAIR_PREFIX

NAME_CHARACTERS = 16
"""Of a token, for a name: enough to be unique in an account, and short enough for a login line."""


def make_key_pair(context: LaunchContext, tags: Mapping[str, str]) -> tuple[str, Path]:
    """Make a key pair; its name, and the file of its private key, which only this user can read."""
    name = KEY_PAIR_PREFIX + context.next_token()[:NAME_CHARACTERS]
    at_creation = context.tags_at_creation(context.tags(tags), Ability.TAG_KEY_PAIR)
    private_key = context.changes.ec2.create_key_pair(name, at_creation)
    context.keys_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = key_file(name, context.keys_folder)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(private_key if private_key.endswith("\n") else private_key + "\n")
    return name, path


def delete_key_pair(name: str, context: LaunchContext, *, within: Operation | None = None) -> None:
    """Delete a key pair, and the file of its private key where that is here."""
    context.changes.ec2.delete_key_pair(name, within=within)
    key_file(name, context.keys_folder).unlink(missing_ok=True)


def key_file(name: str, folder: Path) -> Path:
    """Where the private key of a key pair is. The name may come from a service, hence from anyone."""
    return folder / Path(name).name
