"""Where the image that a spec asks for comes from."""

from __future__ import annotations

from dataclasses import dataclass

from extenci.model.observed import Image
from extenci.model.work import ImageToLaunch


@dataclass(frozen=True)
class Staged:
    """The wanted version is staged. `verified_by` is the change of this plan that must pass before anything
    uses the image; `meanwhile` is an older version that passed."""

    image: Image
    label: str
    digest: str
    verified_by: str | None = None
    meanwhile: Image | None = None

    @property
    def to_launch(self) -> ImageToLaunch:
        """The image of a launch."""
        return ImageToLaunch(self.image.id)


@dataclass(frozen=True)
class ToBeStaged:
    """A change of this plan (its id) registers the wanted version, from `snapshot` where that exists already.
    `verified_by` and `meanwhile` are as in Staged."""

    change: str
    label: str
    digest: str
    snapshot: str | None = None
    verified_by: str | None = None
    meanwhile: Image | None = None

    @property
    def to_launch(self) -> ImageToLaunch:
        """The image of a launch."""
        return ImageToLaunch(None, staged_by=self.change)


@dataclass(frozen=True)
class Unavailable:
    """The wanted version does not exist, and this plan cannot make it, for a `reason`. `label` is that of the
    version where it is known. `waits`: it only takes a person's confirmation."""

    reason: str
    label: str | None = None
    waits: bool = False


ImageSource = Staged | ToBeStaged | Unavailable


def staged_as(image: Image) -> Staged:
    """An image that is there, as the version that its marks tell of."""
    marks = image.marks
    return Staged(image, (marks and marks.version) or "", (marks and marks.digest) or "")


def usable_now(source: Staged | ToBeStaged) -> Staged | ToBeStaged:
    """The image that machines are launched from right now: an older version that passed its verification,
    while that of the wanted one is not over."""
    return staged_as(source.meanwhile) if source.verified_by and source.meanwhile else source


def changes_before(source: object) -> tuple[str, ...]:
    """The changes of this plan that must be done before anything uses an image."""
    match source:
        case Staged(verified_by=verified):
            needed: tuple[str | None, ...] = (verified,)
        case ToBeStaged(change=change, verified_by=verified):
            needed = (change, verified)
        case _:
            needed = ()
    return tuple(change for change in needed if change)
