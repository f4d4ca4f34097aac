"""Finds a service's credentials, and checks that they look like credentials before they are sent."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from botocore.exceptions import BotoCoreError
from botocore.session import Session

from extenci.cloud.aws.errors import translated
from extenci.model.errors import AccessRefused
from extenci.model.service import Credentials, KeyFiles, Profile, SdkChain

ACCESS_KEY = re.compile(r"\w{3,128}", re.ASCII)
SECRET_KEY = re.compile(r"[!-~]{1,256}")
FILE_BYTES = 4096

_NO_SHARED_FILES = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
    "ignore_configured_endpoint_urls": (None, None, True, None),
}
"""Overrides of botocore's session variables: with key files, the service file alone decides."""


def open_session(service: str, credentials: Credentials) -> Session:
    """A botocore session that signs with these credentials. AccessRefused if there are none."""
    with translated(service, "finding the credentials"):
        match credentials:
            case KeyFiles():
                return _session_of_files(service, credentials)
            case Profile(name):
                return _with_credentials(service, Session(profile=name))
            case SdkChain():
                return _with_credentials(service, Session())


def hidden_of(session: Session) -> tuple[str, ...]:
    """The secrets of a session, which no text may show."""
    try:
        credentials = session.get_credentials()
        found = credentials.get_frozen_credentials() if credentials else None
    except BotoCoreError:
        return ()
    return tuple(text for text in (found.secret_key, found.token) if text) if found else ()


def read_keys(service: str, files: KeyFiles) -> tuple[str, str]:
    """The access key and the secret key. AccessRefused if a file is not a single line that could be a key.

    The message names the file and never shows its content.
    """
    return (
        _read_key(service, files.access_key_file, ACCESS_KEY, "an access key"),
        _read_key(service, files.secret_key_file, SECRET_KEY, "a secret key"),
    )


def _session_of_files(service: str, files: KeyFiles) -> Session:
    access_key, secret_key = read_keys(service, files)
    session = Session(session_vars=_NO_SHARED_FILES)
    session.set_credentials(access_key, secret_key)
    return session


def _with_credentials(service: str, session: Session) -> Session:
    if session.get_credentials() is None:
        raise AccessRefused(
            f"The service {service} takes its credentials from the AWS SDK's chain, which finds none.",
            "Set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name key files in the "
            "service's `credentials:`.",
            service=service,
        )
    return session


def _read_key(service: str, path: str, pattern: re.Pattern[str], what: str) -> str:
    try:
        content = _content(path)
    except (OSError, ValueError) as error:
        raise _refused(service, f"{path}, which should hold {what}: {_reason(error)}") from None
    lines = content.decode("utf-8", "replace").splitlines()
    if len(lines) != 1 or not pattern.fullmatch(key := lines[0].strip()):
        raise _refused(service, f"{path}: it does not hold one line that looks like {what}")
    return key


def _content(path: str) -> bytes:
    """The bytes of a small regular file. ValueError for anything else; a FIFO is not waited for."""
    if not stat.S_ISREG(Path(path).stat().st_mode):
        raise ValueError("it is not a file")
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(FILE_BYTES + 1)
    if len(content) > FILE_BYTES:
        raise ValueError("it is too long for a key")
    return content


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError):
        return (error.strerror or "it cannot be read").lower()
    return str(error) if "null" not in str(error) else "this is not a path"


def _refused(service: str, problem: str) -> AccessRefused:
    return AccessRefused(
        f"The service {service} cannot be called with {problem}.",
        "Nothing was sent. Correct the service's `credentials:`, or the file.",
        service=service,
    )
