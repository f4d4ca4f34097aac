"""Key pairs that live as long as a test VM."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from extenci.apply.context import ChangeContext
from extenci.model.journal import written_down
from extenci.model.verification import KEY_PAIR_PREFIX

NAME_CHARACTERS = 16
"""Of a token, for a name: enough to be the only one of an account, and short enough for a login line."""


def make_key_pair(context: ChangeContext, tags: Mapping[str, str]) -> tuple[str, Path]:
    """Make a key pair; its name, and the file of its private key, which only this user can read."""
    name = KEY_PAIR_PREFIX + context.token(context.calls_so_far())[:NAME_CHARACTERS]
    ec2 = context.staging.clients.ec2
    with written_down(context.staging.calls, "CreateKeyPair", token=name, request={"name": name}) as settle:
        material = ec2.create_key_pair(name, context.staging.tags_at_birth(context.tags(tags)))
        settle({"name": name})
    context.run_context.keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = key_file(name, context.run_context.keys)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(material if material.endswith("\n") else material + "\n")
    return name, path


def drop_key_pair(name: str, context: ChangeContext) -> None:
    """Delete a key pair, and the file of its private key where that is here."""
    with written_down(context.staging.calls, "DeleteKeyPair", request={"name": name}) as settle:
        context.staging.clients.ec2.delete_key_pair(name)
        settle({"name": name})
    key_file(name, context.run_context.keys).unlink(missing_ok=True)


def key_file(name: str, folder: Path) -> Path:
    """Where the private key of a key pair is. The name may come from a service, hence from anyone."""
    return folder / Path(name).name
