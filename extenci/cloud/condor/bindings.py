"""The program of a process that calls HTCondor's bindings: they hold up every thread of their process, and
its signals, for as long as a daemon does not answer.

It imports nothing of extenci, so that it is there in a moment. Each line on its socket, whose descriptor is
its argument, is a request as `Condor` makes it; it answers with a line, `{"answer": …}` or `{"error": …}`. It
ends at once, whatever it waits for, when the pipe at its standard input is closed, as the end of its parent
closes it.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import socket
import sys
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

SUBMITTING = "QMGMT_WRITE_CMD"
"""The command behind a submit (src/condor_includes/condor_commands.h)."""

QUERY_TIMEOUT, MOST_QUERY_SECONDS = "QUERY_TIMEOUT", 20
"""HTCondor's setting of how long a collector may take to answer (60 by default; HTCondor manual), and the
most that is waited."""

Request = Mapping[str, Any]
Place = tuple[str | None, str | None]
"""The name of a schedd, and its pool."""


class NotLocated(Exception):
    """There is no schedd of that name, or several where none is named: the argument is their number."""


class Bindings:
    """Answers requests, one at a time, and remembers where schedds are."""

    def __init__(self, htcondor: Any) -> None:
        self._htcondor = htcondor
        self._known: dict[Place, Any] = {}
        configured = str(htcondor.param.get(QUERY_TIMEOUT, ""))
        if not configured.isdecimal() or int(configured) > MOST_QUERY_SECONDS:
            htcondor.param[QUERY_TIMEOUT] = str(MOST_QUERY_SECONDS)
        self._calls: Mapping[str, Callable[[Any, Request], object]] = {
            "locate": self._name,
            "query": self._query,
            "submit": self._submit,
            "remove": self._remove,
            "look up": self._look_up,
            "authenticate": self._authenticate,
        }

    def answer(self, request: Request) -> dict[str, object]:
        """The answer to a request, or its error. A query is made twice where the schedd was found by an
        earlier request: once restarted, it has another address."""
        place = (request["schedd"], request["pool"])
        was_known = place in self._known
        found = self._try(place, request)
        if "error" in found and was_known and request["call"] == "query":
            found = self._try(place, request)
        return found

    def _try(self, place: Place, request: Request) -> dict[str, object]:
        try:
            return {"answer": self._calls[request["call"]](self._locate(place), request)}
        except NotLocated as error:
            return {"error": "not located", "number": error.args[0]}
        except KeyError as error:
            text = f"an ad lacks {error.args[0]}"
        except (self._htcondor.HTCondorException, OSError, RuntimeError, ValueError, TypeError) as error:
            text = str(error)
        self._known.pop(place, None)  # it may come back at another address
        return {"error": "failed", "text": text}

    def _locate(self, place: Place) -> Any:
        """The schedd's address, found by its name, in the pool, or in this machine's own configuration. No
        name is needed in a pool with only one schedd."""
        if place not in self._known:
            schedd, pool = place
            kind = self._htcondor.DaemonType.Schedd
            collector = self._htcondor.Collector(pool) if pool else self._htcondor.Collector()
            if pool and not schedd:
                found = list(collector.locateAll(kind))
            else:
                one = collector.locate(kind, schedd) if schedd else collector.locate(kind)
                found = [one] if one is not None else []
            if len(found) != 1:
                raise NotLocated(len(found))
            self._known[place] = found[0]
        return self._known[place]

    def _name(self, ad: Any, _request: Request) -> object:
        return str(ad.get("Name", ""))

    def _query(self, ad: Any, request: Request) -> object:
        """The values of attributes of the jobs in a queue: a list for each job, None for what is missing."""
        names = list(request["attributes"])
        found = self._htcondor.Schedd(ad).query(request["constraint"], names, limit=request["limit"])
        return [[_plain(job.get(name)) for name in names] for job in found]

    def _submit(self, ad: Any, request: Request) -> object:
        with warnings.catch_warnings(record=True):  # about macros that the schedd's machine sets
            description = self._htcondor.Submit(dict(request["description"]))
            return self._htcondor.Schedd(ad).submit(description, count=request["count"]).cluster()

    def _remove(self, ad: Any, request: Request) -> object:
        actions = self._htcondor.JobAction
        action = actions.RemoveX if request["at_once"] else actions.Remove
        answer = self._htcondor.Schedd(ad).act(action, list(request["jobs"]), request["reason"])
        return int(answer.get("TotalPermissionDenied", 0))

    def _look_up(self, ad: Any, request: Request) -> object:
        """The schedd's own words; what it does not tell is None."""
        owner = settings = None
        with suppress(self._htcondor.HTCondorException, OSError, ValueError):
            owner = self._authenticate(ad, request)
        with suppress(self._htcondor.HTCondorException, OSError, ValueError):
            told = self._htcondor.RemoteParam(ad)
            settings = {name: str(told.get(name, "")) for name in request["settings"]}
        version = str(ad.get("CondorVersion", ""))
        return {"name": str(ad.get("Name", "")), "version": version, "owner": owner, "settings": settings}

    def _authenticate(self, ad: Any, _request: Request) -> object:
        """The user, as the command that submits sees it: that one requires authentication, others may not."""
        return str(self._htcondor.ping(ad, SUBMITTING).get("MyRemoteUserName", ""))


def _plain(value: object) -> object:
    """An attribute's value; None where it is undefined or an expression."""
    return value if type(value) in (str, int, float, bool) else None


def end_with_parent() -> None:
    """Have the kernel end this process when its standard input is closed (fcntl(2), O_ASYNC, SIGIO)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([0], [], [], 0)[0]:  # it was closed before
        sys.exit(1)


def open_bindings() -> Callable[[Request], dict[str, object]]:
    """A function that answers requests."""
    try:
        import htcondor2  # noqa: PLC0415 - slow to load
    except ImportError:
        return lambda _request: {"error": "missing"}
    return Bindings(htcondor2).answer


def main() -> None:
    """Answer requests until nobody asks any more."""
    end_with_parent()
    answer = open_bindings()
    with socket.socket(fileno=int(sys.argv[1])) as channel, channel.makefile("rwb") as lines:
        for line in lines:
            lines.write(json.dumps(answer(json.loads(line))).encode() + b"\n")
            lines.flush()


if __name__ == "__main__":
    main()
