"""Every shell step of the pipelines that `extenci init` writes, run as the hosts run them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.repositories import git, push
from tests.system.gitops.conftest import Team
from tests.system.gitops.host import Change, Host
from tests.system.gitops.runners import GitHubRunner, GitLabRunner, Job, lines_of, steps_of

VERIFY = "    verify: {type: t3.micro, confirm: true}\n"


class GitHub:
    """Events on GitHub."""

    def __init__(self, team: Team, host: Host) -> None:
        self.host = host
        self.runner = GitHubRunner(team.folder / "jobs", team.remote, host, team.environment)

    def review(self, change: Change) -> Job:
        values = {
            "github.event_name": "pull_request",
            "github.event.pull_request.number": str(change.number),
            "github.event.pull_request.head.sha": change.head,
        }
        return self.runner.run("plan", change.head, values)

    def push(self, commit: str) -> Job:
        return self.runner.run("apply", commit, {"github.event_name": "push"})

    def night(self, commit: str) -> Job:
        return self.runner.run("drift", commit, {"github.event_name": "schedule"})

    def by_hand(self, commit: str, task: str, address: str = "", answer: str = "yes") -> Job:
        values = {"inputs.task": task, "inputs.address": address, "inputs.answer": answer}
        return self.runner.run("by-hand", commit, {"github.event_name": "workflow_dispatch", **values})

    def untried(self, clone: Path) -> set[str]:
        return steps_of(clone / ".github" / "workflows" / "extenci.yaml") - self.runner.steps

    def drift_of(self, job: Job) -> str:
        return job.summary


class GitLab:
    """Events on GitLab."""

    def __init__(self, team: Team, host: Host) -> None:
        self.host = host
        self.runner = GitLabRunner(team.folder / "jobs", team.remote, host, team.environment)

    def review(self, change: Change) -> Job:
        source = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": str(change.number)}
        return self.runner.run("plan", change.head, source)

    def push(self, commit: str) -> Job:
        return self.runner.run("apply", commit, {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main"})

    def night(self, commit: str) -> Job:
        return self.runner.run("drift", commit, {"CI_PIPELINE_SOURCE": "schedule"})

    def by_hand(self, commit: str, task: str, address: str = "", answer: str = "yes") -> Job:
        values = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main"}
        if task == "confirm":
            values |= {"ADDRESS": address, "ANSWER": answer}
        return self.runner.run("confirm" if task == "confirm" else "apply-by-hand", commit, values)

    def untried(self, clone: Path) -> set[str]:
        tried = {line for script in self.runner.steps for line in script.split("\n")}
        return lines_of(clone / ".gitlab-ci.yml") - tried

    def drift_of(self, job: Job) -> str:
        return job.output


@pytest.fixture(params=[GitHub, GitLab], ids=["github", "gitlab"])
def pipelines(request: pytest.FixtureRequest, team: Team, host: Host) -> GitHub | GitLab:
    made: GitHub | GitLab = request.param(team, host)
    return made


def merge(team: Team, change: Change) -> str:
    """Merge a change with a commit of its own, as hosts do."""
    git(team.clone, "checkout", "-q", "main")
    git(team.clone, "merge", "-q", "--no-ff", "-m", f"Merge #{change.number}", change.head)
    change.merged = push(team.clone, "merged")
    return change.merged


def propose(team: Team, host: Host, number: int, before: str, after: str) -> Change:
    """A change on a branch of its own."""
    git(team.clone, "checkout", "-q", "-B", f"change-{number}", "main")
    change = Change(number, team.change(before, after, branch=f"change-{number}"))
    host.changes.append(change)
    return change


def test_from_a_review_to_the_merge_to_the_night(team: Team, host: Host, pipelines: GitHub | GitLab) -> None:
    first = git(team.clone, "rev-parse", "HEAD")
    unreviewed = pipelines.push(first)
    assert (unreviewed.status, team.running()) == (0, set())
    assert "No plan was reviewed for this commit, so nothing is applied." in unreviewed.output
    assert pipelines.by_hand(first, "apply").status == 0
    assert len(team.running()) == 2
    assert pipelines.night(first).status == 0

    change = propose(team, host, 3, "count: 2", "count: 3")
    job = pipelines.review(change)
    assert job.status == 0, job.output
    assert len(team.running()) == 2
    change.head = team.change("physics", "chemistry", branch="change-3")
    assert pipelines.review(change).status == 0
    comments = host.bodies(3)
    assert comments[0] == "Looks good!"
    (comment,) = comments[1:]
    assert "1 machine to launch" in comment
    assert "chemistry" in comment
    assert sorted(host.artifacts[f"plan-{change.head}"]) == ["plan.extenci", "plan.md"]

    job = pipelines.push(merge(team, change))
    assert job.status == 0, job.output
    assert "1 machine launched" in job.output
    assert len(team.running()) == 3
    assert pipelines.night(change.merged).status == 0

    team.cloud.unjournalled.ec2.terminate([min(team.running())])
    job = pipelines.night(change.merged)
    assert job.status == 2
    assert "sandbox/pool" in pipelines.drift_of(job)
    assert len(team.running()) == 2


def test_a_plan_that_is_no_longer_true_is_refused(team: Team, host: Host, pipelines: GitHub | GitLab) -> None:
    assert pipelines.by_hand(git(team.clone, "rev-parse", "HEAD"), "apply").status == 0
    change = propose(team, host, 4, "count: 2", "count: 3")
    assert pipelines.review(change).status == 0
    git(team.clone, "checkout", "-q", "main")
    team.change("team: physics", "team: biology")
    job = pipelines.push(merge(team, change))
    assert job.status == 1
    assert "The plan is stale" in job.output
    assert len(team.running()) == 2


def test_what_is_wrong_fails_before_a_plan_is_made(
    team: Team, host: Host, pipelines: GitHub | GitLab
) -> None:
    job = pipelines.review(propose(team, host, 5, "count: 2", "count: many"))
    assert job.status == 1
    assert "sandbox.yaml:" in job.output
    assert host.bodies(5) == []
    assert host.artifacts == {}


def test_a_person_confirms_by_a_job_and_every_step_was_run(
    team: Team, host: Host, pipelines: GitHub | GitLab
) -> None:
    change = propose(team, host, 6, "    # verify:", f"{VERIFY}    # verify:")
    assert pipelines.review(change).status == 0
    job = pipelines.push(merge(team, change))
    assert job.status == 0, job.output  # it waits for a person, which is no failure
    assert "confirm" in job.output
    assert pipelines.night(change.merged).status == 3
    job = pipelines.by_hand(change.merged, "confirm", "sandbox/hello")
    assert job.status == 0, job.output
    assert pipelines.by_hand(change.merged, "apply").status == 0
    assert len(team.running()) == 2
    assert pipelines.night(change.merged).status == 0
    assert pipelines.untried(team.clone) == set()
