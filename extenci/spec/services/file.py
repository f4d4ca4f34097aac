"""Service files: `catalog/service/NAME.yaml` and a root's `services/NAME.yaml` → Service."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from extenci.model.address import NAME
from extenci.model.errors import Problem, SpecError
from extenci.model.launch import Launch, LaunchDefaults
from extenci.model.service import (
    SANDBOX,
    BundleKeys,
    CondorAccess,
    Credentials,
    KeyFiles,
    Limits,
    Profile,
    SdkChain,
    Service,
    Tagging,
)
from extenci.model.version import Method
from extenci.spec.format import LaunchKeys
from extenci.spec.launch import read_launch_keys
from extenci.spec.services.fields import Account, Bucket, KeyPath, Region, Url
from extenci.spec.validation.faults import place, validate
from extenci.spec.validation.fields import (
    FilePath,
    LaunchChoice,
    MethodChoice,
    TaggingChoice,
    Text,
)
from extenci.spec.validation.strict import Expected, Strict, wrong
from extenci.spec.validation.wording import shown
from extenci.spec.yaml.document import Document, Fault, Mark, locate
from extenci.spec.yaml.files import absolute
from extenci.spec.yaml.load import load_document

DEFAULT_REGION = "us-east-1"

_AWS_HOST = re.compile(r"(?:[a-z0-9-]+\.)*amazonaws\.(?:com|com\.cn|eu)|(?:[a-z0-9-]+\.)*api\.aws")
_AWS_REGION = re.compile(r"(?:^|\.)([a-z]{2}(?:-[a-z]+)+-\d)\.")


class CredentialsSpec(Strict):
    """Two key files, or a profile of the AWS SDK; without either, the SDK finds credentials itself."""

    access_key_file: KeyPath | None = Field(default=None, description="File that holds the access key's id.")
    secret_key_file: KeyPath | None = Field(default=None, description="File that holds the secret key.")
    profile: Text | None = Field(default=None, description="Profile of the AWS SDK's configuration.")

    @model_validator(mode="after")
    def _require_one_kind(self) -> Self:
        files = (self.access_key_file, self.secret_key_file)
        if self.profile is not None and any(files):
            raise wrong("cannot be combined with key files; keep one of the two", "profile")
        if self.profile is None and None in files:
            raise wrong("must have 'access_key_file' and 'secret_key_file', or 'profile'")
        return self


class BundleSpec(Strict):
    """What bundles are made with: three PEM files, and the account that owns them."""

    certificate: KeyPath = Field(description="File with the user's certificate (X.509, PEM).")
    private_key: KeyPath = Field(description="File with the user's private key (RSA, PEM, mode 600).")
    cloud_certificate: KeyPath = Field(description="File with the cloud's certificate (X.509, PEM).")
    user: Account = Field(description="Number of the account, in quotes.")


class CondorCredentialsSpec(Strict):
    """Key files on the schedd's machine; they are never opened here."""

    access_key_file: KeyPath = Field(description="File there that holds the access key's id.")
    secret_key_file: KeyPath = Field(description="File there that holds the secret key.")


class CondorSpec(Strict):
    """The HTCondor that launches machines of this service."""

    schedd: Text | None = Field(default=None, description="Name of the schedd. Default: this machine's.")
    pool: Text | None = Field(
        default=None, description="The pool's central manager. Default: the configured one."
    )
    credentials: CondorCredentialsSpec | None = Field(
        default=None,
        description="Key files on the schedd's machine. Default for a local schedd: the ones above.",
    )


class LimitsSpec(Strict):
    """Limits beyond which a plan needs --force."""

    delete_percent: Annotated[int, Field(ge=0, le=100), Expected("a whole number of percent")] | None = Field(
        default=None, description="Machines removed, net, of those owned on the service, in percent."
    )
    instances: Annotated[int, Field(ge=0, le=1_000_000), Expected("a whole number of machines")] | None = (
        Field(default=None, description="Desired machines on the service, in all.")
    )


