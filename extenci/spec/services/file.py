"""Service files: `catalog/service/NAME.yaml` and a root's `services/NAME.yaml` → Service."""

from __future__ import annotations

import os
from pathlib import Path

from extenci.model.abilities import declared, is_aws, known_of
from extenci.model.address import NAME
from extenci.model.errors import SpecError
from extenci.model.launch import Launch, LaunchDefaults
from extenci.model.service import (
    SANDBOX,
    BundleKeys,
    Credentials,
    KeyFiles,
    Limits,
    Profile,
    SdkChain,
    Service,
)
from extenci.spec.launch.keys import read_launch_keys
from extenci.spec.problems import to_problems
from extenci.spec.services.format import BundleSpec, CredentialsSpec, ServiceFile, build_condor
from extenci.spec.services.region import find_region
from extenci.spec.validation.faults import place, validate
from extenci.spec.yaml.document import Document, Fault, Mark, locate
from extenci.spec.yaml.files import absolute
from extenci.spec.yaml.load import load_document

DEFAULT_REGION = "us-east-1"
SANDBOX_TAKEN = "the service 'sandbox' is built in; give this one another name"


def read_service(path: Path, name: str | None = None) -> Service:
    """The service that a file describes, named after the file. SpecError has all problems of the file."""
    name = path.stem if name is None else name
    document = load_document(path)
    spec, faults = validate(ServiceFile, document)
    faults += _find_name_faults(name)
    test, test_faults = _read_test(document, spec)
    faults += test_faults
    if faults or spec is None:
        raise SpecError(to_problems(path, faults))
    return _build(name, path, spec, test)


def _read_test(document: Document, spec: ServiceFile | None) -> tuple[LaunchDefaults | None, list[Fault]]:
    """Defaults for test VMs. A file of user data must be in the service file's folder or below."""
    if spec is None or spec.test is None or document.top is None:
        return None, []
    folder = Path(os.path.realpath(document.path.absolute().parent))
    found, fault = read_launch_keys(folder, folder, spec.test, "the folder of this file")
    if not fault:
        return found, []
    path, _ = locate(document.top, ("test", "user_data_file"))
    return None, [Fault(place(document.top, path), f"'user_data_file' {fault}")]


def _find_name_faults(name: str) -> list[Fault]:
    if name == SANDBOX:
        return [Fault(Mark(), SANDBOX_TAKEN)]
    if not NAME.fullmatch(name):
        return [
            Fault(
                Mark(),
                "a service has its file's name, which must be letters, digits, dots, dashes and underscores",
            )
        ]
    return []


def _build(name: str, path: Path, spec: ServiceFile, test: LaunchDefaults | None) -> Service:
    folder = path.absolute().parent
    elsewhere = spec.ec2 if spec.ec2 is not None and not is_aws(spec.ec2) else None
    return Service(
        name=name,
        region=spec.region or find_region(spec.ec2) or DEFAULT_REGION,
        ec2=spec.ec2,
        # Data for another cloud must never end up at AWS, so these follow `ec2`.
        s3=spec.s3 or elsewhere,
        ebs=spec.ebs or elsewhere,
        credentials=_build_credentials(spec.credentials, folder),
        ca_bundle=absolute(folder, spec.ca_bundle) if spec.ca_bundle else None,
        plain_http=spec.plain_http,
        launch=spec.launch,
        stage=spec.stage,
        tags=spec.tags,
        bucket=spec.bucket,
        lock=spec.lock,
        bundle=_build_bundle(spec.bundle, folder),
        condor=build_condor(spec.condor) if spec.condor or spec.launch is Launch.CONDOR else None,
        limits=Limits(spec.limits.delete_percent, spec.limits.instances),
        test=test,
        file=str(path.absolute()),
        abilities=known_of(spec.ec2) | declared(spec.abilities),
    )


def _build_credentials(spec: CredentialsSpec | None, folder: Path) -> Credentials:
    if spec is None:
        return SdkChain()
    if spec.profile is not None:
        return Profile(spec.profile)
    return KeyFiles(
        absolute(folder, spec.access_key_file or ""), absolute(folder, spec.secret_key_file or "")
    )


def _build_bundle(spec: BundleSpec | None, folder: Path) -> BundleKeys | None:
    if spec is None:
        return None
    paths = (spec.certificate, spec.private_key, spec.cloud_certificate)
    certificate, private_key, cloud = (absolute(folder, path) for path in paths)
    return BundleKeys(certificate, private_key, cloud, spec.user)
