"""Signs on a console that the machine will never come up. Pure."""

from __future__ import annotations

import re

SIGNS = re.compile(
    r"""
      ^.*Kernel\ panic\ -\ not\ syncing.*$
    | ^.*You\ are\ in\ (?:emergency|rescue)\ mode.*$        # systemd
    | ^.*Give\ root\ password\ for\ maintenance.*$          # sulogin
    | ^.*Press\ Enter\ for\ maintenance.*$
    | ^\(initramfs\)(?:\ .*)?$                              # initramfs-tools: the root disk was not found
    | ^dracut:/\#.*$
    | ^.*Entering\ emergency\ mode\.\ Exit\ the\ shell.*$   # dracut
    | ^grub\ rescue>.*$
    | ^.*No\ bootable\ (?:device|medium|option).*$          # SeaBIOS, UEFI
    | ^.*(?:Operating\ System\ not\ found|Missing\ operating\ system).*$
    """,
    re.MULTILINE | re.VERBOSE,
)

_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]{0,40}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)?|[ -/]{0,4}[0-Z^-~])"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
MOST = 1 << 20
"""Characters of a console that are searched: its last ones."""


def clean(text: str) -> str:
    """Console output as plain lines: without colours and cursor movements, line ends as `\\n`."""
    found = _ESCAPES.sub("", text[-MOST:])
    return _CONTROLS.sub("", found.replace("\r\n", "\n").replace("\r", "\n"))


def find_alarm(text: str) -> str:
    """The first such sign on a cleaned console, as its line; '' where there is none."""
    found = SIGNS.search(text)
    return found[0].strip()[:200] if found else ""


_HOST_KEYS = re.compile(r"-----(BEGIN|END) SSH HOST KEY (?:KEYS|FINGERPRINTS)-----")
"""The lines around the keys that cloud-init prints (cloud-init, `write-ssh-key-fingerprints`)."""


def without_host_keys(text: str) -> list[str]:
    """The lines of a console that are not those that show its SSH host keys."""
    kept: list[str] = []
    is_key = False
    for line in text.splitlines():
        if edge := _HOST_KEYS.search(line):
            is_key = edge[1] == "BEGIN"
        elif not is_key:
            kept.append(line)
    return kept


def end_of(text: str, lines: int = 20, characters: int = 2000) -> str:
    """The last lines that are not empty, without the machine's SSH host keys."""
    kept = [line.rstrip() for line in without_host_keys(text[-MOST:]) if line.strip()]
    return "\n".join(kept[-lines:])[-characters:]
