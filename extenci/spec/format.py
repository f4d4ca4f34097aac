"""The format of spec files. The descriptions of the keys become the documentation of the format."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from extenci.model.verification import Reach
from extenci.model.version import Architecture, is_url
from extenci.spec.checks import CheckEntry
from extenci.spec.validation import schema_terms
from extenci.spec.validation.duration import duration
from extenci.spec.validation.fields import (
    ArchitectureChoice,
    BootModeChoice,
    EntryName,
    FilePath,
    ImageText,
    LaunchChoice,
    MethodChoice,
    Names,
    Price,
    Sha256,
    Source,
    Tags,
    Text,
    UserData,
)
from extenci.spec.validation.strict import Expected, Strict, wrong

GibCount = Annotated[int, Field(ge=1, le=65536), Expected("a whole number of GiB")]
MachineCount = Annotated[int, Field(ge=0, le=10000), Expected("a whole number of machines")]
DAY = 24 * 3600


class VolumeSpec(Strict):
    """The root volume, where it should differ from the image's."""

    gib: GibCount | None = Field(default=None, description="Size in GiB; at least the image's own.")
    type: Text | None = Field(default=None, description="Volume type, such as `gp3`.")
    encrypted: bool | None = Field(default=None, description="Whether the volume is encrypted.")


class LaunchKeys(Strict):
    """The keys that say how to launch a machine, in specs and in service files."""

    model_config = ConfigDict(json_schema_extra=schema_terms.ONE_USER_DATA)

    type: Text | None = Field(default=None, description="Instance type, such as `m5.large`.")
    launch: LaunchChoice | None = Field(
        default=None, description="Who starts the machines: `ec2` or `condor`. Default: the service's."
    )
    key_name: Text | None = Field(default=None, description="Name of a key pair on the service.")
    user_data: UserData | None = Field(
        default=None, description="Text that the machines get when they start, at most 16 KiB."
    )
    user_data_file: FilePath | None = Field(
        default=None, description="File with the user data, relative to this file, inside the spec root."
    )
    security_groups: Annotated[list[Text], Field(max_length=100)] | None = Field(
        default=None,
        description="Names or `sg-…` ids of security groups.",
        json_schema_extra=schema_terms.DIFFERENT,
    )
    subnet: Text | None = Field(default=None, description="Id of a subnet.")
    availability_zone: Text | None = Field(
        default=None, description="Availability zone, such as `us-east-1a`."
    )
    instance_profile: Text | None = Field(default=None, description="Name or ARN of an IAM instance profile.")
    root_volume: VolumeSpec | None = Field(
        default=None, description="The root volume, where it should differ from the image's."
    )
    spot_price: Price | None = Field(
        default=None, description="Highest price per hour; with it, the machines are spot instances."
    )

    @model_validator(mode="after")
    def _require_one_user_data(self) -> Self:
        if self.user_data is not None and self.user_data_file is not None:
            raise wrong("cannot be combined with 'user_data'; keep one of the two", "user_data_file")
        if self.security_groups is not None and len(set(self.security_groups)) < len(self.security_groups):
            raise wrong("names a group twice", "security_groups")
        return self


class VerifySpec(LaunchKeys):
    """How a new version is verified in a test VM before anything uses it. Launch keys are allowed here too;
    their defaults are under the service's `test:`."""

    address: Annotated[Reach, Field(strict=False)] = Field(
        default=Reach.PUBLIC, description="Which address the checks use: `public` or `private`."
    )
    timeout: Annotated[int, duration(1, DAY)] = Field(
        default=600, description="How long launching and checking may take together. Default: 10m."
    )
    confirm: bool = Field(default=False, description="Whether a person must also confirm.")
    confirm_within: Annotated[int, duration(60, 30 * DAY)] = Field(
        default=DAY, description="How long a test VM waits for that person. Default: 24h."
    )
    keep_on_failure: bool = Field(
        default=False, description="Whether a failed test VM is kept for inspection."
    )
    checks: Annotated[list[CheckEntry], Field(max_length=100)] = Field(
        default_factory=list, description="What must succeed, in this order."
    )


class ImageSpec(Strict):
    """A desired machine image, made from a disk."""

    model_config = ConfigDict(json_schema_extra=schema_terms.DIGEST_OF_URL)

    source: Source = Field(
        description="The disk: a path relative to this file, or an `https://` or `s3://` URL. Raw, qcow2, "
        "VMDK, VHD, VHDX or VDI, also compressed with xz, zstd, gzip or bzip2."
    )
    sha256: Sha256 | None = Field(
        default=None,
        description="SHA-256 of the source file's bytes. Required for URLs; with it, the file is needed "
        "only to upload it.",
    )
    raw: bool = Field(
        default=False,
        description="Whether to stage the disk although its content is not known: no boot sector, partition "
        "table or file system, or one that reaches past its end.",
    )
    architecture: ArchitectureChoice = Field(
        default=Architecture.X86_64, description="Architecture to register. Default: `x86_64`."
    )
    boot_mode: BootModeChoice | None = Field(
        default=None, description="Boot mode to register. Default: the service's."
    )
    method: MethodChoice | None = Field(
        default=None, description="How to stage: `ebs`, `import` or `bundle`. Default: the service's."
    )
    size: GibCount | None = Field(
        default=None, description="Volume size in GiB. Default: the disk's, rounded up."
    )
    keep: Annotated[int, Field(ge=0, le=100), Expected("a whole number of versions")] = Field(
        default=1,
        description="Older versions kept for rollback, newest first; each costs the storage "
        "of its disk. Default: 1.",
    )
    protect: bool = Field(default=False, description="Whether plans must never remove it.")
    tags: Tags = Field(default_factory=dict, description="Tags of the image and its snapshot.")
    verify: VerifySpec | None = Field(
        default=None, description="Boot a test VM from a new version before anything uses it."
    )

    @property
    def from_url(self) -> bool:
        """Whether the source is a URL."""
        return is_url(self.source)

    @model_validator(mode="after")
    def _require_digest(self) -> Self:
        if self.from_url and self.sha256 is None:
            raise wrong("is a URL; write the 'sha256' of its file beside it", "source")
        return self


class UpdateSpec(Strict):
    """How machines are replaced."""

    max_unavailable: MachineCount = Field(
        default=1,
        description="How many may be missing while machines are replaced; 0: new ones start first.",
    )


class InstancesSpec(LaunchKeys):
    """A group of interchangeable machines."""

    type: Text = Field(description="Instance type, such as `m5.large`.")
    image: ImageText = Field(description="An image of these specs, or an id (`ami-…`, `emi-…`).")
    count: MachineCount = Field(description="How many machines.")
    tags: Tags = Field(default_factory=dict, description="Tags of the machines.")
    update: UpdateSpec = Field(default=UpdateSpec(), description="How new machines replace outdated ones.")
    launch_timeout: Annotated[int, duration(10, DAY)] = Field(
        default=900, description="How long a machine may take to be running. Default: 15m."
    )
    protect: bool = Field(default=False, description="Whether plans must never remove the group's machines.")


class SpecFile(Strict):
    """The images and instances that should exist on one service, or alike on several."""

    service: Names = Field(description="The service, or a list: the same specs on each of them.")
    images: dict[EntryName, ImageSpec] = Field(
        default_factory=dict, description="Images, by name.", json_schema_extra=schema_terms.ENTRY_NAMES
    )
    instances: dict[EntryName, InstancesSpec] = Field(
        default_factory=dict,
        description="Groups of machines, by name.",
        json_schema_extra=schema_terms.ENTRY_NAMES,
    )
