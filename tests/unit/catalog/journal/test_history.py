"""The journal as the history of a service."""

from __future__ import annotations

import pytest

from extenci.catalog.records import Catalog
from extenci.model.address import Address
from extenci.model.record import ResourceKind, ResourceRecord


@pytest.fixture(autouse=True)
def _run(catalog: Catalog) -> None:
    catalog.journal.begin_run("r", "one", "apply")


def call(catalog: Catalog, name: str, /, *, token: str = "", result: object = None, **request: object) -> int:
    intent = catalog.journal.begin(name, run="r", change="c", service="a", token=token, request=request)
    if isinstance(result, dict):
        catalog.journal.settle(intent, result)
    return intent


def begin_upload(catalog: Catalog, key: str, upload: str, bucket: str = "b") -> None:
    shown = {"bucket": bucket, "key": key}
    call(catalog, "CreateMultipartUpload", result={**shown, "upload": upload}, **shown)


def test_uploads_are_open_until_they_are_completed_or_ended(catalog: Catalog) -> None:
    for number in range(4):
        begin_upload(catalog, f"x/{number}", f"u{number}")
    begin_upload(catalog, "y/0", "u5")
    begin_upload(catalog, "x/0", "u6", bucket="other")
    call(catalog, "CreateMultipartUpload", bucket="b", key="x/unknown")
    call(catalog, "CompleteMultipartUpload", result={}, bucket="b", key="x/0", upload="u0")
    call(catalog, "AbortMultipartUpload", result={}, bucket="b", key="x/1", upload="u1")
    lost = call(catalog, "CompleteMultipartUpload", bucket="b", key="x/2", upload="u2")
    history = catalog.journal.history("a")
    assert [one.id for one in history.open_uploads("b", "x/")] == ["u2", "u3"]
    catalog.journal.fail(lost, "NoSuchUpload")
    assert [one.id for one in history.open_uploads("b", "x/")] == ["u2", "u3"]
    assert catalog.journal.history("elsewhere").open_uploads("b", "") == ()


def test_a_registration_counts_until_its_image_is_deregistered(catalog: Catalog) -> None:
    history = catalog.journal.history("a")
    assert history.registration("b/x.manifest.xml") is None
    call(catalog, "RegisterImage", result={"image": "ami-9"}, name="worker", location="b/y.manifest.xml")
    first = call(catalog, "RegisterImage", name="worker", location="b/x.manifest.xml")
    unknown = history.registration("b/x.manifest.xml")
    assert unknown is not None
    assert unknown.image is None
    catalog.journal.settle(first, {"image": "ami-1"})
    known = history.registration("b/x.manifest.xml")
    assert known is not None
    assert known.image == "ami-1"
    call(catalog, "DeregisterImage", result={"image": "ami-1"}, image="ami-1")
    assert history.registration("b/x.manifest.xml") is None


def test_a_registration_that_was_refused_is_none(catalog: Catalog) -> None:
    refused = call(catalog, "RegisterImage", name="worker", location="b/x.manifest.xml")
    catalog.journal.fail(refused, "InvalidManifest")
    assert catalog.journal.history("a").registration("b/x.manifest.xml") is None


def test_the_manifest_of_an_image_is_known_from_its_registration_or_its_record(catalog: Catalog) -> None:
    history = catalog.journal.history("a")
    shown = {"name": "worker", "location": "b/x.manifest.xml"}
    call(catalog, "RegisterImage", token="worker", result={"image": "ami-1"}, **shown)
    call(catalog, "RegisterImage", token="other", result={"image": "ami-2"}, name="other", snapshot="snap-1")
    address, facts = Address("a", "worker"), {"manifest": "b/y.manifest.xml"}
    catalog.remember("one", ResourceRecord("a", "ami-3", ResourceKind.IMAGE, address, {}, facts))
    found = [history.manifest_of(image) for image in ("ami-1", "ami-2", "ami-3", "ami-4")]
    assert found == ["b/x.manifest.xml", None, "b/y.manifest.xml", None]
