"""Editing a service file: the user edits a draft, which replaces the file if it is valid."""

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
    """Open a draft of a service file in $VISUAL, $EDITOR or vi, and put it in place if it is valid.

    False where nothing was changed. SpecError where the draft has mistakes: then the file stays as it was,
    and the next call opens the draft again. CatalogError where the editor fails, or someone else changed the
    file.
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
    """The path of the draft of a service file. It ends with the service's name, which is read from there."""
    return path.parent / f".{path.stem}.draft" / path.name


def original_path(draft: Path) -> Path:
    """The path of a copy of the service file as it was when the draft was made, maybe days ago."""
    return draft.with_suffix(".original")


def open_editor(draft: Path, environment: Mapping[str, str]) -> None:
    """Run the editor and wait for it; CatalogError where it cannot be started, or fails."""
    editor = environment.get("VISUAL") or environment.get("EDITOR") or "vi"
    try:
        command = [*shlex.split(editor), str(draft)]
        with interrupts_are_the_editors():
            status = subprocess.run(command, check=False, env=dict(environment)).returncode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CatalogError(
            f"The editor `{editor}` cannot be started: {reason}.",
            "Set VISUAL or EDITOR to an editor that is installed.",
        ) from error
    if status != 0:
        end = f"ended with status {status}" if status > 0 else f"was killed by signal {-status}"
        raise CatalogError(
            f"The editor `{editor}` {end}, so nothing was changed.",
            f"Your draft is {draft}: the next edit opens it again, unless you delete it.",
        )


@contextmanager
def interrupts_are_the_editors() -> Iterator[None]:
    """Ignore Ctrl-C, which the terminal sends to the editor and to us. Unlike SIG_IGN, a handler that does
    nothing is not inherited by the editor (execve(2))."""
    if current_thread() is not main_thread():  # only there can handlers be set
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def check_edited(draft: Path, path: Path, name: str) -> None:
    """SpecError with positions in the draft, where the draft has mistakes."""
    try:
        check_draft(draft, draft)
    except SpecError as error:
        raise SpecError(
            error.problems,
            f"{path} was not changed. Your draft is {draft}: `extenci catalog edit {name}` opens it again; "
            "delete it to start afresh.",
        ) from error


def put_in_place(draft: Path, path: Path) -> None:
    """Replace the file by its draft, unless someone else changed the file meanwhile."""
    original = original_path(draft)
    if not original.exists() or read_text(path) != read_text(original):
        raise CatalogError(
            f"Someone else changed {path} since your draft of it was made, so it was not replaced.",
            f"Your draft is {draft}: compare the two files, and move the draft into place yourself.",
        )
    try:
        draft.replace(path)
    except OSError as error:
        raise unusable(path, error) from error
    shutil.rmtree(draft.parent, ignore_errors=True)  # editors leave backups of their own there


def discard(draft: Path) -> None:
    """Delete a draft that changes nothing."""
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
