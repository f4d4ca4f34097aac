"""Editing a service file in the user's editor, on a copy that takes its place only if it is right."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import current_thread, main_thread

from extenci.catalog.home import Home
from extenci.catalog.services.files import check_draft, find_service, unusable, write_draft
from extenci.model.errors import CatalogError, SpecError


def edit_service(home: Home, name: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Open a copy of a service file in $VISUAL, $EDITOR or vi, and put it in place if it is a service.

    False where nothing was changed. SpecError where it has mistakes: the old file stays, and the draft
    too, to go on with next time. CatalogError where no editor works or someone else changed the file.
    """
    path = find_service(home, name)
    before = read_text(path)
    draft = draft_path(path)
    if not draft.exists():
        home.make(draft.parent)
        write_draft(original_path(draft), before)
        write_draft(draft, before)
    open_editor(draft, environment)
    if read_text(draft) == before:
        discard(draft)
        return False
    check_edited(draft, path, name)
    put_in_place(draft, path)
    return True


def draft_path(path: Path) -> Path:
    """Where the draft of a service file is; its name is the service's, as reading it needs."""
    return path.parent / f".{path.stem}.draft" / path.name


def original_path(draft: Path) -> Path:
    """Where the text is kept that a draft was made from, which may be days ago."""
    return draft.with_suffix(".original")


def open_editor(draft: Path, environment: Mapping[str, str]) -> None:
    """Run the editor and wait for it; CatalogError where it cannot run or fails."""
    editor = environment.get("VISUAL") or environment.get("EDITOR") or "vi"
    try:
        command = [*shlex.split(editor), str(draft)]
        with interrupts_are_the_editors():
            status = subprocess.run(command, check=False, env=dict(environment)).returncode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CatalogError(
            f"The editor `{editor}` cannot be started: {reason}.",
            "Set VISUAL or EDITOR to one that is installed.",
        ) from error
    if status != 0:
        end = f"ended with status {status}" if status > 0 else f"was ended by signal {-status}"
        raise CatalogError(
            f"The editor `{editor}` {end}, so nothing was changed.",
            f"The draft is {draft}; it is opened again next time, unless you delete it.",
        )


@contextmanager
def interrupts_are_the_editors() -> Iterator[None]:
    """Ctrl-C inside an editor is one of its keys; a terminal sends it to us, too. A handler that does nothing
    is not passed on to the editor, unlike SIG_IGN (execve(2))."""
    if current_thread() is not main_thread():  # only there can handlers be set
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def check_edited(draft: Path, path: Path, name: str) -> None:
    """SpecError with the draft's positions, saying that the old file stays and where the draft is."""
    try:
        check_draft(draft, draft)
    except SpecError as error:
        raise SpecError(
            error.problems,
            f"{path} is as it was. The draft is {draft}: `extenci catalog edit {name}` opens it again; "
            "delete it to start afresh.",
        ) from error


def put_in_place(draft: Path, path: Path) -> None:
    """Replace the file by its draft, unless it is not what the draft was made from any more."""
    original = original_path(draft)
    if not original.exists() or read_text(path) != read_text(original):
        raise CatalogError(
            f"{path} was changed by someone else since your draft of it was made, so it was left alone.",
            f"Your draft is {draft}: compare the two, and move it into place yourself.",
        )
    try:
        draft.replace(path)
    except OSError as error:
        raise unusable(path, error) from error
    shutil.rmtree(draft.parent, ignore_errors=True)  # editors leave backups of their own there


def discard(draft: Path) -> None:
    """Remove a draft that changes nothing."""
    try:
        shutil.rmtree(draft.parent)
    except OSError as error:
        raise unusable(draft, error) from error


def read_text(path: Path) -> str:
    """The text of a small file; bytes that are not UTF-8 are kept as they are."""
    try:
        return path.read_text("utf-8", "surrogateescape")
    except OSError as error:
        raise unusable(path, error) from error
