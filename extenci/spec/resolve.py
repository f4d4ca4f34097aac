"""Entries of spec files → specs: defaults of services filled in, references followed, paths absolute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from extenci.model.address import Address, Kind
from extenci.model.desired import (
    DesiredGroup,
    DesiredImage,
    ImageId,
    ImageReference,
    Origin,
)
from extenci.model.errors import Problem, UsageError
from extenci.model.launch import Launch, LaunchSettings
from extenci.model.service import Service
from extenci.model.version import Method
from extenci.spec.format import ImageSpec, InstancesSpec
from extenci.spec.launch.condor import check_condor
from extenci.spec.launch.keys import read_launch_keys, to_settings
from extenci.spec.own_file import NOTHING_ALLOWED, AllowedPaths, find_source
from extenci.spec.problems import problem
from extenci.spec.services.library import Library
from extenci.spec.spec_file import SpecDocument, SpecEntry
from extenci.spec.validation.fields import IMAGE_ID
from extenci.spec.verify import resolve_verify
from extenci.spec.words import quoted, shown, suggestion
from extenci.spec.yaml.document import Mark

MOST_SUGGESTIONS = 100

MOST_DESIRED = 100_000
"""Images and groups; a list of services multiplies them."""

BY_BUCKET = (Method.IMPORT, Method.BUNDLE)
"""Methods that upload to S3."""


@dataclass
class Resolution:
    """All entries, resolved. `images` and `instances` are valid only where `problems` is empty; `allowed` are
    the paths outside of the root that specs may name."""

    folder: Path
    library: Library
    allowed: AllowedPaths = NOTHING_ALLOWED
    images: list[DesiredImage] = field(default_factory=list)
    instances: list[DesiredGroup] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    entries: dict[Address, SpecEntry] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)

    def note(self, path: Path, mark: Mark, message: str) -> None:
        """Note a problem."""
        self.problems.append(problem(path, message, mark))


def resolve(
    folder: Path,
    documents: Sequence[SpecDocument],
    library: Library,
    allowed: AllowedPaths = NOTHING_ALLOWED,
) -> Resolution:
    """Resolve all entries of a root. References are checked only when every file could be read, since
    their targets may be in a file that could not."""
    resolution = Resolution(folder, library, allowed)
    for document in documents:
        _resolve_services(resolution, document)
    for document in documents:
        for entry in document.entries:
            _register(resolution, entry)
    is_whole = all(document.is_whole for document in documents)
    for address, entry in resolution.entries.items():
        service = resolution.services.get(address.service)
        match entry.spec:
            case ImageSpec() as spec if service is not None:
                resolution.images.append(_resolve_image(resolution, entry, spec, service))
            case InstancesSpec() as spec:
                if is_whole:
                    _check_image(resolution, entry, spec, address)
                if service is not None:
                    resolution.instances.append(_resolve_instances(resolution, entry, spec, service))
            case _:
                pass
    return resolution


def _resolve_services(resolution: Resolution, document: SpecDocument) -> None:
    for named in document.services:
        service = resolution.library.find(named.name)
        if service is not None:
            resolution.services[named.name] = service
        elif named.name not in resolution.library.names:
            close = suggestion(named.name, resolution.library.names)
            hint = close or "; neither the catalog nor services/ has a file for it"
            text = f"there is no service {quoted(named.name)}{hint}"
            resolution.note(document.document.path, named.mark, text)


def find_lack(method: Method, service: Service) -> str:
    """The key that a service's file lacks for a method of staging, in words; "" where it lacks none."""
    file = f"in the file of {quoted(service.name)}"
    if method in BY_BUCKET and service.bucket is None:
        return f"method: {method} needs a bucket: name one as 'bucket' {file}"
    if method is Method.BUNDLE and service.bundle is None:
        return f"method: {method} needs keys and certificates: name them under 'bundle' {file}"
    return ""


