"""Reads one schedd's queue of machines through HTCondor's Python bindings.

The bindings authenticate as their configuration says (FS, IDTOKENS, SSL, …), which is not changed here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, TypeVar

from extenci.cloud.condor.job_ads import PROJECTION, read_job
from extenci.cloud.condor.schedd import read_version, with_settings
from extenci.cloud.condor.submission import MARK_ATTRIBUTES, TOKEN, quoted, to_attribute
from extenci.model.errors import AccessRefused, ServiceError, Unreachable
from extenci.model.observed import Job, QueueFacts
from extenci.model.ownership import SERVICE, STACK
from extenci.model.service import CondorAccess, Service

Found = TypeVar("Found")

SUBMITTING = "QMGMT_WRITE_CMD"
"""The command behind a submit (src/condor_includes/condor_commands.h)."""

QUERY_TIMEOUT, MOST_QUERY_SECONDS = "QUERY_TIMEOUT", 20
"""HTCondor's setting of how long a collector may take to answer (60 by default; HTCondor manual), and the
most that is waited: meanwhile the bindings hold up the whole process, its Ctrl-C included."""
MOST_JOBS = 100_000
"""The most jobs of a stack that are read: all are in memory."""

_one_at_a_time = threading.Lock()  # the bindings keep connections and sessions that threads may not share


class Condor:
    """Reads the queue of one service's schedd. Creating it sends nothing; any thread may use it. Every method
    raises ServiceError and its kinds."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._access = service.condor or CondorAccess()
        self._known: Any = None

    def jobs(self, stack: str) -> tuple[Job, ...]:
        """All jobs of a stack for this service."""
        return self._query(constraint_of(stack, self.service.name))

    def jobs_by_token(self, token: str) -> tuple[Job, ...]:
        """The jobs that one submit put into the queue."""
        return self._query(f"{TOKEN} =?= {quoted(token)}")

    def jobs_by_id(self, ids: Sequence[str]) -> tuple[Job, ...]:
        """The jobs with these ids (`CLUSTER.PROC`), as far as they are in the queue."""
        wanted = set(ids)
        clusters = sorted({int(one.partition(".")[0]) for one in wanted})
        if not clusters:
            return ()
        among = self._query(f"member(ClusterId, {{{', '.join(map(str, clusters))}}})")
        return tuple(job for job in among if job.id in wanted)

    def user_data_files(self) -> frozenset[str]:
        """The files of user data that jobs in the queue name (`EC2UserDataFile`), whoever owns the jobs."""

        def ask(_htcondor: Any, schedd: Any) -> frozenset[str]:
            ads = schedd.query("EC2UserDataFile =!= undefined", ["EC2UserDataFile"])
            return frozenset(str(ad.get("EC2UserDataFile", "")) for ad in ads)

        return self.ask("query", ask)

    def facts(self) -> QueueFacts:
        """The schedd's name and version, the user it takes us for, and its limits, as far as it tells."""
        return self.ask("look up", self._read_facts)

    def owner(self) -> str:
        """The user who would own jobs submitted from here: `ann@example.edu`."""
        return self.ask("authenticate", self._read_owner)

    def _read_facts(self, htcondor: Any, _schedd: Any) -> QueueFacts:
        ad = self._locate(htcondor)
        known = QueueFacts(str(ad.get("Name", "")), read_version(str(ad.get("CondorVersion", ""))))
        with suppress(htcondor.HTCondorException, OSError, ValueError):
            known = replace(known, owner=self._read_owner(htcondor, _schedd))
        with suppress(htcondor.HTCondorException, OSError, ValueError):
            known = with_settings(known, htcondor.RemoteParam(ad), self.service)
        return known

    def _read_owner(self, htcondor: Any, _schedd: Any) -> str:
        """The user, as the command that submits sees it: that one requires authentication, others may not."""
        answer = htcondor.ping(self._locate(htcondor), SUBMITTING)
        return str(answer.get("MyRemoteUserName", ""))

    def _query(self, constraint: str) -> tuple[Job, ...]:
        def ask(_htcondor: Any, schedd: Any) -> tuple[Job, ...]:
            ads = schedd.query(constraint, list(PROJECTION), limit=MOST_JOBS + 1)
            if len(ads) > MOST_JOBS:
                raise ValueError(f"it has more than {MOST_JOBS:,} such jobs")
            return tuple(map(read_job, ads))

        was_known = self._known is not None
        try:
            return self.ask("query", ask)
        except Unreachable:
            if not was_known:
                raise
            return self.ask("query", ask)  # a restarted schedd has another address

    def ask(self, call: str, question: Callable[[Any, Any], Found]) -> Found:
        """The result of `question`, which is called with the bindings and the schedd."""
        htcondor = self._bindings()
        with _one_at_a_time, self._translated(htcondor, call):
            return question(htcondor, htcondor.Schedd(self._locate(htcondor)))

    def _bindings(self) -> Any:
        try:
            import htcondor2  # noqa: PLC0415 - slow to load, and seldom needed
        except ImportError:
            raise ServiceError(
                "HTCondor's bindings for Python are not installed here.",
                "Install them: pip install htcondor.",
                service=self.service.name,
            ) from None
        configured = str(htcondor2.param.get(QUERY_TIMEOUT, ""))
        if not configured.isdecimal() or int(configured) > MOST_QUERY_SECONDS:
            htcondor2.param[QUERY_TIMEOUT] = str(MOST_QUERY_SECONDS)
        return htcondor2

    def _locate(self, htcondor: Any) -> Any:
        """The schedd's address, found by its name, in the pool, or in this machine's own configuration. No
        name is needed in a pool with only one schedd."""
        if self._known is None:
            access = self._access
            collector = htcondor.Collector(access.pool) if access.pool else htcondor.Collector()
            if access.schedd:
                found = collector.locate(htcondor.DaemonType.Schedd, access.schedd)
                several = [found] if found is not None else []
            elif access.pool:
                several = list(collector.locateAll(htcondor.DaemonType.Schedd))
            else:
                found = collector.locate(htcondor.DaemonType.Schedd)
                several = [found] if found is not None else []
            self._known = self._only(several)
        return self._known

    def _only(self, found: list[Any]) -> Any:
        if len(found) == 1:
            return found[0]
        where = f"the pool {self._access.pool}" if self._access.pool else "this machine's HTCondor"
        named = f" called {self._access.schedd}" if self._access.schedd else ""
        number = "no schedd" if not found else f"{len(found)} schedds"
        raise Unreachable(
            f"The service {self.service.name} launches through HTCondor, and {where} knows {number}{named}.",
            "Check that HTCondor runs (condor_status -schedd) and what the service's file says under "
            "`condor:`, `schedd:` and `pool:`; `extenci doctor` tells more.",
            service=self.service.name,
            call="locate",
        )

    @contextmanager
    def _translated(self, htcondor: Any, call: str) -> Iterator[None]:
        try:
            yield
        except ServiceError:
            raise
        except KeyError as error:
            raise self._error(call, f"an ad lacks {error.args[0]}") from None
        except (htcondor.HTCondorException, OSError, RuntimeError, ValueError, TypeError) as error:
            self._known = None  # it may come back at another address
            raise self._error(call, str(error)) from None

    def _error(self, call: str, text: str) -> ServiceError:
        said = " ".join(text.split())[:400].rstrip(".")
        kind, hint = classify(said)
        name = self.service.name
        return kind(
            f"The schedd of the service {name} {FAILED[call]}: {said}.",
            hint,
            service=name,
            call=call,
            code="" if kind is Unreachable else "CondorError",
        )


