"""Bundles on a real sandbox: what is sent, what is registered, what is refused, what is left."""

from __future__ import annotations

import filecmp
import hashlib
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import boto3
import pytest
from botocore.exceptions import ClientError

from extenci import api
from extenci.catalog.home import Home
from extenci.cloud.aws.calls import ec2_call
from extenci.cloud.clients import Clients
from extenci.model.errors import AccessRefused, DiskChanged, DiskError, Interrupted, ServiceError
from extenci.model.service import SANDBOX_BUCKET, BundleKeys
from extenci.model.version import Method
from extenci.sandbox import control
from extenci.stage.context import StageContext, StageRequest
from extenci.stage.methods import stage
from extenci.stage.unstage import unstage
from tests.system.stage.conftest import Journal, context_of, service_of, through


@pytest.fixture
def context(home: Path, journal: Journal) -> Iterator[StageContext]:
    """The sandbox as a service that bundles can be made for."""
    bundle = control.bundle_keys(home)
    clients = Clients(replace(service_of(home), bucket=SANDBOX_BUCKET, bundle=bundle))
    for key in keys_in(clients):
        clients.unjournalled.s3.delete_object(SANDBOX_BUCKET, key)
    yield context_of(clients, journal)
    clients.close()


@pytest.fixture
def bundle_job(make_disk: Callable[..., Path], job_of: Callable[..., StageRequest]) -> StageRequest:
    """A disk with 24 MiB of data, to be bundled."""
    return as_bundle(job_of(make_disk(48)))


def as_bundle(job: StageRequest) -> StageRequest:
    registration = replace(job.version.registration, method=Method.BUNDLE)
    return replace(job, version=replace(job.version, registration=registration))


def keys_in(clients: Clients) -> list[str]:
    return [one.key for one in clients.s3.list_objects(SANDBOX_BUCKET, "")]


def with_keys(context: StageContext, **keys: str) -> StageContext:
    service = context.clients.service
    assert service.bundle is not None
    return through(context, Clients(replace(service, bundle=replace(service.bundle, **keys))))


def test_a_disk_is_staged_unbundled_again_and_unstaged(
    bundle_job: StageRequest, context: StageContext, journal: Journal, home: Path, tmp_path: Path
) -> None:
    staged = stage(bundle_job, context)

    (image,) = context.clients.ec2.images_by_name(bundle_job.name)
    assert (staged.image, staged.snapshot) == (image.id, None)
    assert {key: image.tags[key] for key in bundle_job.tags} == dict(bundle_job.tags)
    assert journal.open == []
    disk = Path(bundle_job.source)
    assert filecmp.cmp(home / "sandbox" / "disks" / f"{image.id}.raw", disk, shallow=False)

    found = api.unbundle(f"s3://{image.manifest}", tmp_path / "out", service="sandbox", home=Home(home))
    assert (found.size, found.user) == (bundle_job.size, "123456789012")
    assert filecmp.cmp(tmp_path / "out", disk, shallow=False)

    assert unstage(staged.image, (), context) == ()
    assert keys_in(context.clients) == []
    assert journal.open == []


def test_parts_and_manifest_are_for_ec2_to_read(
    bundle_job: StageRequest, context: StageContext, home: Path
) -> None:
    staged = stage(bundle_job, context)
    service = context.clients.service
    access, secret = (path.read_text().strip() for path in control.key_files(home))
    s3 = boto3.client(
        "s3", endpoint_url=service.s3, aws_access_key_id=access, aws_secret_access_key=secret,
        region_name="us-east-1",
    )  # fmt: skip
    keys = keys_in(context.clients)
    assert len(keys) > 2
    for key in keys:
        head = s3.head_object(Bucket=SANDBOX_BUCKET, Key=key)
        assert head["ContentLength"] <= 10 * 1024**2
        assert s3.get_object_acl(Bucket=SANDBOX_BUCKET, Key=key)["Grants"]
    s3.close()
    unstage(staged.image, (), context)