def _register(resolution: Resolution, entry: SpecEntry) -> None:
    if len(resolution.entries) + len(entry.services) > MOST_DESIRED:
        raise UsageError(
            f"The specs ask for more than {MOST_DESIRED:,} images and groups of instances.",
            "Split them into several roots, each with its own stack.",
        )
    for service in entry.services:
        address = Address(service.name, entry.name)
        first = resolution.entries.setdefault(address, entry)
        if first is not entry:
            what = "an image" if first.kind is Kind.IMAGE else "a group of instances"
            place = f"{shown(first.path)}:{first.mark.line}:{first.mark.column}"
            text = f"{quoted(entry.name)} is already {what} at {quoted(service.name)}: {place}"
            resolution.note(entry.path, entry.mark, text)


def _resolve_image(
    resolution: Resolution, entry: SpecEntry, spec: ImageSpec, service: Service
) -> DesiredImage:
    method = spec.method or service.stage
    if text := find_lack(method, service):
        resolution.note(entry.path, entry.place("method"), text)
    verify = None
    if spec.verify is not None:
        verify, problems = resolve_verify(resolution.folder, entry, spec.verify, service, resolution.allowed)
        for mark, text in problems:
            resolution.note(entry.path, mark, text)
    return DesiredImage(
        address=Address(service.name, entry.name),
        origin=_origin(entry),
        source=spec.source if spec.from_url else _find_disk(resolution, entry, spec.source),
        method=method,
        sha256=spec.sha256,
        raw=spec.raw,
        architecture=spec.architecture,
        boot_mode=spec.boot_mode,
        gib=spec.size,
        keep=spec.keep,
        protect=spec.protect,
        tags=dict(spec.tags),
        verify=verify,
    )


def _find_disk(resolution: Resolution, entry: SpecEntry, source: str) -> str:
    """The path of a disk, with all links followed."""
    real, fault = find_source(resolution.folder, entry.path.parent, source, resolution.allowed.sources)
    if fault:
        resolution.note(entry.path, entry.place("source"), f"'source' {fault}")
    return str(real)


def _resolve_instances(
    resolution: Resolution, entry: SpecEntry, spec: InstancesSpec, service: Service
) -> DesiredGroup:
    launch = spec.launch or service.launch
    if launch is Launch.CONDOR:
        for mark, text in check_condor(entry, service, spec):
            resolution.note(entry.path, mark, text)
    return DesiredGroup(
        address=Address(service.name, entry.name),
        origin=_origin(entry),
        image=_reference(spec.image, service.name),
        count=spec.count,
        settings=_settings(resolution, entry, spec),
        launch=launch,
        max_unavailable=spec.update.max_unavailable,
        launch_timeout=spec.launch_timeout,
        protect=spec.protect,
        tags=dict(spec.tags),
    )


def _settings(resolution: Resolution, entry: SpecEntry, spec: InstancesSpec) -> LaunchSettings:
    keys, fault = read_launch_keys(resolution.folder, entry.path.parent, spec)
    if fault:
        resolution.note(entry.path, entry.place("user_data_file"), f"'user_data_file' {fault}")
    return to_settings(spec.type, keys)


def _reference(image: str, service: str) -> ImageReference:
    return ImageId(image) if IMAGE_ID.fullmatch(image) else Address(service, image)


def _check_image(resolution: Resolution, entry: SpecEntry, spec: InstancesSpec, address: Address) -> None:
    reference = _reference(spec.image, address.service)
    if isinstance(reference, ImageId):
        return
    found = resolution.entries.get(reference)
    if found is None:
        text = f"there is no image {quoted(spec.image)} at {quoted(address.service)}"
        resolution.note(entry.path, entry.place("image"), text + _suggest_image(resolution, reference))
    elif found.kind is not Kind.IMAGE:
        text = f"{quoted(spec.image)} is a group of instances at {quoted(address.service)}, not an image"
        resolution.note(entry.path, entry.place("image"), text)


def _suggest_image(resolution: Resolution, reference: Address) -> str:
    if len(resolution.problems) > MOST_SUGGESTIONS:
        return ""
    names = (
        address.name
        for address, entry in resolution.entries.items()
        if address.service == reference.service and entry.kind is Kind.IMAGE
    )
    return suggestion(reference.name, names)


def _origin(entry: SpecEntry) -> Origin:
    return Origin(shown(entry.path), entry.mark.line, entry.mark.column)
