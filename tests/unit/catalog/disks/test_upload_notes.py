from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from extenci.catalog.disks.upload_notes import HEADER_BYTES, SnapshotUpload, UploadNotes

UPLOAD = SnapshotUpload("campus", "snap-1", "d" * 64, "e" * 64)


def note_down(notes: UploadNotes, upload: SnapshotUpload, *indexes: int) -> None:
    with notes.open(upload) as note:
        for index in indexes:
            note.add(index)


def noted(notes: UploadNotes, upload: SnapshotUpload) -> list[int]:
    with notes.open(upload) as note:
        return [index for index in range(100_000) if index in note]


def test_what_was_noted_is_known_to_the_next_run(tmp_path: Path) -> None:
    note_down(UploadNotes(tmp_path / "uploads"), UPLOAD, 0, 7, 8, 99_999)
    note_down(UploadNotes(tmp_path / "uploads"), UPLOAD, 9)
    assert noted(UploadNotes(tmp_path / "uploads"), UPLOAD) == [0, 7, 8, 9, 99_999]


def test_each_block_is_written_down_at_once(tmp_path: Path) -> None:
    notes = UploadNotes(tmp_path)
    with notes.open(UPLOAD) as note:
        note.add(5)
        assert (tmp_path / "campus@snap-1").read_bytes()[HEADER_BYTES:] == bytes([1 << 5])


@pytest.mark.parametrize(
    "other",
    [replace(UPLOAD, digest="f" * 64), replace(UPLOAD, parent=None), replace(UPLOAD, parent="f" * 64)],
)
def test_a_note_on_another_content_is_not_believed(tmp_path: Path, other: SnapshotUpload) -> None:
    notes = UploadNotes(tmp_path)
    note_down(notes, UPLOAD, 1, 2)
    assert noted(notes, other) == []


def test_snapshots_and_services_have_notes_of_their_own(tmp_path: Path) -> None:
    notes = UploadNotes(tmp_path)
    note_down(notes, UPLOAD, 1)
    assert noted(notes, replace(UPLOAD, snapshot="snap-2")) == []
    assert noted(notes, replace(UPLOAD, service="cern")) == []
    assert noted(notes, UPLOAD) == [1]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"service": 1}', b"\xff" * HEADER_BYTES])
def test_a_damaged_note_says_nothing(tmp_path: Path, damage: bytes) -> None:
    notes = UploadNotes(tmp_path)
    note_down(notes, UPLOAD, 1)
    (tmp_path / "campus@snap-1").write_bytes(damage)
    assert notes.find("campus", "snap-1") is None
    assert noted(notes, UPLOAD) == []


def test_a_note_that_a_crash_cut_short_says_less_and_nothing_wrong(tmp_path: Path) -> None:
    notes = UploadNotes(tmp_path)
    note_down(notes, UPLOAD, 1, 100)
    path = tmp_path / "campus@snap-1"
    path.write_bytes(path.read_bytes()[: HEADER_BYTES + 3])
    assert noted(notes, UPLOAD) == [1]
    path.write_bytes(path.read_bytes()[:HEADER_BYTES] + bytes(13))
    assert noted(notes, UPLOAD) == []


def test_a_dropped_note_is_gone_and_may_be_dropped_again(tmp_path: Path) -> None:
    notes = UploadNotes(tmp_path)
    note_down(notes, UPLOAD, 1)
    notes.drop("campus", "snap-1")
    notes.drop("campus", "snap-1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("snapshot", ["../../records.sqlite", "", "a/b", "x" * 300])
def test_what_is_no_id_names_no_file(tmp_path: Path, snapshot: str) -> None:
    notes = UploadNotes(tmp_path / "uploads")
    note_down(notes, replace(UPLOAD, snapshot=snapshot), 1)
    notes.drop("campus", snapshot)
    assert list(tmp_path.rglob("*")) == []


def test_without_a_folder_nothing_is_kept() -> None:
    note_down(UploadNotes(), UPLOAD, 1)
    assert noted(UploadNotes(), UPLOAD) == []
