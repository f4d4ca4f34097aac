"""Private keys that checks log in with: the specs' own, or allowed. And many that allow at once."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.disks import disk_bytes
from tests.program.command import start_extenci
from tests.system.cli.test_trust import Victim, victim

__all__ = ["victim"]

SPEC = """\
service: sandbox
images:
  worker:
    source: disk.raw
    verify:
      type: t3.micro
      checks:
        - ssh: uptime
          user: root
          key: {}
"""


def write_spec(victim: Victim, key: str) -> Path:
    """A spec with that key; the path of a key outside of the root."""
    private = victim.folder / "private"
    private.mkdir(exist_ok=True)
    make_key(private / "lab")
    (victim.root / "disk.raw").write_bytes(disk_bytes())
    (victim.root / "pool.yaml").write_text(SPEC.format(key))
    return private / "lab"


def make_key(path: Path) -> None:
    if not path.exists():
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
        subprocess.run(command, check=True)


@pytest.mark.parametrize("key", ["~/private/lab", "../private/lab", "link", ".git/lab"])
def test_a_key_outside_of_the_specs_is_refused(victim: Victim, key: str) -> None:
    private = write_spec(victim, key)
    (victim.root / "link").symlink_to(private)
    (victim.root / ".git").mkdir()
    make_key(victim.root / ".git" / "lab")
    for command in (["validate"], ["plan"], ["apply", "-y"], ["verify"]):
        done = victim.run(*command[:1], victim.root, *command[1:])
        assert (done.returncode, done.stdout) == (1, "")
        said = " ".join(done.stderr.split())
        assert "pool.yaml:10:" in said
        assert "'key' leads " in said
        assert "allow it with `extenci trust --keys" in said


def test_a_key_of_the_specs_needs_no_word(victim: Victim) -> None:
    write_spec(victim, "keys/lab")
    (victim.root / "keys").mkdir()
    make_key(victim.root / "keys" / "lab")
    done = victim.run("validate", victim.root)
    assert done.returncode == 0, done.stderr


def test_a_key_is_trusted_alone_or_with_its_folder(victim: Victim) -> None:
    key = write_spec(victim, "../private/lab")
    once = victim.run("validate", victim.root, EXTENCI_TRUST=f"keys:{key}")
    assert once.returncode == 0, once.stderr
    assert victim.run("validate", victim.root).returncode == 1
    for path in (key, key.parent):
        trusted = victim.run("trust", "--keys", path)
        assert (trusted.returncode, trusted.stdout) == (0, f"Checks may log in with {path}.\n")
        assert victim.run("validate", victim.root).returncode == 0
        assert f"Checks may log in with\n  {path}\n" in victim.run("trust", "--list").stdout
        assert victim.run("trust", "--keys", path, "--remove").returncode == 0
        assert victim.run("validate", victim.root).returncode == 1


def test_a_saved_plan_cannot_name_other_keys(victim: Victim) -> None:
    key = write_spec(victim, "lab")
    make_key(victim.root / "lab")
    saved = victim.folder / "saved.plan"
    try:
        assert victim.run("plan", victim.root, "--out", saved).returncode == 0
        text = saved.read_text()
        assert '"./lab"' in text
        saved.write_text(text.replace('"./lab"', json.dumps(str(key))))
        done = victim.run("apply", saved, "-y")
        assert (done.returncode, done.stdout) == (1, "")
        assert "is stale" in done.stderr
    finally:
        victim.run("sandbox", "stop")


def test_many_that_trust_at_once_lose_nothing(victim: Victim) -> None:
    folders = [victim.folder / f"disks-{number}" for number in range(12)]
    for folder in folders:
        folder.mkdir()
    options = {"env": victim.environment, "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    running = [start_extenci("trust", "--sources", folder, **options) for folder in folders]
    assert [process.wait(120) for process in running] == [0] * len(folders)
    listed = victim.run("trust", "--list").stdout.split()
    assert {str(folder) for folder in folders} <= set(listed)
    ending = [start_extenci("trust", "--sources", folder, "--remove", **options) for folder in folders]
    assert [process.wait(120) for process in ending] == [0] * len(folders)
    assert "Nothing is trusted" in victim.run("trust", "--list").stdout
