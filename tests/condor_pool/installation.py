"""Where a whole HTCondor is on this machine: on the PATH, or in a chroot of Debian 13 made once for all.

PyPI's `htcondor` has the bindings only; Debian 12 has no HTCondor at all. The chroot lies in the cache of
whoever runs the tests ($XDG_CACHE_HOME or ~/.cache) and stays there: a minute the first time, none after.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SUITE = "trixie"
PROGRAMS = ("debootstrap", "unshare", "setpriv", "nsenter", "chroot", "mount")
HOW_TO_GET_IT = (
    "The tests with a real HTCondor need either Debian 13 with `apt-get install condor` (condor_master and "
    "ec2_gahp), or to run as root on Debian or Ubuntu with "
    "`apt-get install debootstrap debian-archive-keyring`."
)


class HTCondorMissing(Exception):
    """There is no HTCondor here and none can be made; says how to get it."""


@dataclass(frozen=True)
class Installation:
    """An HTCondor below `root`: `/`, or the chroot's folder."""

    root: Path

    @property
    def is_chroot(self) -> bool:
        return self.root != Path("/")

    def user_id(self, name: str) -> tuple[int, int]:
        """The numbers of a user of this system, and of that user's group (passwd(5))."""
        lines = (self.root / "etc/passwd").read_text("utf-8").splitlines()
        found = next(fields for line in lines if (fields := line.split(":"))[0] == name)
        return int(found[2]), int(found[3])


def find_installation() -> Installation:
    """The HTCondor on the PATH, else the chroot, made if need be. Raises HTCondorMissing."""
    if shutil.which("condor_master") and _has_gahp():
        return Installation(Path("/"))
    if os.geteuid() != 0:
        raise HTCondorMissing(f"This is neither. {HOW_TO_GET_IT}")
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        raise HTCondorMissing(f"Missing here: {', '.join(missing)}. {HOW_TO_GET_IT}")
    return Installation(_chroot(cache_folder()))


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "extenci-tests"


def _has_gahp() -> bool:
    found = _output(["condor_config_val", "EC2_GAHP"], {"CONDOR_CONFIG": "/etc/condor/condor_config"})
    return os.access(found, os.X_OK)


def _chroot(cache: Path) -> Path:
    """The finished chroot. It gets its name when it is finished: a half-made one is made anew."""
    finished = cache / f"{SUITE}-condor"
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / "lock"):
        if not finished.exists():
            unfinished = cache / f"{SUITE}-condor.unfinished"
            _make(unfinished, cache / "make.log")
            unfinished.rename(finished)
    return finished


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Parallel workers make it once."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


INSTALL = """
set -eu
printf '#!/bin/sh\\nexit 101\\n' >"$1/usr/sbin/policy-rc.d"
chmod 755 "$1/usr/sbin/policy-rc.d"
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
cp /etc/resolv.conf "$1/etc/resolv.conf"
chroot "$1" apt-get -qq update
chroot "$1" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends condor
chroot "$1" apt-get clean
chroot "$1" test -x /usr/sbin/ec2_gahp
"""
"""Runs in mount and process namespaces of its own: no mount outlives it, nothing it started either."""


def _make(folder: Path, log: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    isolated = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]
    mirror = _mirror()
    steps = (
        ["debootstrap", "--variant=minbase", SUITE, str(folder), *([mirror] if mirror else [])],
        [*isolated, "sh", "-c", INSTALL, "sh", str(folder)],
    )
    with log.open("wb") as output:
        for step in steps:
            done = subprocess.run(step, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False)
            if done.returncode:
                raise HTCondorMissing(
                    f"{step[0]} failed (status {done.returncode}); {log} says why. {HOW_TO_GET_IT}"
                )


def _mirror() -> str:
    """Where this machine gets its own Debian packages; "" leaves it to debootstrap (Ubuntu has no trixie)."""
    codename = _output(["sh", "-c", '. /etc/os-release; echo "$ID $VERSION_CODENAME"'])
    system, _, release = codename.partition(" ")
    wanted = ("Created-By: Packages", "Component: main", f"Codename: {release}")
    lines = _output(["apt-get", "indextargets", "--format", "$(REPO_URI)", *wanted]).split()
    return lines[0] if system == "debian" and lines else ""


def _output(command: list[str], environment: Mapping[str, str] | None = None) -> str:
    """What a program prints, "" if it fails or is not there."""
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return done.stdout.strip()
