"""The disks of desired images, read as far as a session needs them."""

from __future__ import annotations

from threading import Event

from extenci.api.session import Observed, Session
from extenci.cloud.download.downloads import Downloads
from extenci.image.sources import Cache
from extenci.model.address import Address
from extenci.model.errors import Problem, SpecError
from extenci.model.version import Disk
from extenci.observe import disks as observed_disks
from extenci.observe.disks import Reader, desired_images, read_disks
from extenci.plan.images.unread import images_to_read


def known_disks(session: Session) -> dict[Address, Disk]:
    """The disks that the selection is about, as far as they are known before the services are asked. Pinned
    disks are not read: the image that was staged from one may tell enough about it. So may that of an image
    which only a selected group needs, and whose file is missing."""
    images = desired_images(session.desired)
    unpinned = [spec for spec in images if spec.sha256 is None]
    dispensable = {spec.address for spec in images if not session.desired.selection.covers(spec.address)}
    read = read_disks(unpinned, _reader(session), dispensable=dispensable)
    return {**observed_disks.known_disks(images, session.catalog.digests), **read}


def readable_disks(session: Session) -> tuple[dict[Address, Disk], tuple[str, ...]]:
    """The disks as of `known_disks`, without those that cannot be read, and a text about each of these."""
    images = desired_images(session.desired)
    disks, problems = observed_disks.known_disks(images, session.catalog.digests), list[Problem]()
    for spec in images:
        if spec.sha256 is None:
            try:
                disks |= read_disks([spec], _reader(session))
            except SpecError as error:
                problems += error.problems
    return disks, tuple(str(problem) for problem in sorted(set(problems)))


def read_pinned_disks(session: Session, disks: dict[Address, Disk], observed: Observed) -> bool:
    """Add the disks of pinned images that must be read, or downloaded; return whether there were any, so that
    the services must be observed again."""
    images = images_to_read(session.desired, disks, observed.observation, observed.records)
    disks.update(read_disks(images, _reader(session)))
    return bool(images)


def _reader(session: Session) -> Reader:
    catalog, options = session.catalog, session.options

    def cache(service: str) -> Cache:
        downloads = Downloads(session.clients[service])
        return Cache(session.home.cache_folder, downloads, options.tell, options.stop or Event())

    return Reader(
        catalog.digests,
        catalog.block_lists,
        cache,
        session.failures,
        tell=options.tell,
        stop=options.stop,
    )