def test_a_disk_that_changed_leaves_nothing(
    bundle_job: StageRequest, context: StageContext, journal: Journal
) -> None:
    with Path(bundle_job.source).open("r+b") as file:
        file.seek(bundle_job.size // 2)
        file.write(b"something else")
    with pytest.raises(DiskChanged):
        stage(bundle_job, context)
    assert keys_in(context.clients) == []
    assert context.clients.ec2.images_by_name(bundle_job.name) == ()
    assert journal.open == []


def test_what_is_stopped_leaves_nothing(
    bundle_job: StageRequest, context: StageContext, journal: Journal
) -> None:
    stop = Event()

    def stop_half_way(done: int, total: int) -> None:
        if done > total // 2:
            stop.set()

    with pytest.raises(Interrupted):
        stage(bundle_job, replace(context, stop=stop, on_progress=stop_half_way))
    assert keys_in(context.clients) == []
    assert journal.open == []


def test_wrong_keys_are_told_before_anything_is_sent(
    bundle_job: StageRequest, context: StageContext, journal: Journal, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("no key")
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(AccessRefused, match="does not hold an RSA private key"):
        stage(bundle_job, with_keys(context, private_key=str(tmp_path / "key")))
    without = through(context, Clients(replace(context.clients.service, bundle=None)))
    with pytest.raises(ServiceError, match="no keys to make bundles with"):
        stage(bundle_job, without)
    assert journal.lines == []
    assert keys_in(context.clients) == []


def test_a_bundle_for_another_cloud_is_refused_and_removed(
    bundle_job: StageRequest, context: StageContext, journal: Journal
) -> None:
    """The user's own certificate in place of the cloud's: InvalidManifest."""
    keys = context.clients.service.bundle
    assert isinstance(keys, BundleKeys)
    with pytest.raises(ServiceError) as caught:
        stage(bundle_job, with_keys(context, cloud_certificate=keys.certificate))
    assert caught.value.code == "InvalidManifest"
    assert keys_in(context.clients) == []
    assert journal.open == []


def test_two_runs_of_one_version_leave_one_image_and_its_bundle(
    bundle_job: StageRequest, context: StageContext, journal: Journal
) -> None:
    first = stage(bundle_job, context)
    second = stage(replace(bundle_job, token=hashlib.sha256(b"other").hexdigest()), context)
    assert second.image == first.image
    (image,) = context.clients.ec2.images_by_name(bundle_job.name)
    assert all(
        f"{SANDBOX_BUCKET}/{key}".startswith(str(image.manifest)[:-13]) for key in keys_in(context.clients)
    )
    assert journal.open == []
    unstage(first.image, (), context)


def test_a_bundle_that_somebody_else_put_there_is_let_be(
    bundle_job: StageRequest, context: StageContext, home: Path
) -> None:
    """Only what extenci has put under its own prefix goes with an image."""
    staged = stage(bundle_job, context)
    (image,) = context.clients.ec2.images_by_name(bundle_job.name)
    prefix = str(image.manifest).removeprefix(f"{SANDBOX_BUCKET}/").removesuffix(".manifest.xml")
    for key in (f"{prefix}.notes", f"{prefix}2.part.00", "elsewhere.manifest.xml"):
        context.clients.unjournalled.s3.put_object(SANDBOX_BUCKET, key, b"mine")
    unstage(staged.image, (), context)
    assert len(keys_in(context.clients)) == 3


def test_the_sandbox_refuses_what_lacks_a_part(bundle_job: StageRequest, context: StageContext) -> None:
    staged = stage(bundle_job, context)
    (image,) = context.clients.ec2.images_by_name(bundle_job.name)
    part = next(key for key in keys_in(context.clients) if key.endswith(".part.01"))
    context.clients.unjournalled.ec2.deregister_image(staged.image)
    context.clients.unjournalled.s3.delete_object(SANDBOX_BUCKET, part)
    session = context.clients._session
    with ec2_call(session, "RegisterImage") as ec2, pytest.raises(ClientError) as caught:
        ec2.register_image(Name="again", ImageLocation=str(image.manifest))
    assert caught.value.response["Error"]["Code"] == "InvalidManifest"


def test_a_bundle_that_is_not_there_is_told(home: Path, tmp_path: Path) -> None:
    with pytest.raises(ServiceError):
        api.unbundle(f"s3://{SANDBOX_BUCKET}/no", tmp_path / "out", service="sandbox", home=Home(home))
    with pytest.raises(DiskError, match="cannot be read"):
        api.unbundle(str(tmp_path / "no.xml"), tmp_path / "out", service="sandbox", home=Home(home))
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_grow_with_the_disk(
    context: StageContext, make_disk: Callable[..., Path], job_of: Callable[..., StageRequest]
) -> None:
    """The whole process, from its imports to the registered image: VmHWM, since ru_maxrss holds the parent's
    too."""
    job = as_bundle(job_of(make_disk(400)))
    script = textwrap.dedent(
        """
        import pickle, re, sys
        from pathlib import Path
        from extenci.cloud.clients import Clients
        from extenci.cloud.journalled.client import Journalled
        from extenci.stage.context import StageContext
        from extenci.stage.methods import stage

        class Nothing:
            def begin(self, call, **more): return 0
            def settle(self, intent, result): pass
            def fail(self, intent, reason): pass

        service, job = pickle.load(sys.stdin.buffer)
        clients = Clients(service)
        stage(job, StageContext(clients, Journalled(clients, Nothing())))
        print(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=pickle.dumps((context.clients.service, job)),
        capture_output=True,
        check=True,
    )
    print(int(done.stdout) // 1024, "MiB")
    assert int(done.stdout) < 120 * 1024
