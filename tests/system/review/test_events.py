"""apply --format events as it is typed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.system.review.conftest import SPEC, Repository

jsonschema = pytest.importorskip("jsonschema")


def events_of(repository: Repository, text: str) -> list[dict[str, Any]]:
    """The events of an output, each of which the published schema takes."""
    schema = json.loads(repository.run("schema", "events").stdout)
    events = [json.loads(line) for line in text.splitlines()]
    for event in events:
        jsonschema.validate(event, schema)
    return events


def test_an_apply_is_told_while_it_is_at_work(repository: Repository) -> None:
    done = repository.run("apply", "-y", "--format", "events")
    events = events_of(repository, done.stdout)
    kinds = [event["event"] for event in events if event["event"] != "noted"]
    assert (kinds[0], kinds[-1]) == ("planned", "result")
    assert kinds.count("begun") == kinds.count("ended") == 2
    assert "progress" in kinds
    assert [event["change"] for event in events if event["event"] == "ended"] == [
        "stage sandbox/worker",
        "launch sandbox/pool",
    ]
    assert events[-1]["result"]["ok"] is True
    assert [event["time"] for event in events] == sorted(event["time"] for event in events)
    again = events_of(repository, repository.run("apply", "-y", "--format", "events").stdout)
    assert [event["event"] for event in again] == ["planned", "result"]
    result = json.loads(repository.run("apply", "-y", "--format", "json").stdout)
    jsonschema.validate(result, json.loads(repository.run("schema", "result").stdout))
    plan = json.loads(repository.run("plan", "--destroy", "--format", "json").stdout)
    jsonschema.validate(plan, json.loads(repository.run("schema", "plan").stdout))


def test_an_apply_without_a_result_ends_in_an_error(repository: Repository) -> None:
    unasked = repository.run("apply", "--format", "events")
    events = events_of(repository, unasked.stdout)
    assert unasked.returncode == 1
    assert [event["event"] for event in events if event["event"] != "noted"] == ["planned", "error"]
    assert "no terminal" in events[-1]["message"]
    repository.write(SPEC.replace("count: 2", "count: many"))
    broken = repository.run("destroy", "-y", "--format", "events")
    assert broken.returncode == 1
    (event,) = events_of(repository, broken.stdout)
    assert "stack.yaml:8:12" in event["message"]
    assert "stack.yaml:8:12" in broken.stderr
