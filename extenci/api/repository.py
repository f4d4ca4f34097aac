"""Begin a repository of specs."""

from __future__ import annotations

import json
import re
import shlex
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from extenci.model.address import NAME
from extenci.model.errors import UsageError
from extenci.spec.editor_schema import FORMS, json_schema
from extenci.spec.root import SETTINGS_FILE, read_root

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
DISK_BYTES = 1 << 20
HELLO = b"extenci says hello\r\n"
BOOT_CODE = bytes.fromhex("fafc31c08ed8be1f7cbafd03eca82074fbac84c07406baf803eeebedf4ebfd")
EXAMPLE = ("extenci.yaml", "sandbox.yaml", "disks/hello.raw", "README.md")
"""Files of the example, which an existing root does not get."""
FILES: Mapping[str, str] = {
    "extenci.yaml": "extenci.yaml",
    "sandbox.yaml": "sandbox.yaml",
    "README.md": "README.md",
    ".gitignore": "gitignore",
    "services/aws.yaml.sample": "services/aws.yaml.sample",
    "services/eucalyptus.yaml.sample": "services/eucalyptus.yaml.sample",
    "services/openstack.yaml.sample": "services/openstack.yaml.sample",
    "services/campus.yaml.sample": "services/campus.yaml.sample",
    ".github/workflows/extenci.yaml": "github.yaml",
    ".gitlab-ci.yml": "gitlab.yaml",
    "pipeline/review.py": "review.py",
}
"""The files of a repository, and the samples that they are made from."""


@dataclass(frozen=True)
class NewRepository:
    """A repository of specs: its folder and stack, the files that were written, and those that were there
    already and were left alone, relative to the folder."""

    folder: Path
    stack: str
    written: tuple[str, ...]
    kept: tuple[str, ...]


def init_repository(
    folder: Path, *, stack: str | None = None, systemd: bool = False, program: Sequence[str] = ("extenci",)
) -> NewRepository:
    """Write a repository of specs that works at once on the sandbox, with samples of services and pipelines;
    with `systemd` also a unit that reconciles it by `program`. An existing spec root gets no example. No file
    is overwritten, and none is written through a link (UsageError where one cannot be)."""
    real = folder.resolve()
    is_root = (real / SETTINGS_FILE).is_file()
    known = read_root(real).stack if is_root else None
    if known and stack not in (None, known):
        raise UsageError(
            f"{folder} is a spec root already, of the stack {known}.",
            "Leave out --stack, or name another folder.",
        )
    name = _require_name(known or stack or _name_of(real))
    contents = {path: make for path, make in _contents(name).items() if not (is_root and path in EXAMPLE)}
    if systemd:
        contents[f"systemd/extenci-{name}.service"] = lambda: _unit(real, name, program)
    written: list[str] = []
    kept: list[str] = []
    for path, make in contents.items():
        (written if _write(real, path, make) else kept).append(path)
    return NewRepository(real, name, tuple(written), tuple(kept))


def _contents(stack: str) -> dict[str, Callable[[], bytes]]:
    values = {"STACK": stack, "ID": f"{stack[:30]}-{uuid.uuid4().hex[:8]}"}
    samples = {
        path: (lambda sample=sample: _fill(SAMPLES / "repository" / sample, values))
        for path, sample in FILES.items()
    }
    schemas = {f".schema/{form}.json": (lambda form=form: _schema(form)) for form in FORMS}
    return {**samples, "disks/hello.raw": hello_disk, **schemas}


def hello_disk() -> bytes:
    """A disk of 1 MiB whose boot sector prints a line on the first serial port, and halts.

    Its code is for the 8086, at 0x7c00: wait until the line status register (0x3fd) says that the port takes
    a character, send it (0x3f8), and go on to the next until there is a zero.
    """
    sector = (BOOT_CODE + HELLO + b"\0").ljust(510, b"\0") + b"\x55\xaa"
    return sector.ljust(DISK_BYTES, b"\0")


def _fill(sample: Path, values: Mapping[str, str]) -> bytes:
    text = sample.read_text("utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text.encode()


def _schema(form: str) -> bytes:
    return (json.dumps(json_schema(form), indent=2) + "\n").encode()


def _unit(folder: Path, stack: str, program: Sequence[str]) -> bytes:
    name = f"extenci-{stack}.service"
    command = [*program, "reconcile", str(folder), "--interval", "10m"]
    values = {
        "STACK": stack,
        "NAME": name,
        "UNIT": shlex.quote(str(folder / "systemd" / name)),
        "COMMAND": " ".join(map(_unit_word, command)),
    }
    return _fill(SAMPLES / "systemd" / "reconcile.service", values)


def _unit_word(word: str) -> str:
    """A word of a unit's command line (systemd.service(5), COMMAND LINES)."""
    plain = word.replace("%", "%%").replace("$", "$$")
    if re.fullmatch(r"[\w@%+=:,./$-]+", plain):
        return plain
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _name_of(folder: Path) -> str:
    """A stack's name from that of a folder."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", folder.name).strip("-._")[:50] or "specs"


def _require_name(stack: str) -> str:
    if not NAME.fullmatch(stack):
        raise UsageError(
            f"{stack!r} is no name of a stack.",
            "Give 1 to 50 letters, digits, dots, dashes or underscores: --stack lab.",
        )
    return stack


def _write(folder: Path, path: str, make: Callable[[], bytes]) -> bool:
    """Write a file of the repository, unless something is there; whether it was written."""
    file = folder / path
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.parent.resolve().is_relative_to(folder):
            return False
        with file.open("xb") as new:
            new.write(make())
    except FileExistsError:
        return False
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written: {error.strerror or error}.", "Name a folder that you may write to."
        ) from error
    return True
