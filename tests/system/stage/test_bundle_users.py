"""Bundles on services that do not say which bundle an image stands on, or do not list it at once."""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from extenci.apply.calls import JournalCalls
from extenci.catalog.home import Home
from extenci.catalog.records import Catalog
from extenci.cloud.clients import Clients
from extenci.cloud.journalled.client import Journalled
from extenci.model.abilities import SANDBOX_ABILITIES, Abilities, Ability
from extenci.model.journal import NoHistory
from extenci.model.ownership import STACK
from extenci.model.service import SANDBOX_BUCKET
from extenci.model.version import Method
from extenci.sandbox import control
from extenci.sandbox.http.listener import HttpRequest, HttpResponse
from extenci.stage import waiting
from extenci.stage.context import StageContext, StageRequest
from extenci.stage.methods import read_uploaded, recover, stage
from extenci.stage.unstage import unstage
from tests.system.stage.conftest import service_of
from tests.system.stage.strange_services import Forward, Strangeness, strange_ec2

OPEN = {Ability.IMAGE_LOCATION, Ability.CONSISTENT}
FOREIGN = Abilities({one: seen for one, seen in SANDBOX_ABILITIES.evidence.items() if one not in OPEN})


@pytest.fixture
def open_with(home: Path, tmp_path: Path) -> Iterator[Callable[[Strangeness], StageContext]]:
    """open_with(strangeness): the sandbox with a strange EC2, with a journal of its own."""
    with ExitStack() as stack:
        sound = service_of(home)
        clients = Clients(replace(sound, bucket=SANDBOX_BUCKET))
        stack.callback(clients.close)
        clients.unjournalled.s3.delete_objects(SANDBOX_BUCKET, keys_in(clients))

        def make(strangeness: Strangeness) -> StageContext:
            url = stack.enter_context(strange_ec2(str(sound.ec2), strangeness))
            keys = control.bundle_keys(home)
            service = replace(sound, ec2=url, bucket=SANDBOX_BUCKET, bundle=keys, abilities=FOREIGN)
            strange = Clients(service)
            stack.callback(strange.close)
            catalog = stack.enter_context(Catalog.open(Home(tmp_path / "home")))
            catalog.journal.begin_run("r", "stack", "apply")
            calls = JournalCalls(catalog.journal, lambda: "r", "change", "campus")
            history = catalog.journal.history("campus")
            return StageContext(strange, Journalled(strange, calls), history=history)

        yield make


@pytest.fixture
def job(make_disk: Callable[..., Path], job_of: Callable[..., StageRequest]) -> StageRequest:
    job = job_of(make_disk(3, 2**25))
    registration = replace(job.version.registration, method=Method.BUNDLE)
    version = replace(job.version, registration=registration)
    return replace(job, version=version, name=version.image_name("worker", job.tags[STACK]))


def keys_in(clients: Clients) -> list[str]:
    return [one.key for one in clients.s3.list_objects(SANDBOX_BUCKET, "")]


def without_locations(_call: str, _request: HttpRequest, forward: Forward) -> HttpResponse:
    answer = forward()
    return replace(answer, body=re.sub(rb"<imageLocation>[^<]*</imageLocation>", b"", answer.body))


def another_attempt(job: StageRequest) -> StageRequest:
    return replace(job, token=hashlib.sha256(b"another").hexdigest()[:40])


def begun(context: StageContext) -> dict[str, float]:
    """Every bundle in the bucket, as uploaded by runs that are over."""
    return {re.sub(r"\.(part\.\d+|manifest\.xml)$", "", key): math.inf for key in keys_in(context.clients)}


def busy(context: StageContext, job: StageRequest) -> frozenset[str]:
    found = read_uploaded(job.tags[STACK], context.clients, begun(context), context.history, time.time())
    assert found is not None
    assert sorted(one.key for one in found.objects) == keys_in(context.clients)
    return found.busy


def test_a_bundle_stays_where_the_service_does_not_say_that_it_is_used(
    open_with: Callable[[Strangeness], StageContext], job: StageRequest
) -> None:
    context = open_with(without_locations)
    staged = stage(job, context)
    assert context.clients.abilities.lacks(Ability.IMAGE_LOCATION)
    bundle = keys_in(context.clients)
    assert bundle
    assert busy(context, job) == frozenset(bundle)

    again = stage(another_attempt(job), context)  # which may stand on either
    assert again.image == staged.image
    assert set(bundle) < set(keys_in(context.clients))

    assert unstage(staged.image, (), context) == ()
    left = keys_in(context.clients)
    assert not set(bundle) & set(left), "its own went with the image"
    assert busy(context, job) == frozenset(), "and gc may have the other"


def test_without_a_journal_all_bundles_of_the_name_go_with_the_image(
    open_with: Callable[[Strangeness], StageContext], job: StageRequest
) -> None:
    context = open_with(without_locations)
    staged = stage(job, context)
    assert unstage(staged.image, (), replace(context, history=NoHistory())) == ()
    assert keys_in(context.clients) == []


@pytest.mark.parametrize("is_answered", [True, False])
def test_a_bundle_whose_image_does_not_show_yet_is_not_removed(
    is_answered: bool,
    open_with: Callable[[Strangeness], StageContext],
    job: StageRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The run dies once the image is registered; the next one is shown an empty list."""
    hidden = [False]
    empty = b"<imagesSet/>"

    def serve(call: str, _request: HttpRequest, forward: Forward) -> HttpResponse:
        answer = forward()
        if call != "DescribeImages" or not hidden[0]:
            return answer
        body = re.sub(rb"<imagesSet>.*</imagesSet>", empty, answer.body, flags=re.DOTALL)
        return replace(answer, body=body)

    context = open_with(serve)
    staged = stage(job, context)
    calls = context.changes._intents.calls
    assert isinstance(calls, JournalCalls)
    with calls.journal._database.writing() as connection:
        call = "PutBundle" if is_answered else "%"
        connection.execute("UPDATE calls SET result = NULL, settled_at = NULL WHERE call LIKE ?", (call,))
    (intent,) = (one for one in calls.journal.unsettled("stack") if one.call == "PutBundle")
    bundle = keys_in(context.clients)

    hidden[0] = True
    monkeypatch.setattr(waiting, "VISIBLE_SECONDS", 10.0)
    slept = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        hidden[0] = is_answered  # it shows by then

    recover([intent], replace(context, sleep=sleep))

    assert keys_in(context.clients) == bundle
    assert bool(slept) != is_answered
    if is_answered:
        assert "PutBundle" in [one.call for one in calls.journal.unsettled("stack")]
        assert busy(context, job) == frozenset(bundle)
    hidden[0] = False
    recover([intent], context)
    assert "PutBundle" not in [one.call for one in calls.journal.unsettled("stack")]
    unstage(staged.image, (), context)
    assert keys_in(context.clients) == []