class ServiceFile(Strict):
    """A cloud service: its endpoints, credentials and abilities."""

    ec2: Url | None = Field(default=None, description="EC2 endpoint. Default: AWS's own of the region.")
    s3: Url | None = Field(default=None, description="S3 endpoint. Default: as `ec2`.")
    ebs: Url | None = Field(default=None, description="EBS direct APIs' endpoint. Default: as `ec2`.")
    region: Region | None = Field(
        default=None, description="Region. Default: the one in the EC2 endpoint's name, else `us-east-1`."
    )
    credentials: CredentialsSpec | None = Field(
        default=None, description="Credentials for the service. Default: those that the AWS SDK finds."
    )
    ca_bundle: FilePath | None = Field(
        default=None, description="PEM certificates of the endpoints' authorities."
    )
    launch: LaunchChoice = Field(default=Launch.EC2, description="Who starts machines. Default: `ec2`.")
    stage: MethodChoice = Field(default=Method.EBS, description="How disks are staged. Default: `ebs`.")
    tags: TaggingChoice = Field(
        default=Tagging.CREATE, description="When things can be tagged: `create`, `after` or `none`."
    )
    bucket: Bucket | None = Field(default=None, description="S3 bucket for uploads.")
    bundle: BundleSpec | None = Field(default=None, description="Keys and certificates for `stage: bundle`.")
    condor: CondorSpec | None = Field(default=None, description="HTCondor that launches machines.")
    limits: LimitsSpec = Field(default=LimitsSpec(), description="Limits that need --force to exceed.")
    test: LaunchKeys | None = Field(default=None, description="Defaults for test VMs.")

    @model_validator(mode="after")
    def _require_place(self) -> Self:
        if self.ec2 is None and self.region is None:
            raise wrong("must have 'region' or an 'ec2' endpoint, which say where the cloud is")
        return self

    @model_validator(mode="after")
    def _require_keys_for_jobs(self) -> Self:
        if self.launch is not Launch.CONDOR and self.condor is None:
            return self
        condor = build_condor(self.condor)
        if condor.credentials is not None:
            return self
        if not condor.is_local:
            raise wrong(
                "must have 'credentials': two key files on the schedd's machine, which is not this one",
                "condor",
            )
        if self.credentials is None or self.credentials.profile is not None:
            raise wrong("must have 'credentials' with two key files, since jobs of HTCondor name them")
        return self


def read_service(path: Path, name: str | None = None) -> Service:
    """The service that a file describes, named after the file. SpecError has all problems of the file."""
    name = path.stem if name is None else name
    document = load_document(path)
    spec, faults = validate(ServiceFile, document)
    faults += _find_name_faults(name)
    test, test_faults = _read_test(document, spec)
    faults += test_faults
    if faults or spec is None:
        raise SpecError(to_problems(document, faults))
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


def to_problems(document: Document, faults: list[Fault]) -> tuple[Problem, ...]:
    """Faults as problems of a file, sorted, without duplicates."""
    file = shown(document.path)
    return tuple(
        Problem(file, fault.mark.line, fault.mark.column, fault.message) for fault in sorted(set(faults))
    )


def _find_name_faults(name: str) -> list[Fault]:
    if name == SANDBOX:
        return [Fault(Mark(), "the service 'sandbox' is built in; give this one another name")]
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
    elsewhere = spec.ec2 if spec.ec2 is not None and not _is_aws(spec.ec2) else None
    return Service(
        name=name,
        region=spec.region or _find_region(spec.ec2) or DEFAULT_REGION,
        ec2=spec.ec2,
        # Data for another cloud must never end up at AWS, so these follow `ec2`.
        s3=spec.s3 or elsewhere,
        ebs=spec.ebs or elsewhere,
        credentials=_build_credentials(spec.credentials, folder),
        ca_bundle=absolute(folder, spec.ca_bundle) if spec.ca_bundle else None,
        launch=spec.launch,
        stage=spec.stage,
        tags=spec.tags,
        bucket=spec.bucket,
        bundle=_build_bundle(spec.bundle, folder),
        condor=build_condor(spec.condor) if spec.condor or spec.launch is Launch.CONDOR else None,
        limits=Limits(spec.limits.delete_percent, spec.limits.instances),
        test=test,
        file=str(path.absolute()),
    )


def build_condor(spec: CondorSpec | None) -> CondorAccess:
    """The HTCondor of a service. Its paths are not resolved, since they are on the schedd's machine."""
    if spec is None:
        return CondorAccess()
    keys = spec.credentials
    return CondorAccess(
        schedd=spec.schedd,
        pool=spec.pool,
        credentials=KeyFiles(keys.access_key_file, keys.secret_key_file) if keys else None,
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


def _is_aws(url: str) -> bool:
    return bool(_AWS_HOST.fullmatch(urlsplit(url).hostname or ""))


def _find_region(url: str | None) -> str | None:
    if url is None or not _is_aws(url):
        return None
    found = _AWS_REGION.search(urlsplit(url).hostname or "")
    return found[1] if found else None
