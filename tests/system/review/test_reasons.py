"""plan --drift-only and plan --explain as they are typed."""

from __future__ import annotations

import json

from tests.system.review.conftest import SPEC, Repository


def test_drift_alone_is_shown_and_counts_as_pending(repository: Repository) -> None:
    assert repository.run("apply", "-y").returncode == 0
    repository.write(SPEC.replace("count: 2", "count: 4"))
    none = repository.run("plan", "--drift-only", "--detailed-exitcode")
    assert (none.returncode, none.stdout) == (
        0,
        "No drift: nothing on sandbox was changed outside the specs.\n",
    )
    victim = min(repository.running())
    repository.cloud.unjournalled.ec2.terminate([victim])
    found = repository.run("plan", "--drift-only", "--detailed-exitcode")
    assert found.returncode == 2
    assert f"machines.{victim}: running → " in found.stdout
    assert "launch" not in found.stdout
    document = json.loads(repository.run("plan", "--drift-only", "--format", "json").stdout)
    assert (document["changes"], len(document["drift"])) == ([], 1)
    marked = repository.run("plan", "--drift-only", "--format", "markdown").stdout
    assert marked.startswith("### extenci plan: drift at 1 address\n")
    assert repository.run("plan", "--drift-only", "--out", "x").returncode == 1


def test_an_address_is_explained(repository: Repository) -> None:
    assert repository.run("apply", "-y").returncode == 0
    repository.write(SPEC.replace("count: 2", "count: 4"))
    text = repository.run("plan", "--explain", "sandbox/pool").stdout
    assert "stack.yaml:5:3" in text
    assert "launch 2 machines: count 2 → 4" in text
    assert "Rule: A group has as many machines as its `count`" in text
    assert all(machine in text for machine in repository.running())
    document = json.loads(repository.run("plan", "--explain", "sandbox/pool", "--format", "json").stdout)
    assert document["recorded"]["applied"]["fields"]["count"] == 2
    wrong = repository.run("plan", "--explain", "sandbox/pol")
    assert (wrong.returncode, "Did you mean sandbox/pool?" in wrong.stderr) == (1, True)
