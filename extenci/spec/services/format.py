"""The format of service files. The descriptions of the keys become its documentation."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from extenci.model.launch import Launch
from extenci.model.service import DELETE_PERCENT, CondorAccess, KeyFiles, Tagging
from extenci.model.version import Method
from extenci.spec.format import LaunchKeys
from extenci.spec.services.fields import AbilityName, Account, Bucket, KeyPath, Region, Url
from extenci.spec.validation import schema_terms
from extenci.spec.validation.fields import (
    FilePath,
    LaunchChoice,
    LockChoice,
    MethodChoice,
    TaggingChoice,
    Text,
)
from extenci.spec.validation.strict import Expected, Strict, wrong


class CredentialsSpec(Strict):
    """Two key files, or a profile of the AWS SDK; without either, the SDK finds credentials itself."""

    model_config = ConfigDict(json_schema_extra=schema_terms.ONE_KIND_OF_CREDENTIALS)

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
    """The keys of bundles: three PEM files, and the account that owns them."""

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

    delete_percent: Annotated[int, Field(ge=0, le=100), Expected("a whole number of percent")] = Field(
        default=DELETE_PERCENT,
        description="Machines removed, net, of those owned on the service, in percent, from 10 machines on. "
        "100 switches it off. Default: 30.",
    )
    instances: Annotated[int, Field(ge=0, le=1_000_000), Expected("a whole number of machines")] | None = (
        Field(default=None, description="Desired machines on the service, in all.")
    )


class ServiceFile(Strict):
    """A cloud service: its endpoints, credentials and abilities."""

    model_config = ConfigDict(json_schema_extra=schema_terms.SERVICE)

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
    plain_http: bool = Field(
        default=False,
        description="Whether endpoints on other machines may be called without encryption, by `http://`.",
    )
    launch: LaunchChoice = Field(default=Launch.EC2, description="Who starts machines. Default: `ec2`.")
    stage: MethodChoice = Field(default=Method.EBS, description="How disks are staged. Default: `ebs`.")
    tags: TaggingChoice = Field(
        default=Tagging.CREATE, description="When things can be tagged: `create`, `after` or `none`."
    )
    bucket: Bucket | None = Field(default=None, description="S3 bucket for uploads.")
    lock: LockChoice | None = Field(
        default=None,
        description="Where the lease is kept that lets one apply of a stack work at a time: `s3` (an "
        "object in the bucket), `tag` (a key pair with tags) or `none`. Default: `s3` where disks are staged "
        "through the bucket, else `tag`.",
    )
    bundle: BundleSpec | None = Field(default=None, description="Keys and certificates for `stage: bundle`.")
    condor: CondorSpec | None = Field(default=None, description="HTCondor that launches machines.")
    limits: LimitsSpec = Field(default=LimitsSpec(), description="Limits that need --force to exceed.")
    test: LaunchKeys | None = Field(default=None, description="Defaults for test VMs.")
    abilities: dict[AbilityName, bool] = Field(
        json_schema_extra=schema_terms.ABILITIES,
        default={},
        description="Abilities that the service has (true) or lacks (false), by the names that `extenci "
        "doctor` shows; `all`, `tag-on-create` and `filters` stand for several. Default: those of AWS at "
        "AWS's endpoints; elsewhere they are found out.",
    )

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
