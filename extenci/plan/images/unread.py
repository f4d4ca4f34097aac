"""Which pinned sources have to be read before a plan can be made: only those that will be uploaded.

What a pinned source held is told by what is staged of it, so that neither the file nor a download of it is
needed where it is staged already.
"""

from __future__ import annotations

from collections.abc import Mapping

from extenci.model.address import Address
from extenci.model.desired import ImageWish, Wishes
from extenci.model.observed import Observation
from extenci.model.record import Records
from extenci.model.version import Disk
from extenci.plan.images.changes import Need, look_for, needed_images
from extenci.plan.images.content import find_content
from extenci.plan.images.snapshots import find_source
from extenci.plan.inputs import Scene, Stock, set_scene


def images_to_read(
    wishes: Wishes, disks: Mapping[Address, Disk], observation: Observation, records: Records
) -> tuple[ImageWish, ...]:
    """The pinned images of which neither `disks` nor the services tell enough."""
    scene = set_scene(wishes, disks, observation, records, 0.0, False)
    return tuple(
        wish
        for stock in scene.stocks.values()
        for wish in needed_images(scene, stock)
        if wish.sha256 is not None and is_to_read(scene, stock, wish)
    )


def is_to_read(scene: Scene, stock: Stock, wish: ImageWish) -> bool:
    """Whether nothing says what a wish's disk holds, or nothing on the service can be registered from."""
    content = find_content(scene, stock, wish)
    if isinstance(content, str):
        return wish.address not in scene.disks
    if content.disk is not None:
        return False
    found = look_for(scene, stock, wish)
    return isinstance(found, Need) and find_source(stock, content.version, wish.address) is None
