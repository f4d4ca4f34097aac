"""Plans and specs without what belongs to one machine: the same in every checkout and every home.

Paths are relative to the spec root. Of services, only what says where requests go and what they ask for
counts, not which keys of this machine they are signed with: a plan may be made with credentials that can
only read.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace

from extenci.model.desired import Desired, DesiredGroup, DesiredImage, Origin
from extenci.model.plan import Change, Plan
from extenci.model.service import SdkChain, Service
from extenci.model.verification import Verify, relative_path
from extenci.model.version import is_url
from extenci.model.work import LaunchWork, ReplaceWork, StageWork, VerifyWork

ROOT = "."
"""The spec root, relative to itself."""


def portable_desired(desired: Desired) -> Desired:
    """Specs and services as they are everywhere."""
    return replace(
        desired,
        root=ROOT,
        services={name: portable_service(service) for name, service in desired.services.items()},
        images=tuple(portable_image(spec, desired.root) for spec in desired.images),
        instances=tuple(portable_group(spec, desired.root) for spec in desired.instances),
    )


def portable_service(service: Service) -> Service:
    """A service without the paths and profiles of this machine."""
    bundle = service.bundle and replace(service.bundle, certificate="", private_key="", cloud_certificate="")
    return replace(service, file="", credentials=SdkChain(), ca_bundle=None, bundle=bundle)


def portable_image(spec: DesiredImage, root: str) -> DesiredImage:
    """An image's spec with relative paths."""
    verify = portable_verify(spec.verify) if spec.verify else None
    source = portable_source(spec.source, root)
    return replace(spec, source=source, verify=verify, origin=portable_origin(spec.origin, root))


def portable_group(spec: DesiredGroup, root: str) -> DesiredGroup:
    """A group's spec with relative paths."""
    return replace(spec, origin=portable_origin(spec.origin, root))


def portable_verify(verify: Verify) -> Verify:
    """A verify block with relative paths."""
    checks = tuple(check.relative_to(verify.root) for check in verify.checks)
    return replace(verify, root=ROOT, checks=checks)


def portable_origin(origin: Origin, root: str) -> Origin:
    """A place in a file of the root, which may be named relative to a folder above it."""
    inside = relative_path(origin.file, root)
    return replace(origin, file=inside if inside != origin.file else posixpath.basename(origin.file))


def portable_source(source: str, root: str) -> str:
    """A disk's path relative to the root; a URL, or a disk outside of the root, as it is."""
    return source if is_url(source) else relative_path(source, root)


def portable_plan(plan: Plan, root: str) -> Plan:
    """A plan with paths relative to the root."""
    return replace(plan, changes=tuple(portable_change(change, root) for change in plan.changes))


def portable_change(change: Change, root: str) -> Change:
    """A change with paths relative to the root."""
    match change.work:
        case StageWork(source=source) as work:
            return replace(change, work=replace(work, source=portable_source(source, root)))
        case VerifyWork(verify=verify) as work:
            return replace(change, work=replace(work, verify=portable_verify(verify)))
        case LaunchWork(group=group) | ReplaceWork(group=group) as work:
            return replace(change, work=replace(work, group=portable_group(group, root)))
        case _:
            return change


def located_plan(plan: Plan, root: str) -> Plan:
    """A portable plan with the paths that its disks have in a checkout, so that it compares with a plan that
    was made there."""

    def located(change: Change) -> Change:
        if not isinstance(change.work, StageWork) or not change.work.source.startswith("./"):
            return change
        source = posixpath.normpath(posixpath.join(root, change.work.source))
        return replace(change, work=replace(change.work, source=source))

    return replace(plan, changes=tuple(map(located, plan.changes)))
