"""How the image that a wish asks for comes to be there."""

from __future__ import annotations

from dataclasses import dataclass

from extenci.model.observed import Image
from extenci.model.plans import ImageToLaunch


@dataclass(frozen=True)
class Ready:
    """The wanted version is staged."""

    image: Image
    label: str
    digest: str

    @property
    def to_launch(self) -> ImageToLaunch:
        """What machines are launched from."""
        return ImageToLaunch(self.image.id)


@dataclass(frozen=True)
class Coming:
    """A change of this plan (its id) registers the wanted version; `snapshot` is what it is made from,
    where that is there already."""

    change: str
    label: str
    digest: str
    snapshot: str | None = None

    @property
    def to_launch(self) -> ImageToLaunch:
        """What machines are launched from."""
        return ImageToLaunch(None, staged_by=self.change)


@dataclass(frozen=True)
class Unready:
    """The wanted version is not there, and this plan cannot change that; `label` where it is known."""

    reason: str
    label: str | None = None


Provision = Ready | Coming | Unready
