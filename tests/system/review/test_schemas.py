"""What commands print as JSON, in the several states of a stack, is as their published schemas say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.system.review.conftest import SPEC, Repository

jsonschema = pytest.importorskip("jsonschema")
UNREACHABLE = "ec2: http://127.0.0.1:9\n"


def printed(repository: Repository, *words: str) -> dict[str, Any]:
    """A document that a command prints, which the schema of its kind takes, and no other kind's does."""
    kind = {"plan": "plan", "status": "status"}.get(words[0], "result")
    document: dict[str, Any] = json.loads(repository.run(*words, "--format", "json").stdout)
    for name in ("plan", "result", "status"):
        schema = json.loads(repository.run("schema", name).stdout)
        assert jsonschema.Draft202012Validator(schema).is_valid(document) is (name == kind), name
    return document


def test_plans_results_and_status_are_as_published(repository: Repository) -> None:
    assert printed(repository, "plan")["changes"]
    assert printed(repository, "status")["images"][0]["state"] == "not staged"
    assert printed(repository, "apply", "-y")["ok"]
    assert printed(repository, "status")["instances"][0]["machines"]
    assert not printed(repository, "plan")["changes"]
    repository.write(SPEC.replace("count: 2", "count: 3").replace("t3.micro", "t3.small"))
    assert printed(repository, "plan")["changes"][0]["fields"]
    (repository.folder / "services").mkdir()
    (repository.folder / "services" / "away.yaml").write_text(UNREACHABLE, "utf-8")
    repository.write(SPEC.replace("service: sandbox", "service: [sandbox, away]"))
    repository.write("stack: example\n", "extenci.yaml")
    for words in (("plan",), ("status",)):
        document = printed(repository, *words, "--trust", "http://127.0.0.1:9")
        assert document["unread"][0]["service"] == "away"
