"""`extenci catalog rebuild` as it is typed, with the records of real runs on the sandbox."""

from __future__ import annotations

import json
import sqlite3

from tests.system.manage.conftest import Place

SPEC = """\
service: sandbox
images:
  worker: {source: worker.raw}
instances:
  pool: {image: worker, type: t3.micro, count: 2}
"""


def recorded(place: Place) -> dict[str, str]:
    """The ids of the resources on record, with their kinds."""
    stack = (place.specs / "extenci.yaml").read_text().split()[1]
    with sqlite3.connect(place.home / "catalog" / "records.sqlite") as records:
        return dict(records.execute("SELECT id, kind FROM resources WHERE stack = ?", (stack,)).fetchall())


def forget(place: Place) -> None:
    stack = (place.specs / "extenci.yaml").read_text().split()[1]
    with sqlite3.connect(place.home / "catalog" / "records.sqlite") as records:
        for table in ("resources", "applied", "runs"):
            records.execute(f"DELETE FROM {table} WHERE stack = ?", (stack,))  # noqa: S608 - names from here


def test_records_are_made_anew_and_what_only_they_knew_is_named(place: Place) -> None:
    place.disk("worker")
    (place.specs / "lab.yaml").write_text(SPEC)
    place.done("apply", "-y")
    before = recorded(place)
    assert sorted(before.values()) == ["image", "machine", "machine", "snapshot"]

    same = place.done("catalog", "rebuild", "--dry-run")
    assert "1 image, 1 snapshot and 2 machines found" in same
    assert "Nothing was written" in same
    assert not {"new", "gone", "lost"} & set(same.split())

    forget(place)
    assert recorded(place) == {}
    anew = place.done("catalog", "rebuild", "sandbox")
    assert anew.count("was not recorded") == 4
    assert "fields of sandbox/pool and sandbox/worker were last applied" in " ".join(anew.split())
    assert recorded(place) == before
    assert place.is_quiet()

    kept, stray = sorted(one for one, kind in before.items() if kind == "machine")
    place.ec2.delete_tags(Resources=[stray], Tags=[])
    told = place.done("catalog", "rebuild", "sandbox", place.specs, "--dry-run")
    assert f"lost  sandbox/pool  machine  {stray}" in told
    assert set(recorded(place)) == set(before)
    assert "its tags do not say" in place.done("catalog", "rebuild")
    assert set(recorded(place)) == set(before) - {stray}
    status = json.loads(place.done("status", "--format", "json"))
    assert kept in json.dumps(status)
    place.ec2.terminate_instances(InstanceIds=[stray])
    assert place.run("destroy", "-y").returncode == 0
    assert "nothing found" in place.done("catalog", "rebuild")
    wrong = place.run("catalog", "rebuild", "nosuch")
    assert (wrong.returncode, wrong.stdout) == (1, "")
