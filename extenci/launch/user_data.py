"""User data for jobs of HTCondor: in files that only the jobs' owner can read."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from extenci.catalog.files import write_whole
from extenci.model.desired import DesiredGroup
from extenci.model.errors import CatalogError
from extenci.model.service import CondorAccess, KeyFiles, Service
from extenci.observe.file_access import Account, account_of, can_read

if TYPE_CHECKING:
    from extenci.cloud.clients import Clients


def write_user_data(group: DesiredGroup, folder: Path, clients: Clients) -> str | None:
    """A file with a group's user data, named by its content, for the jobs' owner only: in the job itself
    everyone could read it. HTCondor reads it when it launches, so it stays. None: the group has none.

    CatalogError where it cannot be written, or the jobs' owner could not read it.
    """
    if not group.settings.user_data:
        return None
    owner = find_owner(clients)
    content = base64.b64decode(group.settings.user_data)
    path = user_data_path(content, folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, content, owner=owner.uid if owner is not None and os.geteuid() == 0 else None)
        if owner is not None and os.geteuid() == 0:
            let_others_pass(folder)
    except OSError as error:
        raise CatalogError(
            f"The user data of {group.address} cannot be written to {folder}: {error.strerror or error}.",
            "HTCondor takes user data from a file there.",
        ) from error
    require_readable(path, owner, group)
    return str(path)


def user_data_path(content: bytes, folder: Path) -> Path:
    """The path of user data, named by its content."""
    return folder / hashlib.sha256(content).hexdigest()


def find_owner(clients: Clients) -> Account | None:
    """The user who owns the jobs, on this machine; None where it is this user, or the schedd is elsewhere.

    The schedd may be in a chroot, with users that are unknown outside: then the owner of the key files tells,
    since the jobs' owner has to read them.
    """
    service = clients.service
    if not (service.condor or CondorAccess()).is_local:
        return None
    account = account_of(clients.condor.owner().partition("@")[0])
    if account.uid is None:
        account = replace(account, uid=owner_of_keys(service))
    return None if account.uid == os.geteuid() else account


def owner_of_keys(service: Service) -> int | None:
    """The user whose private key files the jobs name; None where they are root's, or open to others."""
    keys: KeyFiles | None = service.job_credentials
    if keys is None:
        return None
    try:
        status = Path(keys.secret_key_file).stat()
    except OSError:
        return None
    is_private = not status.st_mode & (stat.S_IRGRP | stat.S_IROTH)
    return status.st_uid if is_private and status.st_uid != 0 else None


def let_others_pass(folder: Path) -> None:
    """Let others pass through extenci's folder to the one with the jobs' files, without listing either. All
    other files there stay closed by their own modes."""
    for part in (folder, folder.parent):
        status = part.stat()
        if status.st_uid == os.geteuid() and not status.st_mode & stat.S_IXOTH:
            part.chmod(stat.S_IMODE(status.st_mode) | stat.S_IXOTH)


def require_readable(path: Path, owner: Account | None, group: DesiredGroup) -> None:
    """CatalogError where the jobs' owner cannot read a file: HTCondor would hold every job."""
    access = can_read(path, owner) if owner is not None else None
    if owner is None or access is None or access.possible is not False:
        return
    raise CatalogError(
        f"HTCondor reads the user data of {group.address} as {owner.name}, who has no access: {access.why}.",
        "Set EXTENCI_HOME to a folder that this user can enter, such as /var/lib/extenci, and apply as root "
        "or as that user. Nothing was submitted.",
    )