def constraint_of(stack: str, service: str) -> str:
    """The ClassAd expression that is true only for a stack's jobs for a service."""
    mine = {STACK: stack, SERVICE: service}
    return " && ".join(
        f"{MARK_ATTRIBUTES[key]} =?= {quoted(to_attribute(value))}" for key, value in mine.items()
    )


FAILED = {
    "query": "could not be asked for its jobs",
    "submit": "did not take the jobs",
    "remove": "did not remove the jobs",
    "look up": "could not be asked what it is",
    "authenticate": "does not say whom it takes us for",
}


def classify(text: str) -> tuple[type[ServiceError], str]:
    """The kind of a failure, and what to do about it. The bindings tell the kind only in their message."""
    lower = text.lower()
    if any(
        word in lower
        for word in (
            "authenticat",
            "authoriz",
            "permission",
            "not allowed",
            "denied",
            "owner",
            "start command",
        )
    ):
        return AccessRefused, (
            "Check which user HTCondor takes you for (condor_ping -type schedd WRITE): root cannot own jobs; "
            "a token lies, with mode 600, in the folder that SEC_TOKEN_DIRECTORY names (~/.condor/tokens.d)."
        )
    if any(
        word in lower
        for word in (
            "connect",
            "communicat",
            "locate",
            "address",
            "fetch",
            "timed out",
            "reach",
            "performing action",
        )
    ):
        return Unreachable, "Check that HTCondor runs (condor_status -schedd), and try again."
    return ServiceError, "See the schedd's log for more."
