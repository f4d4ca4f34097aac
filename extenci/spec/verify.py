"""An image's `verify:` block → Verify, with the service's defaults for test VMs and absolute paths."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

from extenci.model.launch import Launch, LaunchDefaults
from extenci.model.service import Service
from extenci.model.verification import Verify
from extenci.spec.format import VerifySpec
from extenci.spec.launch.condor import check_condor
from extenci.spec.launch.keys import read_launch_keys, to_settings
from extenci.spec.own_file import NOTHING_ALLOWED, AllowedPaths, find_key_fault
from extenci.spec.spec_file import SpecEntry
from extenci.spec.words import quoted
from extenci.spec.yaml.document import Mark
from extenci.spec.yaml.files import absolute
from extenci.verify.form import LoginForm, SpecFolder

Placed = tuple[Mark, str]
"""A place in a spec file, and what is wrong there."""

BLOCK = "verify"


def resolve_verify(
    root: Path,
    entry: SpecEntry,
    spec: VerifySpec,
    service: Service,
    allowed: AllowedPaths = NOTHING_ALLOWED,
) -> tuple[Verify | None, list[Placed]]:
    """The block for one service (None where it has no type), and everything that is wrong with it."""
    folder = SpecFolder(Path(os.path.realpath(entry.path.parent)), root, absolute)
    own, fault = read_launch_keys(root, entry.path.parent, spec)
    problems = [(entry.place(BLOCK, "user_data_file"), f"'user_data_file' {fault}")] if fault else []
    keys = merge(own, service.test or LaunchDefaults())
    launch = keys.launch or service.launch
    if launch is Launch.CONDOR:
        problems += _check_jobs(entry, spec, service)
    problems += _find_faults(entry, spec, folder)
    problems += _find_key_faults(root, entry, spec, allowed)
    if keys.type is None:
        text = f"lacks 'type'; write it here, or under 'test' of the service {quoted(service.name)}"
        return None, [*problems, (entry.place_of_key(BLOCK), f"'verify' {text}")]
    verify = Verify(
        settings=to_settings(keys.type, keys),
        launch=launch,
        address=spec.address,
        timeout=spec.timeout,
        confirm=spec.confirm,
        confirm_within=spec.confirm_within,
        keep_on_failure=spec.keep_on_failure,
        checks=tuple(check.resolve(folder) for check in spec.checks),
        root=str(root),
    )
    return verify, problems


def merge(own: LaunchDefaults, defaults: LaunchDefaults) -> LaunchDefaults:
    """The block's own keys; the service's defaults for the others."""
    said = {key.name: value for key in fields(own) if (value := getattr(own, key.name)) is not None}
    return replace(defaults, **said)


def _check_jobs(entry: SpecEntry, spec: VerifySpec, service: Service) -> Iterator[Placed]:
    yield from check_condor(entry, service, spec, BLOCK)
    is_away = service.condor is not None and not service.condor.is_local
    has_own = spec.user_data is not None or spec.user_data_file is not None
    if is_away and not has_own and service.test is not None and service.test.user_data is not None:
        text = (
            f"the user data of 'test' of the service {quoted(service.name)} cannot be sent through a schedd "
            "on another machine; use launch: ec2"
        )
        yield entry.place_of_key(BLOCK), text


def _find_faults(entry: SpecEntry, spec: VerifySpec, folder: SpecFolder) -> Iterator[Placed]:
    """Faults of the files that checks name."""
    for place, check in enumerate(spec.checks):
        for key, text in check.find_faults(folder):
            yield entry.place(BLOCK, "checks", place, key), f"{quoted(key)} {text}"


def _find_key_faults(
    root: Path, entry: SpecEntry, spec: VerifySpec, allowed: AllowedPaths
) -> Iterator[Placed]:
    """Private keys that are neither the root's own nor allowed by this user."""
    for place, check in enumerate(spec.checks):
        if isinstance(check, LoginForm) and check.key is not None:
            fault = find_key_fault(root, entry.path.parent, check.key, allowed.keys)
            if fault:
                yield entry.place(BLOCK, "checks", place, "key"), f"'key' {fault}"
