"""How the image that a spec asks for comes to be there."""

from __future__ import annotations

from dataclasses import dataclass

from extenci.model.observed import Image
from extenci.model.work import ImageToLaunch


@dataclass(frozen=True)
class Ready:
    """The wanted version is staged. `verified_by`: the change of this plan that has to find it good before
    anything uses it; `meanwhile` is an older version that was found good."""

    image: Image
    label: str
    digest: str
    verified_by: str | None = None
    meanwhile: Image | None = None

    @property
    def to_launch(self) -> ImageToLaunch:
        """What machines are launched from."""
        return ImageToLaunch(self.image.id)


@dataclass(frozen=True)
class Coming:
    """A change of this plan (its id) registers the wanted version; `snapshot` is what it is made from,
    where that is there already. `verified_by` and `meanwhile` as in Ready."""

    change: str
    label: str
    digest: str
    snapshot: str | None = None
    verified_by: str | None = None
    meanwhile: Image | None = None

    @property
    def to_launch(self) -> ImageToLaunch:
        """What machines are launched from."""
        return ImageToLaunch(None, staged_by=self.change)


@dataclass(frozen=True)
class Unready:
    """The wanted version is not there, and this plan cannot change that; `label` where it is known. `waits`:
    a person can."""

    reason: str
    label: str | None = None
    waits: bool = False


Provision = Ready | Coming | Unready


def changes_before(provision: object) -> tuple[str, ...]:
    """The changes of this plan that must be done before anything uses a provision."""
    found: tuple[str | None, ...] = ()
    match provision:
        case Ready(verified_by=verified):
            found = (verified,)
        case Coming(change=change, verified_by=verified):
            found = (change, verified)
        case _:
            pass
    return tuple(change for change in found if change)
