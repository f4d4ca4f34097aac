"""Which images may stand on a bundle, by what services and the journal tell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from extenci.cloud.abilities import AbilityBook
from extenci.model.abilities import SANDBOX_ABILITIES, Abilities
from extenci.model.journal import NoHistory, Registration
from extenci.model.observed import Image, ImageState
from extenci.model.ownership import Marks
from extenci.stage.bundle.location import BundleLocation, location_at, location_of_image
from extenci.stage.bundle.users import RECENT_SECONDS, find_use, is_expected, may_be_in_use

NAME = "worker-lab-0123456789ab-01234567"
BUNDLE = BundleLocation("mine", f"extenci@lab@cloud@{NAME}.aaaaaaaa")
OLDER = BundleLocation("mine", f"extenci/lab/cloud/{NAME}.aaaaaaaa")
OTHER = BundleLocation("mine", f"extenci@lab@cloud@{NAME}.bbbbbbbb")
MARKS = Marks("lab", "cloud", "worker")
IMAGE = Image("ami-1", NAME, ImageState.AVAILABLE, marks=MARKS)


@dataclass
class History(NoHistory):
    """A journal with one registration."""

    made: Registration | None

    def registration(self, manifest: str) -> Registration | None:
        return self.made if manifest == BUNDLE.manifest else None


@dataclass
class Context:
    """A service that lists images later and later, and a clock that pauses move on."""

    answers: list[tuple[Image, ...]]
    history: History
    abilities: AbilityBook
    seconds: float = 0.0

    @property
    def clients(self) -> Any:
        return self

    ec2 = clients

    def images(self) -> tuple[Image, ...]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def clock(self) -> float:
        return self.seconds

    def now(self) -> float:
        return 1000.0

    def pause(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.mark.parametrize("bundle", [BUNDLE, OLDER])
def test_a_bundle_is_named_after_its_image(bundle: BundleLocation) -> None:
    assert bundle.image_name == NAME
    assert location_at(bundle.manifest, "mine") == bundle
    assert location_of_image(replace(IMAGE, manifest=bundle.manifest), "mine") == bundle


def test_manifests_elsewhere_are_no_bundles_of_extenci() -> None:
    assert location_at("other/extenci@lab@cloud@x.a.manifest.xml", "mine") is None
    assert location_at("mine/backup/x.a.manifest.xml", "mine") is None
    assert location_of_image(replace(IMAGE, name="other", manifest=BUNDLE.manifest), "mine") is None


USES = {
    "it says so": (replace(IMAGE, manifest=BUNDLE.manifest), True),
    "it says that it stands on another": (replace(IMAGE, manifest=OTHER.manifest), False),
    "it does not say, and has the name": (IMAGE, True),
    "it does not say, has the name, and the service names a snapshot": (
        replace(IMAGE, snapshots=("snap-1",)),
        True,
    ),
    "it does not say, and has the name without tags": (replace(IMAGE, marks=None), True),
    "it is of another version": (replace(IMAGE, name="worker-lab-ba9876543210-01234567"), False),
    "the service has not kept its name": (replace(IMAGE, name=""), True),
    "another image of the stack has no name": (
        replace(IMAGE, name="", marks=replace(MARKS, name="other")),
        False,
    ),
    "an image of another stack has no name": (
        replace(IMAGE, name="", marks=replace(MARKS, stack="else")),
        False,
    ),
    "it is somebody's": (Image("ami-2", "debian", ImageState.AVAILABLE), False),
}


@pytest.mark.parametrize("case", USES)
def test_an_image_may_stand_on_a_bundle_unless_it_is_seen_not_to(case: str) -> None:
    image, may = USES[case]
    assert may_be_in_use(BUNDLE, [image]) is may


def context(*answers: tuple[Image, ...], made: Registration | None, is_consistent: bool = False) -> Any:
    abilities = AbilityBook(SANDBOX_ABILITIES if is_consistent else Abilities())
    return cast("Any", Context(list(answers), History(made), abilities))


def test_an_image_that_was_registered_lately_is_expected() -> None:
    known = context((), made=Registration(1000.0, "ami-1"))
    assert is_expected(BUNDLE, known, known.history, 1000.0 + RECENT_SECONDS - 1)
    assert not is_expected(BUNDLE, known, known.history, 1000.0 + RECENT_SECONDS)
    assert not is_expected(OTHER, known, known.history, 1001.0)
    at_once = context((), made=Registration(1000.0, "ami-1"), is_consistent=True)
    assert not is_expected(BUNDLE, at_once, at_once.history, 1001.0)


def test_an_image_whose_registration_was_not_answered_is_waited_for() -> None:
    late = context((), (), (), (IMAGE,), made=Registration(999.0, None))
    assert find_use(BUNDLE, late)
    assert late.seconds == 3.0
    never = context((), made=Registration(999.0, None))
    assert not find_use(BUNDLE, never)
    assert 59.0 <= never.seconds < 61.0


@pytest.mark.parametrize(
    ("made", "is_consistent"),
    [(None, False), (Registration(1.0, None), False), (Registration(999.0, None), True)],
)
def test_nothing_is_waited_for_that_cannot_show(made: Registration | None, is_consistent: bool) -> None:
    found = context((), made=made, is_consistent=is_consistent)
    assert not find_use(BUNDLE, found)
    assert found.seconds == 0.0
