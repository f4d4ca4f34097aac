"""Services whose imports cannot be listed: `gc` does without, and removes nothing that may be in use."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from extenci.cloud.clients import Clients
from extenci.model.abilities import SANDBOX_ABILITIES, Abilities, Ability
from extenci.model.errors import ServiceError
from extenci.model.journal import NoHistory
from extenci.model.service import SANDBOX_BUCKET
from extenci.sandbox.http.listener import HttpResponse
from extenci.stage.context import StageContext
from extenci.stage.methods import claim, read_uploaded
from tests.system.stage.conftest import Journal, context_of, service_of
from tests.system.stage.strange_services import refusing, strange_ec2

LIST = "DescribeImportSnapshotTasks"
KEY = "extenci/lists/campus/abc.raw"
OLD_BUNDLE = (
    "extenci/lists/campus/worker-lists-1.a.manifest.xml",
    "extenci/lists/campus/worker-lists-1.a.part.00",
)
FOREIGN = Abilities(
    {one: seen for one, seen in SANDBOX_ABILITIES.evidence.items() if one is not Ability.IMPORT_SNAPSHOT}
)

Open = Callable[[HttpResponse], StageContext]


def refusal(status: int, code: str) -> HttpResponse:
    text = f"<Response><Errors><Error><Code>{code}</Code><Message>No.</Message></Error></Errors></Response>"
    return HttpResponse(status, {"Content-Type": "text/xml"}, text.encode())


@pytest.fixture
def open_with(home: Path) -> Iterator[Open]:
    """open_with(answer): the sandbox, which answers lists of imports with that, and an object to import."""
    with ExitStack() as stack:

        def make(answer: HttpResponse) -> StageContext:
            sound = service_of(home)
            url = stack.enter_context(strange_ec2(str(sound.ec2), refusing(answer, LIST)))
            clients = Clients(replace(sound, ec2=url, bucket=SANDBOX_BUCKET, abilities=FOREIGN))
            stack.callback(clients.close)
            clients.unjournalled.s3.put_object(SANDBOX_BUCKET, KEY, b"disk")
            stack.callback(clients.unjournalled.s3.delete_object, SANDBOX_BUCKET, KEY)
            return context_of(clients, Journal())

        yield make


def busy(context: StageContext) -> frozenset[str]:
    found = read_uploaded("lists", context.clients, {}, NoHistory(), time.time())
    assert found is not None
    return found.busy


def test_credentials_that_may_not_list_imports_see_every_object_in_use(open_with: Open) -> None:
    context = open_with(refusal(403, "UnauthorizedOperation"))
    claim("lists", context)
    assert busy(context) == {KEY}
    assert context.clients.abilities.is_open(Ability.IMPORT_SNAPSHOT)


@pytest.mark.parametrize(
    "answer", [refusal(400, "InvalidAction"), HttpResponse(200, {"Content-Type": "text/html"}, b"<html/>")]
)
def test_a_service_that_knows_no_imports_has_none(answer: HttpResponse, open_with: Open) -> None:
    context = open_with(answer)
    claim("lists", context)
    assert busy(context) == frozenset()
    assert context.clients.abilities.lacks(Ability.IMPORT_SNAPSHOT)


def test_a_service_that_is_ill_teaches_nothing(open_with: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _seconds: None)
    context = open_with(refusal(503, "Unavailable"))
    with pytest.raises(ServiceError, match="Unavailable"):
        busy(context)
    assert context.clients.abilities.is_open(Ability.IMPORT_SNAPSHOT)


def test_bundles_of_earlier_versions_are_found(open_with: Open) -> None:
    context = open_with(refusal(400, "InvalidAction"))
    s3 = context.clients.unjournalled.s3
    for key in OLD_BUNDLE:
        s3.put_object(SANDBOX_BUCKET, key, b"")
    found = read_uploaded("lists", context.clients, {}, NoHistory(), time.time())
    s3.delete_objects(SANDBOX_BUCKET, OLD_BUNDLE)
    assert found is not None
    assert set(OLD_BUNDLE) < {one.key for one in found.objects}
    assert found.busy == frozenset()
