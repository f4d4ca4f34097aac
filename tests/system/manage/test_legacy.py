"""Service files of 2011, as they are taken over by typing."""

from __future__ import annotations

import json
from pathlib import Path

from extenci.sandbox import control
from tests.system.manage.conftest import Place


def test_a_service_of_2011_works_today(place: Place, tmp_path: Path) -> None:
    status = control.status(place.home)
    access, secret = control.key_files(place.home)
    file = place.home / "catalog" / "service" / "Campus"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        f"EC2_URL = {status.ec2}\nS3_URL={status.s3}\naccess_key = {access}\nsecret_key = {secret}\n"
        "nodes = 3\n"
    )
    passed_over = place.run("catalog", "list")
    assert f"--from {file}" in passed_over.stderr
    added = place.run("catalog", "add", "campus", "--from", file, "--ebs", status.ebs or "")
    assert added.returncode == 0, added.stderr
    assert "nodes" in added.stderr
    file.unlink()
    staged = place.run("stage", place.disk("worker"), "campus", "--format", "json")
    assert json.loads(staged.stdout)["image"], staged.stderr
