"""plan and apply, before a service whose answers are now and then none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs

from extenci.sandbox import control
from extenci.sandbox.http.listener import HttpRequest, HttpResponse
from tests.system.main_job.conftest import World, world
from tests.system.stage.strange_services import PAGE, Forward, Strangeness, strange_ec2

__all__ = ["world"]

SPENT = (
    b"<Response><Errors><Error><Code>IdempotentInstanceTerminated</Code><Message>Gone.</Message></Error></Errors>"
    b"<RequestID>1</RequestID></Response>"
)


@contextmanager
def reached_by(world: World, strangeness: Strangeness) -> Iterator[None]:
    """The world's service `campus`, whose EC2 is strange."""
    with strange_ec2(control.start(world.home.path).ec2, strangeness) as url:
        world.write(count=1, service="campus")
        world.make_disk(data=0)
        world.write_service("campus", ec2=url)
        yield


def test_each_read_may_fail_once_or_twice(world: World) -> None:
    """A web page, then XML that is cut, then the answer."""
    asked: Counter[str] = Counter()

    def serve(call: str, _request: HttpRequest, forward: Forward) -> HttpResponse:
        if not call.startswith("Describe"):
            return forward()
        asked[call] += 1
        answer = PAGE if asked[call] % 3 == 1 else forward()
        is_cut = asked[call] % 3 == 2
        return HttpResponse(answer.status, answer.headers, answer.body[:-40]) if is_cut else answer

    with reached_by(world, serve):
        assert not world.plan().is_empty
        result = world.apply()
        assert result.ok, [one.message for one in result.outcomes]
        assert world.plan().is_empty
    assert len(world.running()) == 1


def test_a_change_that_a_web_page_answered_is_not_made_twice(world: World) -> None:
    """RegisterImage has no token, so the next run looks what came of it. RunInstances has one, which this
    service is not known to heed: its machine is looked for at once."""
    answered: Counter[str] = Counter()

    def serve(call: str, _request: HttpRequest, forward: Forward) -> HttpResponse:
        answer = forward()
        answered[call] += 1
        return PAGE if call in ("RunInstances", "RegisterImage") and answered[call] == 1 else answer

    with reached_by(world, serve):
        first = world.apply()
        assert not first.ok
        assert "answered RegisterImage with a web page" in str([one.message for one in first.outcomes])
        assert world.apply().ok
        assert world.plan().is_empty
    assert answered["RegisterImage"] == 1
    assert answered["RunInstances"] == 1
    assert len(world.running()) == 1
    assert len(world.cloud.ec2.images()) == 1


def test_a_token_whose_machines_have_ended_is_not_used_again(world: World) -> None:
    tokens: list[str] = []

    def serve(call: str, request: HttpRequest, forward: Forward) -> HttpResponse:
        if call == "RunInstances":
            tokens.append(parse_qs(request.body.decode())["ClientToken"][0])
            if len(tokens) == 1:
                return HttpResponse(400, {}, SPENT)
        return forward()

    with reached_by(world, serve):
        result = world.apply()
        assert result.ok, [one.message for one in result.outcomes]
    assert len(tokens) == len(set(tokens)) == 2
    assert len(world.running()) == 1
