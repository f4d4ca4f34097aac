"""How much of planned uploads is left to send."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from extenci.catalog.disks.block_lists import BlockLists
from extenci.catalog.disks.upload_notes import SnapshotUpload, UploadNotes
from extenci.image.digest import Digest
from extenci.model.plan import Plan
from extenci.model.version import Parent
from extenci.model.work import StageWork
from extenci.observe.uploads import count_uploads
from extenci.report.plan.json import change_document
from extenci.report.plan.phrases import stage_details
from tests.unit.plan.scenery import build_case

BODY = {"specs": {"images": {"worker": {"disk": "A"}}}}


def record(lists: BlockLists, contents: Sequence[bytes]) -> str:
    digest = Digest()
    with lists.record() as writer:
        for index, content in enumerate(contents):
            sha256 = hashlib.sha256(content).digest()
            digest.add(index, sha256)
            writer.add(index, sha256)
        writer.keep(digest.hexdigest())
    return digest.hexdigest()


def planned(digest: str, **more: object) -> Plan:
    plan = build_case("x", BODY).plan()
    (change,) = plan.changes
    work = change.work
    assert isinstance(work, StageWork)
    work = replace(work, version=replace(work.version, digest=digest), **more)  # type: ignore[arg-type]
    return replace(plan, changes=(replace(change, work=work),))


def work_of(plan: Plan) -> StageWork:
    (change,) = plan.changes
    assert isinstance(change.work, StageWork)
    return change.work


def test_blocks_that_differ_are_counted_where_both_lists_are_known(tmp_path: Path) -> None:
    lists, notes = BlockLists(tmp_path / "lists"), UploadNotes(tmp_path / "notes")
    old = record(lists, [b"%d" % number for number in range(8)])
    new = record(lists, [b"new", *(b"%d" % number for number in range(1, 8))])
    plan = count_uploads(planned(new, parent=Parent("snap-1", old)), lists, notes)
    assert work_of(plan).to_send == 1
    assert stage_details(work_of(plan)) == [
        "1 GiB volume, 0.5 of 4 MiB of data to upload",
        "from /images/worker.raw",
        "the rest is that of snap-1",
    ]
    assert change_document(plan.changes[0])["upload"] == {"data": 4 << 20, "to_send": 1 << 19}
    unknown = count_uploads(planned(new, parent=Parent("snap-1", "f" * 64)), lists, notes)
    assert work_of(unknown).to_send is None
    assert "if those are known here" in stage_details(work_of(unknown))[-1]
    assert work_of(count_uploads(planned(new), lists, notes)).to_send is None


def test_what_an_interrupted_upload_sent_is_not_counted(tmp_path: Path) -> None:
    lists, notes = BlockLists(tmp_path / "lists"), UploadNotes(tmp_path / "notes")
    digest = record(lists, [b"%d" % number for number in range(8)])
    with notes.open(SnapshotUpload("sandbox", "snap-2", digest)) as note:
        for index in range(5):
            note.add(index)
    plan = count_uploads(planned(digest, snapshot="snap-2"), lists, notes)
    assert stage_details(work_of(plan))[0] == "1 GiB volume, 1.5 of 4 MiB of data left to upload"
    other = count_uploads(planned(digest, snapshot="snap-3"), lists, notes)
    assert work_of(other).to_send == 8
    assert not list((tmp_path / "notes").glob("*snap-3"))
