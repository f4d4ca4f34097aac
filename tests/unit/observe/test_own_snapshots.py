from __future__ import annotations

from dataclasses import replace

import pytest

from extenci.model.observed import Image, Snapshot, SnapshotState
from extenci.model.ownership import Marks
from extenci.observe.ownership import with_own_snapshots
from tests.unit.builders import observed_image, observed_snapshot

MARKS = Marks("stack", "cloud", "worker", digest="d1", version="d1-r1")


def snapshots_of(image: Image, *snapshots: Snapshot) -> tuple[str, ...]:
    (found,) = with_own_snapshots([image], snapshots)
    return found.snapshots


@pytest.mark.parametrize("named", [(), ("snap-theirs",)])
def test_a_snapshot_that_the_image_may_stand_on_counts_as_used(named: tuple[str, ...]) -> None:
    image = observed_image("ami-1", MARKS, snapshots=named)
    assert snapshots_of(image, observed_snapshot("snap-1", MARKS)) == (*named, "snap-1")


def test_where_the_service_names_an_own_snapshot_no_other_is_used() -> None:
    image = observed_image("ami-1", MARKS, snapshots=("snap-1",))
    own, twin = observed_snapshot("snap-1", MARKS), observed_snapshot("snap-2", MARKS)
    assert snapshots_of(image, own, twin) == ("snap-1",)


@pytest.mark.parametrize(
    "snapshot",
    [
        observed_snapshot("snap-1", replace(MARKS, digest="d2")),
        observed_snapshot("snap-1", replace(MARKS, name="other")),
        observed_snapshot("snap-1", MARKS, SnapshotState.PENDING),
        observed_snapshot("snap-1"),
    ],
)
def test_snapshots_of_other_content_or_unfinished_ones_are_not_used(snapshot: Snapshot) -> None:
    assert snapshots_of(observed_image("ami-1", MARKS, snapshots=()), snapshot) == ()


def test_a_bundle_and_a_foreign_image_use_no_own_snapshot() -> None:
    snapshot = observed_snapshot("snap-1", MARKS)
    bundle = observed_image("ami-1", MARKS, snapshots=(), manifest="bucket/x.manifest.xml")
    assert snapshots_of(bundle, snapshot) == ()
    assert snapshots_of(observed_image("ami-1", snapshots=()), snapshot) == ()
