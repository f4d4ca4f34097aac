"""An image's `verify:` block → Verify: the service's defaults for test VMs filled in, paths absolute."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

from extenci.model import verification as model
from extenci.model.address import Launch
from extenci.model.launch import LaunchDefaults
from extenci.model.service import Service
from extenci.spec.checks import Check, ConsoleCheck, HttpCheck, PytestCheck, RunCheck, SshCheck, TcpCheck
from extenci.spec.format import VerifySpec
from extenci.spec.launch import check_condor, read_launch_keys, to_settings
from extenci.spec.spec_file import SpecEntry
from extenci.spec.validation.wording import quoted
from extenci.spec.yaml.document import Mark
from extenci.spec.yaml.files import absolute

Placed = tuple[Mark, str]
"""What is wrong, and where."""

BLOCK = "verify"


def resolve_verify(
    root: Path, entry: SpecEntry, spec: VerifySpec, service: Service
) -> tuple[model.Verify | None, list[Placed]]:
    """The block for one service, and everything that is wrong with it. None where it has no type."""
    folder = Path(os.path.realpath(entry.path.parent))
    own, fault = read_launch_keys(root, entry.path.parent, spec)
    problems = [(entry.place(BLOCK, "user_data_file"), f"'user_data_file' {fault}")] if fault else []
    keys = merge(own, service.test or LaunchDefaults())
    launch = keys.launch or service.launch
    if launch is Launch.CONDOR:
        problems += _check_jobs(entry, spec, service)
    problems += _check_files(root, folder, entry, spec)
    if keys.type is None:
        text = f"lacks 'type'; it stands here, or under 'test' of the service {quoted(service.name)}"
        return None, [*problems, (entry.place_of_key(BLOCK), f"'verify' {text}")]
    verify = model.Verify(
        settings=to_settings(keys.type, keys),
        launch=launch,
        address=spec.address,
        timeout=spec.timeout,
        confirm=spec.confirm,
        confirm_within=spec.confirm_within,
        keep_on_failure=spec.keep_on_failure,
        checks=tuple(resolve_check(folder, check) for check in spec.checks),
        root=str(root),
    )
    return verify, problems


def merge(own: LaunchDefaults, defaults: LaunchDefaults) -> LaunchDefaults:
    """The block's own keys over the service's."""
    said = {key.name: value for key in fields(own) if (value := getattr(own, key.name)) is not None}
    return replace(defaults, **said)


def _check_jobs(entry: SpecEntry, spec: VerifySpec, service: Service) -> Iterator[Placed]:
    yield from check_condor(entry, service, spec, BLOCK)
    is_away = service.condor is not None and not service.condor.is_local
    has_own = spec.user_data is not None or spec.user_data_file is not None
    if is_away and not has_own and service.test is not None and service.test.user_data is not None:
        text = (
            f"the user data of 'test' of the service {quoted(service.name)} does not go through a schedd on "
            "another machine; launch: ec2 would take it"
        )
        yield entry.place_of_key(BLOCK), text


def _check_files(root: Path, folder: Path, entry: SpecEntry, spec: VerifySpec) -> Iterator[Placed]:
    """Files of these specs that are not there. Those elsewhere may be on the machine that verifies only."""
    for place, check in enumerate(spec.checks):
        match check:
            case RunCheck(run=[program, *_]) if "/" in program:
                path = absolute(folder, program)
                where = entry.place(BLOCK, "checks", place, "run")
                if Path(path).is_relative_to(root) and not Path(path).is_file():
                    yield where, f"'run' names a program that does not exist: {quoted(program)}"
                elif Path(path).is_relative_to(root) and not os.access(path, os.X_OK):
                    yield where, f"'run' names a file that is not executable: chmod +x {quoted(program)}"
            case PytestCheck(pytest=paths):
                for path in paths:
                    found = Path(absolute(folder, path))
                    if found.is_relative_to(root) and not found.exists():
                        where = entry.place(BLOCK, "checks", place, "pytest")
                        yield where, f"'pytest' names tests that do not exist: {quoted(path)}"
            case _:
                pass


def resolve_check(folder: Path, check: Check) -> model.Check:
    """One check of a spec file in `folder`."""
    limits = {"timeout": check.timeout, "retries": check.retries}
    match check:
        case TcpCheck():
            return model.TcpCheck(check.tcp, **limits)
        case SshCheck():
            key = _path(folder, check.key)
            return model.SshCheck(
                check.ssh, check.user, key, check.port, check.status, check.output, **limits
            )
        case HttpCheck():
            return model.HttpCheck(check.http, check.port, check.status, check.host, check.tls, **limits)
        case ConsoleCheck():
            return model.ConsoleCheck(check.console, **limits)
        case RunCheck(run=[program, *rest]):
            first = absolute(folder, program) if "/" in program else program
            return model.RunCheck((first, *rest), str(folder), **limits)
        case PytestCheck():
            tests = tuple(absolute(folder, path) for path in check.pytest)
            key = _path(folder, check.key)
            return model.PytestCheck(tests, str(folder), check.user, key, check.port, **limits)
        case _:
            raise AssertionError(check)


def _path(folder: Path, path: str | None) -> str | None:
    return None if path is None else absolute(folder, path)
