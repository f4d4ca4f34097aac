"""Reads one schedd's queue of machines through HTCondor's Python bindings, which a process of its own calls.

The bindings authenticate as their configuration says (FS, IDTOKENS, SSL, …), which is not changed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event
from typing import Any

from extenci.cloud.aws.answers.waiting import Waiting
from extenci.cloud.condor.job_ads import PROJECTION, read_job
from extenci.cloud.condor.schedd import SETTINGS, read_version, with_settings
from extenci.cloud.condor.submission import MARK_ATTRIBUTES, TOKEN, quoted, to_attribute
from extenci.cloud.condor.worker import NoAnswer, Terms, Worker
from extenci.model.errors import AccessRefused, ServiceError, Unreachable
from extenci.model.observed import Job, QueueFacts
from extenci.model.ownership import SERVICE, STACK
from extenci.model.service import CondorAccess, Service

READ_SECONDS, CHANGE_SECONDS = 120.0, 300.0
"""The longest that a call may take which reads, or which changes something: thousands of jobs take a while. A
daemon that does not answer at all is given up sooner, by the bindings themselves (20 to 40 s)."""
MOST_JOBS = 100_000
"""The most jobs of a stack that are read: all are in memory."""


class Condor:
    """Reads the queue of one service's schedd. Creating it sends nothing; any thread may use it. `waiting`
    tells people of a schedd that keeps them waiting; `stop` set ends waiting. Every method raises
    ServiceError and its kinds, and Interrupted."""

    def __init__(self, service: Service, waiting: Waiting | None = None, stop: Event | None = None) -> None:
        self.service = service
        self._access = service.condor or CondorAccess()
        self._waiting = waiting or Waiting()
        self._worker = Worker(stop or Event())

    def jobs(self, stack: str) -> tuple[Job, ...]:
        """All jobs of a stack for this service."""
        return self._jobs(constraint_of(stack, self.service.name))

    def jobs_by_token(self, token: str) -> tuple[Job, ...]:
        """The jobs that one submit put into the queue."""
        return self._jobs(f"{TOKEN} =?= {quoted(token)}")

    def jobs_by_id(self, ids: Sequence[str]) -> tuple[Job, ...]:
        """The jobs with these ids (`CLUSTER.PROC`), as far as they are in the queue."""
        wanted = set(ids)
        clusters = sorted({int(one.partition(".")[0]) for one in wanted})
        if not clusters:
            return ()
        among = self._jobs(f"member(ClusterId, {{{', '.join(map(str, clusters))}}})")
        return tuple(job for job in among if job.id in wanted)

    def user_data_files(self) -> frozenset[str]:
        """The files of user data that jobs in the queue name (`EC2UserDataFile`), whoever owns the jobs."""
        rows = self._query("EC2UserDataFile =!= undefined", ("EC2UserDataFile",))
        return frozenset(str(file) for (file,) in rows if file)

    def facts(self) -> QueueFacts:
        """The schedd's name and version, the user it takes us for, and its limits, as far as it tells."""
        told = self.ask("look up", settings=SETTINGS)
        known = QueueFacts(told["name"], read_version(told["version"]), owner=told["owner"] or "")
        return known if told["settings"] is None else with_settings(known, told["settings"], self.service)

    def schedd(self) -> str:
        """The schedd's name."""
        return str(self.ask("locate"))

    def owner(self) -> str:
        """The user who would own jobs submitted from here: `ann@example.edu`."""
        return str(self.ask("authenticate"))

    def ask(self, call: str, *, changes: bool = False, **arguments: object) -> Any:
        """The schedd's answer to a call, as `bindings` gives it. `changes`: the call changes something."""
        access, seconds = self._access, CHANGE_SECONDS if changes else READ_SECONDS
        request = {"call": call, "schedd": access.schedd, "pool": access.pool, **arguments}
        where = access.schedd or access.pool or "this machine"

        def note(waited: float) -> None:
            self._waiting.note("condor", where, call, waited, seconds)

        try:
            found = self._worker.ask(request, Terms(seconds, note, changes))
        except NoAnswer as reason:
            raise self._error(call, str(reason), Unreachable) from None
        match found:
            case {"answer": answer}:
                return answer
            case {"error": "missing"}:
                raise ServiceError(
                    "HTCondor's bindings for Python are not installed here.",
                    "Install them: pip install htcondor.",
                    service=self.service.name,
                )
            case {"error": "not located", "number": number}:
                raise self._not_located(number)
        raise self._error(call, found["text"])

    def close(self) -> None:
        """End the process that calls the bindings. A later call starts another."""
        self._worker.close()

    def _jobs(self, constraint: str) -> tuple[Job, ...]:
        rows = self._query(constraint, PROJECTION)
        return tuple(read_job(dict(zip(PROJECTION, row, strict=True))) for row in rows)

    def _query(self, constraint: str, attributes: Sequence[str]) -> Sequence[Sequence[object]]:
        rows: list[list[object]] = self.ask(
            "query", constraint=constraint, attributes=attributes, limit=MOST_JOBS + 1
        )
        if len(rows) > MOST_JOBS:
            raise self._error("query", f"it has more than {MOST_JOBS:,} such jobs")
        return rows

    def _not_located(self, found: int) -> Unreachable:
        where = f"the pool {self._access.pool}" if self._access.pool else "this machine's HTCondor"
        named = f" called {self._access.schedd}" if self._access.schedd else ""
        number = "no schedd" if not found else f"{found} schedds"
        return Unreachable(
            f"The service {self.service.name} launches through HTCondor, and {where} knows {number}{named}.",
            "Check that HTCondor runs (condor_status -schedd) and what the service's file says under "
            "`condor:`, `schedd:` and `pool:`; `extenci doctor` tells more.",
            service=self.service.name,
            call="locate",
        )

    def _error(self, call: str, text: str, kind: type[ServiceError] | None = None) -> ServiceError:
        said = " ".join(text.split())[:400].rstrip(".")
        found, hint = (kind, CHECK_CONDOR) if kind else classify(said)
        name = self.service.name
        return found(
            f"The schedd of the service {name} {FAILED[call]}: {said}.",
            hint,
            service=name,
            call=call,
            code="" if found is Unreachable else "CondorError",
        )


def constraint_of(stack: str, service: str) -> str:
    """The ClassAd expression that is true only for a stack's jobs for a service."""
    mine = {STACK: stack, SERVICE: service}
    return " && ".join(
        f"{MARK_ATTRIBUTES[key]} =?= {quoted(to_attribute(value))}" for key, value in mine.items()
    )


FAILED = {
    "locate": "was not found",
    "query": "could not be asked for its jobs",
    "submit": "did not take the jobs",
    "remove": "did not remove the jobs",
    "look up": "could not be asked what it is",
    "authenticate": "does not say whom it takes us for",
}


CHECK_CONDOR = "Check that HTCondor runs (condor_status -schedd), and try again."


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
        return Unreachable, CHECK_CONDOR
    return ServiceError, "See the schedd's log for more."
