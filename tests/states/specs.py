"""The specs that a state machine edits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from extenci.model.abilities import AWS, Abilities
from extenci.model.address import Address
from extenci.model.desired import Desired, DesiredGroup, DesiredImage, LaunchSettings, Origin
from extenci.model.service import Service, Tagging
from extenci.model.version import Method
from tests.states.home import SERVICE
from tests.states.resources import STACK_NAME

ORIGIN = Origin("stack.yaml", 1, 1)
TYPES = ("t3.micro", "t3.large")


@dataclass(frozen=True)
class Group:
    """A group of machines in the specs."""

    image: str = "base"
    count: int = 2
    type: str = TYPES[0]
    max_unavailable: int = 1

    @property
    def most(self) -> int:
        """The most machines that there may be while it is applied."""
        return self.count + max(1, self.max_unavailable)


@dataclass
class Specs:
    """What the specs say. `images` has the number of each image's disk."""

    tagging: Tagging = Tagging.CREATE
    abilities: Abilities = AWS
    images: dict[str, int] = field(default_factory=lambda: {"base": 1})
    groups: dict[str, Group] = field(default_factory=dict)

    def desired(self, folder: Path) -> Desired:
        """The specs as they are read; disks are in a folder."""
        service = Service(
            SERVICE,
            "x-1",
            ec2="https://ec2.cloud.test",
            abilities=self.abilities,
            tags=self.tagging,
            file="cloud.yaml",
        )
        images = tuple(
            DesiredImage(
                Address(SERVICE, name),
                ORIGIN,
                str(folder / f"{disk}.raw"),
                Method.EBS,
                raw=True,
                keep=disk % 2,
            )
            for name, disk in self.images.items()
        )
        groups = tuple(
            DesiredGroup(
                Address(SERVICE, name),
                ORIGIN,
                Address(SERVICE, one.image),
                one.count,
                LaunchSettings(one.type),
                max_unavailable=one.max_unavailable,
            )
            for name, one in self.groups.items()
        )
        return Desired(STACK_NAME, str(folder), {SERVICE: service}, images, groups)

    @property
    def sizes(self) -> Mapping[str, int]:
        """How many machines each group is to have."""
        return {name: one.count for name, one in self.groups.items() if one.count}
