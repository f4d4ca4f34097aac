"""Carry a plan from the review of a change to its merge, on GitHub and GitLab. Made by `extenci init`.

python3 pipeline/review.py comment PLAN.md
    shows a plan in the pull or merge request, in place of the last one;
python3 pipeline/review.py fetch PLAN.extenci
    gets the plan that was reviewed for the commit that was merged. Where there is none, nothing is written,
    and the exit status is 0.

It needs Python alone, and reads what the host sets: GITHUB_* and PULL_REQUEST, or CI_* and EXTENCI_TOKEN.
"""

from __future__ import annotations

import io
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

MARK = "<!-- plan of extenci -->"
PLAN = "plan.extenci"
JOB = "plan"
MOST_PAGES = 20
SECONDS = 60


def call(url: str, header: tuple[str, str], body: dict[str, str] | None = None, method: str = "GET") -> bytes:
    """The answer to a request. The token is not sent on where the host answers with a redirect."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    request.add_unredirected_header(*header)
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        content: bytes = answer.read()
    return content


class GitHub:
    """The API of GitHub (https://docs.github.com/rest)."""

    def __init__(self) -> None:
        self.base = f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}"
        self.header = ("Authorization", f"Bearer {os.environ['GITHUB_TOKEN']}")

    def get(self, path: str) -> Any:
        return json.loads(call(f"{self.base}/{path}", self.header))

    def comment(self, text: str) -> None:
        notes = f"issues/{os.environ['PULL_REQUEST']}/comments"
        for page in range(1, MOST_PAGES + 1):
            found = self.get(f"{notes}?per_page=100&page={page}")
            old = next((one for one in found if one["body"].startswith(MARK)), None)
            if old is not None:
                call(f"{self.base}/issues/comments/{old['id']}", self.header, {"body": text}, "PATCH")
                return
            if not found:
                break
        call(f"{self.base}/{notes}", self.header, {"body": text}, "POST")

    def fetch(self) -> bytes | None:
        commit = os.environ["GITHUB_SHA"]
        merged = [one for one in self.get(f"commits/{commit}/pulls") if one["merged_at"]]
        for pull in merged:
            found = self.get(f"actions/artifacts?per_page=100&name=plan-{pull['head']['sha']}")["artifacts"]
            kept = sorted((one for one in found if not one["expired"]), key=lambda one: one["created_at"])
            if kept:
                content = call(kept[-1]["archive_download_url"], self.header)
                return zipfile.ZipFile(io.BytesIO(content)).read(PLAN)
        return None


class GitLab:
    """The API of GitLab (https://docs.gitlab.com/api/rest)."""

    def __init__(self) -> None:
        self.base = f"{os.environ['CI_API_V4_URL']}/projects/{os.environ['CI_PROJECT_ID']}"
        self.header = ("PRIVATE-TOKEN", os.environ.get("EXTENCI_TOKEN", ""))
        if not self.header[1]:
            sys.exit("The variable EXTENCI_TOKEN is not set: a project access token with the scope `api`.")

    def get(self, path: str) -> Any:
        return json.loads(call(f"{self.base}/{path}", self.header))

    def comment(self, text: str) -> None:
        notes = f"merge_requests/{os.environ['CI_MERGE_REQUEST_IID']}/notes"
        for page in range(1, MOST_PAGES + 1):
            found = self.get(f"{notes}?per_page=100&page={page}")
            old = next((one for one in found if one["body"].startswith(MARK)), None)
            if old is not None:
                call(f"{self.base}/{notes}/{old['id']}", self.header, {"body": text}, "PUT")
                return
            if not found:
                break
        call(f"{self.base}/{notes}", self.header, {"body": text}, "POST")

    def fetch(self) -> bytes | None:
        commit = os.environ["CI_COMMIT_SHA"]
        for request in self.get(f"repository/commits/{commit}/merge_requests"):
            if request["state"] != "merged":
                continue
            for pipeline in self.get(f"merge_requests/{request['iid']}/pipelines"):
                if pipeline["sha"] != request["sha"]:
                    continue
                jobs = self.get(f"pipelines/{pipeline['id']}/jobs?scope[]=success")
                job = next((one for one in jobs if one["name"] == JOB), None)
                if job is not None:
                    return call(f"{self.base}/jobs/{job['id']}/artifacts/{PLAN}", self.header)
        return None


def main() -> None:
    """Do what the command line says."""
    if len(sys.argv) != 3 or sys.argv[1] not in ("comment", "fetch"):
        sys.exit(__doc__)
    host = GitLab() if os.environ.get("GITLAB_CI") else GitHub()
    file = Path(sys.argv[2])
    try:
        if sys.argv[1] == "comment":
            host.comment(f"{MARK}\n{file.read_text('utf-8')}")
            return
        plan = host.fetch()
    except urllib.error.HTTPError as error:
        sys.exit(f"{urllib.parse.urlsplit(error.url).path} was refused with HTTP status {error.code}.")
    except urllib.error.URLError as error:
        sys.exit(f"The host's API cannot be reached: {error.reason}")
    if plan is None:
        print("No plan was reviewed for this commit, so nothing is applied.")
        print("To apply a plan of now, start the job for that by hand.")
        return
    file.write_bytes(plan)
    file.chmod(0o600)


if __name__ == "__main__":
    main()
