"""A git host as pipelines see it: its HTTP API, and its runner's environment. The rest is real."""

from __future__ import annotations

import io
import json
import re
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.http_server import LocalServer

TOKEN = "the-token-of-this-job"
Answer = tuple[int, Any, dict[str, str]]


@dataclass
class Change:
    """A pull or merge request: its number, the newest commit of its branch, and the commit that merged it."""

    number: int
    head: str
    merged: str = ""


@dataclass
class Host:
    """What the host keeps. `requests` are the methods and paths that were asked for."""

    url: str = ""
    changes: list[Change] = field(default_factory=list)
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    artifacts: dict[str, dict[str, bytes]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def bodies(self, number: int) -> list[str]:
        return [one["body"] for one in self.comments.get(number, [])]

    def answer(self, method: str, url: str, headers: Any, body: Any) -> Answer:
        parts = urlsplit(url)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.requests.append(f"{method} {parts.path}")
        if parts.path.startswith("/storage/"):  # another host: it must not get the token
            assert headers["Authorization"] is None
            return 200, self._packed(parts.path.removeprefix("/storage/")), {}
        if TOKEN not in (headers["Authorization"] or "", headers["PRIVATE-TOKEN"] or "") and (
            headers["Authorization"] != f"Bearer {TOKEN}"
        ):
            return 401, {}, {}
        for pattern, reply in (*self._github(), *self._gitlab()):
            if found := re.fullmatch(pattern, f"{method} {parts.path}"):
                return reply(found.groups(), query, body)
        return 404, {}, {}

    def _packed(self, name: str) -> bytes:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for file, data in self.artifacts[name].items():
                archive.writestr(file, data)
        return content.getvalue()

    def _notes(self, number: str, query: dict[str, str]) -> list[dict[str, Any]]:
        found = self.comments.setdefault(int(number), [{"id": 1, "body": "Looks good!"}])
        begin = 100 * (int(query.get("page", "1")) - 1)
        return found[begin : begin + 100]

    def _add(self, number: str, body: Any) -> Answer:
        notes = self.comments.setdefault(int(number), [])
        notes.append({"id": 1000 * int(number) + len(notes), "body": body["body"]})
        return 201, notes[-1], {}

    def _edit(self, note: str, body: Any) -> Answer:
        (found,) = (one for notes in self.comments.values() for one in notes if one["id"] == int(note))
        found["body"] = body["body"]
        return 200, found, {}

    def _merged(self, commit: str) -> list[Change]:
        return [one for one in self.changes if commit in (one.merged, one.head)]

    def _github(self) -> tuple[tuple[str, Callable[..., Answer]], ...]:
        repo = "/repos/lab/specs"
        return (
            (rf"GET {repo}/issues/(\d+)/comments", lambda g, q, _: (200, self._notes(g[0], q), {})),
            (rf"POST {repo}/issues/(\d+)/comments", lambda g, _, b: self._add(g[0], b)),
            (rf"PATCH {repo}/issues/comments/(\d+)", lambda g, _, b: self._edit(g[0], b)),
            (rf"GET {repo}/commits/(\w+)/pulls", lambda g, _, __: (200, self._pulls(g[0]), {})),
            (rf"GET {repo}/actions/artifacts", lambda _, q, __: (200, self._artifacts(q["name"]), {})),
            (rf"GET {repo}/zip/(.+)", lambda g, _, __: (302, {}, {"Location": f"{self.url}/storage/{g[0]}"})),
        )

    def _pulls(self, commit: str) -> list[dict[str, Any]]:
        return [
            {"number": one.number, "merged_at": "now" if one.merged else None, "head": {"sha": one.head}}
            for one in self._merged(commit)
        ]

    def _artifacts(self, name: str) -> dict[str, Any]:
        kept = [name] if name in self.artifacts else []
        old = {
            "expired": True,
            "created_at": "2030-01-01T00:00:00Z",
            "archive_download_url": f"{self.url}/gone",
        }
        link = f"{self.url}/repos/lab/specs/zip/{name}"
        new = {"expired": False, "created_at": "2026-01-01T00:00:00Z", "archive_download_url": link}
        return {"artifacts": [old, *(new for _ in kept)]}

    def _gitlab(self) -> tuple[tuple[str, Callable[..., Answer]], ...]:
        project = "/projects/17"
        return (
            (rf"GET {project}/merge_requests/(\d+)/notes", lambda g, q, _: (200, self._notes(g[0], q), {})),
            (rf"POST {project}/merge_requests/(\d+)/notes", lambda g, _, b: self._add(g[0], b)),
            (rf"PUT {project}/merge_requests/\d+/notes/(\d+)", lambda g, _, b: self._edit(g[0], b)),
            (
                rf"GET {project}/repository/commits/(\w+)/merge_requests",
                lambda g, _, __: (200, self._requests(g[0]), {}),
            ),
            (
                rf"GET {project}/merge_requests/(\d+)/pipelines",
                lambda g, _, __: (200, self._pipelines(int(g[0])), {}),
            ),
            (
                rf"GET {project}/pipelines/(\d+)/jobs",
                lambda g, _, __: (200, [{"id": int(g[0]) + 1, "name": "plan"}], {}),
            ),
            (rf"GET {project}/jobs/(\d+)/artifacts/(.+)", lambda g, _, __: self._artifact(int(g[0]), g[1])),
        )

    def _requests(self, commit: str) -> list[dict[str, Any]]:
        return [
            {"iid": one.number, "state": "merged" if one.merged else "opened", "sha": one.head}
            for one in self._merged(commit)
        ]

    def _pipelines(self, number: int) -> list[dict[str, Any]]:
        (change,) = (one for one in self.changes if one.number == number)
        return [{"id": 7, "sha": "0" * 40}, {"id": 100 * number, "sha": change.head}]

    def _artifact(self, job: int, file: str) -> Answer:
        (change,) = (one for one in self.changes if 100 * one.number + 1 == job)
        return 200, self.artifacts[f"plan-{change.head}"][file], {}


@contextmanager
def running_host() -> Iterator[Host]:
    """A host that answers."""
    host = Host()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, content, headers = host.answer(
                self.command, self.path, self.headers, json.loads(text) if text else None
            )
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = answer  # noqa: N815 - names of the library

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Stay silent."""

    server = LocalServer(("127.0.0.1", 0), Handler)
    host.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield host
    server.shutdown()
    thread.join()
    server.server_close()
