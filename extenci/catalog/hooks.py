"""The hooks of a spec root, and the words by which this user allows them.

A hook is the repository's, which may be anyone's. An address is allowed as a whole; a program by its command
line and by the content of the files of the root that it names.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from extenci.catalog.files import read_whole
from extenci.model.hook import AskedHook, Event, Hook
from extenci.model.trust import HOOK, HookRequest, word_of_hook
from extenci.spec.root import read_root

LARGEST_PROGRAM = 64 << 20


def asked_hooks(folder: Path, root: Path, event: Event | None = None) -> tuple[AskedHook, ...]:
    """The hooks that the extenci.yaml in `folder` names, all of them or those told of an event. They are
    allowed as hooks of `root`, which `folder` may be a checkout of."""
    shown = os.path.realpath(root)
    return tuple(
        AskedHook(hook, HookRequest(shown, hook.label, hook_word(hook, folder)))
        for hook in read_root(folder).hooks
        if event is None or event in hook.after
    )


def hook_word(hook: Hook, folder: Path) -> str:
    """The word that allows a hook of a root in a folder."""
    if hook.url:
        return word_of_hook(hook.url)
    files = sorted(set(_files(hook, folder)))
    content = json.dumps([hook.run, files]).encode()
    return HOOK + hashlib.sha256(content).hexdigest()


def _files(hook: Hook, folder: Path) -> Iterator[tuple[str, str]]:
    """The words of a command that name files of the root, each with the digest of its content."""
    real = Path(os.path.realpath(folder))
    for word in hook.run:
        path = Path(os.path.realpath(real / word))
        if path.is_relative_to(real) and path.is_file():
            try:
                digest = hashlib.sha256(read_whole(path, LARGEST_PROGRAM)).hexdigest()
            except OSError as error:
                digest = f"unreadable: {error.errno}"
            yield word, digest
