"""Runners of pipelines: they read the files that `extenci init` wrote, and run every shell step of a job as
the host would, in a fresh checkout of a commit."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.repositories import git
from tests.system.gitops.host import TOKEN, Host

KNOWN_ACTIONS = {"actions/checkout@v4", "actions/setup-python@v5", "actions/upload-artifact@v4"}


@dataclass
class Job:
    """What a job did: the exit status of its first step that failed, or 0, and what its steps printed."""

    status: int = 0
    output: str = ""
    summary: str = ""
    ran: set[str] = field(default_factory=set)


@dataclass
class Runner:
    """Runs jobs for one remote, with one home for all of them, as a runner of one's own does."""

    folder: Path
    remote: Path
    host: Host
    environment: Mapping[str, str]
    jobs: int = 0
    steps: set[str] = field(default_factory=set)

    def checkout(self, commit: str) -> Path:
        self.jobs += 1
        place = self.folder / f"job-{self.jobs}"
        place.mkdir(parents=True)
        git(place, "init", "-q")
        git(place, "fetch", "-q", str(self.remote), "+refs/heads/*:refs/remotes/origin/*")
        git(place, "checkout", "-q", "--detach", commit)
        return place

    def shell(self, place: Path, script: str, environment: Mapping[str, str], job: Job) -> None:
        self.steps.add(script)
        done = subprocess.run(
            ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=place,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=180,
            check=False,
        )
        job.output += done.stdout
        job.status = job.status or done.returncode


def read_yaml(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path)


@dataclass
class GitHubRunner(Runner):
    """GitHub Actions. `values` are those of the expressions in the workflow."""

    def run(self, name: str, commit: str, values: Mapping[str, str]) -> Job:
        place, done = self.checkout(commit), Job()
        workflow = read_yaml(place / ".github" / "workflows" / "extenci.yaml")
        job = workflow["jobs"][name]
        known = {
            "vars.EXTENCI_PACKAGE": "extenci[sandbox]",
            "vars.EXTENCI_TRUST": "",
            "vars.EXTENCI_RUNNER || 'ubuntu-latest'": "self-hosted",
            "github.token": TOKEN,
            **values,
        }
        assert holds(job["if"], known), f"{name} does not run for {values}"
        summary = place.with_suffix(".summary")
        variables = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.host.url,
            "GITHUB_REPOSITORY": "lab/specs",
            "GITHUB_SHA": commit,
            "GITHUB_STEP_SUMMARY": str(summary),
            **filled(workflow["env"], known),
            **filled(job.get("env", {}), known),
        }
        for step in job["steps"]:
            if done.status or not holds(step.get("if", "true"), known):
                continue
            if "run" in step:
                failed = Job()
                self.shell(place, step["run"], {**variables, **filled(step.get("env", {}), known)}, failed)
                done.output += failed.output
                done.status = 0 if step.get("continue-on-error") else failed.status
            else:
                self.use(step, place, known)
        done.summary = summary.read_text() if summary.exists() else ""
        return done

    def use(self, step: Any, place: Path, known: Mapping[str, str]) -> None:
        assert step["uses"] in KNOWN_ACTIONS
        if step["uses"].startswith("actions/upload-artifact"):
            files = step["with"]["path"].split()
            name = fill(step["with"]["name"], known)
            self.host.artifacts[name] = {file: (place / file).read_bytes() for file in files}


@dataclass
class GitLabRunner(Runner):
    """GitLab CI. `values` are the variables of the pipeline."""

    def run(self, name: str, commit: str, values: Mapping[str, str]) -> Job:
        place, done = self.checkout(commit), Job()
        pipeline = read_yaml(place / ".gitlab-ci.yml")
        job = pipeline[name]
        assert job["stage"] in pipeline["stages"]
        variables = {
            "GITLAB_CI": "true",
            "CI_API_V4_URL": self.host.url,
            "CI_PROJECT_ID": "17",
            "CI_COMMIT_SHA": commit,
            "CI_DEFAULT_BRANCH": "main",
            "EXTENCI_PACKAGE": "extenci[sandbox]",
            "EXTENCI_TOKEN": TOKEN,
            **job.get("variables", {}),
            **values,
        }
        assert any(met(rule["if"], variables) for rule in job["rules"]), f"{name} does not run for {values}"
        script = "\n".join([*pipeline["default"]["before_script"], *job["script"]])
        self.shell(place, script, variables, done)
        if not done.status and "artifacts" in job:
            files = {file: (place / file).read_bytes() for file in job["artifacts"]["paths"]}
            self.host.artifacts[f"plan-{commit}"] = files
        return done


def fill(text: str, known: Mapping[str, str]) -> str:
    """A text with its expressions replaced; KeyError for one that the host does not know."""
    return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: known[found[1]], str(text))


def filled(variables: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    return {name: fill(text, known) for name, text in variables.items()}


def holds(condition: str, known: Mapping[str, str]) -> bool:
    """Whether `true` or `NAME == 'TEXT'` holds."""
    if condition == "true":
        return True
    name, _, text = condition.partition(" == ")
    return known.get(name) == text.strip("'")


def met(rule: str, variables: Mapping[str, str]) -> bool:
    """Whether all of `$NAME == "TEXT"` or `$NAME == $OTHER` hold."""

    def value(word: str) -> str:
        return variables.get(word[1:], "") if word.startswith("$") else word.strip('"')

    parts = [part.split(" == ") for part in rule.split(" && ")]
    return all(value(left) == value(right) for left, right in parts)


def steps_of(path: Path) -> set[str]:
    """Every shell step of a workflow of GitHub."""
    jobs = read_yaml(path)["jobs"].values()
    return {step["run"] for job in jobs for step in job["steps"] if "run" in step}


def lines_of(path: Path) -> set[str]:
    """Every shell line of a pipeline of GitLab."""
    pipeline = read_yaml(path)
    jobs = [job for job in pipeline.values() if isinstance(job, dict)]
    return {
        line
        for job in jobs
        for key in ("before_script", "script", "after_script")
        for line in job.get(key, [])
    }


def home_environment(folder: Path, programs: Path) -> dict[str, str]:
    """What the runner itself gives to all jobs."""
    return {
        "HOME": str(folder),
        "EXTENCI_HOME": str(folder / "extenci"),
        "EXTENCI_SANDBOX_MACHINES": "simulated",
        "EXTENCI_SANDBOX_BOOT_SECONDS": "0.1",
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "LANG": "C.UTF-8",
        "PIP_NO_INDEX": "1",
    }
