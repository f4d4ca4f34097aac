"""How much a plan says will be sent, and how much is."""

from __future__ import annotations

import json

from extenci.sandbox import control
from tests.system.review.conftest import Repository


def test_as_much_is_sent_as_the_plan_says(repository: Repository) -> None:
    assert repository.run("apply", "-y").returncode == 0
    with (repository.folder / "disks" / "worker.raw").open("r+b") as file:
        file.seek(2 << 20)
        file.write(b"other")
    text = repository.run("plan").stdout
    assert "0.5 of 3.5 MiB of data to upload" in text
    document = json.loads(repository.run("plan", "--format", "json").stdout)
    upload = next(one["upload"] for one in document["changes"] if one["action"] == "stage")
    assert upload == {"data": 7 << 19, "to_send": 1 << 19}

    def sent() -> int:
        calls = control.status(repository.home).calls.read_text()
        return sum(json.loads(line)["action"] == "PutSnapshotBlock" for line in calls.splitlines())

    before = sent()
    assert repository.run("apply", "-y").returncode == 0
    assert sent() - before == 1
