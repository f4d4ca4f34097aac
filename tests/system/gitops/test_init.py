"""A new repository: whole, valid, and nothing in its way is touched."""

from __future__ import annotations

import configparser
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from extenci.api.repository import hello_disk
from extenci.spec.services.file import read_service
from tests.repositories import git
from tests.system.gitops.conftest import Team
from tests.system.gitops.runners import read_yaml

jsonschema = pytest.importorskip("jsonschema")


def test_all_files_say_which_schema_they_have_and_fit_it(team: Team) -> None:
    assert team.run("validate", "specs").stdout == (
        "1 file of stack specs is valid: 1 image, 1 group of machines.\n"
    )
    files = [team.clone / "extenci.yaml", team.clone / "sandbox.yaml", *team.clone.glob("services/*.sample")]
    assert len(files) == 6
    for file in files:
        first = file.read_text().split("\n", 1)[0]
        schema = json.loads(
            (file.parent / first.removeprefix("# yaml-language-server: $schema=")).read_text()
        )
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(read_yaml(file), schema)
    assert {"root", "stack"} == set(read_yaml(team.clone / "extenci.yaml"))


def test_every_sample_is_a_service_once_it_is_renamed(team: Team) -> None:
    names = set()
    for sample in (team.clone / "services").glob("*.sample"):
        file = Path(shutil.copy(sample, sample.with_suffix("")))
        names.add(read_service(file).name)
    assert names == {"aws", "eucalyptus", "openstack", "campus"}
    assert team.run("validate", "specs").returncode == 0


def test_git_takes_what_belongs_into_it_and_nothing_else(team: Team) -> None:
    for name in ("disks/large.raw", "plan.extenci", "services/key.pem"):
        (team.clone / name).write_bytes(b"")
    assert git(team.clone, "status", "--porcelain") == ""
    assert "disks/hello.raw" in git(team.clone, "ls-files").split("\n")


def test_nothing_is_overwritten_and_a_root_gets_no_example(team: Team) -> None:
    own = team.folder / "own"
    (own / ".github" / "workflows").mkdir(parents=True)
    (own / "extenci.yaml").write_text("stack: mine\n")
    (own / ".github" / "workflows" / "extenci.yaml").write_text("mine\n")
    (own / "elsewhere").mkdir()
    (own / "pipeline").symlink_to(team.folder)  # out of the repository
    done = team.run("init", "own")
    assert done.returncode == 0, done.stderr
    assert "Left as it is:" in done.stdout
    assert (own / "extenci.yaml").read_text() == "stack: mine\n"
    assert (own / ".github" / "workflows" / "extenci.yaml").read_text() == "mine\n"
    assert not (own / "sandbox.yaml").exists()
    assert not (team.folder / "review.py").exists()
    assert (own / ".gitlab-ci.yml").is_file()
    before = {path: path.read_bytes() for path in own.rglob("*") if path.is_file()}
    assert team.run("init", "own").returncode == 0
    assert {path: path.read_bytes() for path in own.rglob("*") if path.is_file()} == before
    refused = team.run("init", "own", "--stack", "yours")
    assert (refused.returncode, "of the stack mine" in refused.stderr) == (1, True)
    assert team.run("init", "new", "--stack", "a b").returncode == 1


def test_the_unit_starts_this_program_for_this_folder(team: Team) -> None:
    folder = team.folder / "with space 50%"
    done = team.run("init", folder, "--systemd")
    assert done.returncode == 0, done.stderr
    (unit,) = (folder / "systemd").iterdir()
    assert unit.name == "extenci-with-space-50.service"
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(unit)
    command = parser["Service"]["ExecStart"]
    assert command.endswith(f'reconcile "{str(folder).replace("%", "%%")}" --interval 10m')
    assert git(folder.parent, "init", "-q", str(folder)) == ""
    assert "systemd" not in git(folder, "status", "--porcelain", "--untracked-files=all")
    if (verify := shutil.which("systemd-analyze")) is not None:
        found = subprocess.run(
            [verify, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False, timeout=60
        )
        assert unit.name not in found.stderr, found.stderr


def test_the_disk_is_a_boot_sector_and_zeros() -> None:
    disk = hello_disk()
    assert (len(disk), disk[510:512]) == (1 << 20, b"\x55\xaa")
    assert b"extenci says hello\r\n\0" in disk[:512]
    assert disk.index(b"extenci") == int.from_bytes(disk[7:9], "little") - 0x7C00
    assert not any(disk[512:])
