"""Host keys, as consoles print them and as known_hosts files hold them. Pure.

cloud-init prints, when a machine first boots (cc_ssh, cc_keys_to_console), the fingerprints of the machine's
host keys, and the keys, each between two lines of its own.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

_KEY = re.compile(r"\b(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) ([A-Za-z0-9+/]{40,2000}={0,2})")
_FINGERPRINT = re.compile(r"\bSHA256:([A-Za-z0-9+/]{43})\b")


def find_keys(console: str) -> tuple[str, ...]:
    """The host keys in the last such block of a console, as `TYPE BASE64`."""
    found = _KEY.findall(_last_block(console, "SSH HOST KEY KEYS"))
    return tuple(dict.fromkeys(f"{kind} {key}" for kind, key in found if _is_key(kind, key)))


def find_fingerprints(console: str) -> frozenset[str]:
    """The SHA-256 fingerprints (base64 without padding) in the last such block of a console."""
    return frozenset(_FINGERPRINT.findall(_last_block(console, "SSH HOST KEY FINGERPRINTS")))


def _last_block(console: str, name: str) -> str:
    """The text of the last block that is complete, "" where there is none. It is found in linear time, since
    the machine may print anything."""
    begin = f"BEGIN {name}-----"
    before, end, _ = console.rpartition(f"-----END {name}")
    _, found, block = before.rpartition(begin)
    return block if end and found else ""


def fingerprint(key: str) -> str:
    """The fingerprint of `TYPE BASE64`, as ssh-keygen -l prints it after `SHA256:`."""
    content = base64.b64decode(key.split()[1])
    return base64.b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


def read_known_hosts(text: str) -> tuple[str, ...]:
    """The keys of a known_hosts file, as `TYPE BASE64`."""
    return tuple(f"{kind} {key}" for kind, key in _KEY.findall(text) if _is_key(kind, key))


def write_known_hosts(name: str, keys: tuple[str, ...]) -> str:
    """A known_hosts file for one machine."""
    return "".join(f"{name} {key}\n" for key in keys)


def contradicts(known: tuple[str, ...], console: str) -> bool:
    """Whether the console shows keys, and a key that was accepted is not among them."""
    shown = {fingerprint(key) for key in find_keys(console)} | find_fingerprints(console)
    return bool(known and shown) and not all(fingerprint(key) in shown for key in known)


def _is_key(kind: str, key: str) -> bool:
    """A key repeats its type in its first bytes (RFC 4253, 6.6)."""
    try:
        content = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        return False
    return content[4 : 4 + len(kind)] == kind.encode()
