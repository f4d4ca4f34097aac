"""Every error that extenci reports to a person.

    ExtenciError              what is wrong, and what to do about it
    ├── UsageError            the command line or the call asks for something that cannot be
    ├── SpecError             spec or service files have problems (all of them, with positions)
    ├── NotTrusted            a service file of the specs asks for what this user has not allowed
    ├── CatalogError          the catalog's files or records cannot be used
    │   └── LockHeld          another apply is at work
    │       └── LeaseHeld     it is at work elsewhere, or was a moment ago
    ├── ServiceError          a service said no, or did not answer
    │   ├── AccessRefused     the credentials are missing, wrong, or not allowed to do this
    │   ├── Unreachable       no connection, or no answer in time
    │   ├── UnreadableAnswer  an answer that is cut, endless, or not of its API; or a value in it is
    │   ├── NotFound          the id does not exist (any more)
    │   ├── InUse             something else still uses it
    │   ├── LimitReached      a quota or the capacity of the service
    │   ├── MachinesLost      machines ended while they were starting
    │   └── Throttled         asked too often; retries did not help
    ├── DiskError             a disk cannot be read or is not what the spec says
    │   └── DiskChanged       it changed while, or since, it was read
    ├── PlanError             a plan cannot be made or used
    │   ├── AnswerTooLate     a person answered about a test VM that had expired
    │   ├── PlanRefused       past a limit of a service, without --force
    │   ├── StalePlan         the world or the specs changed since it was made
    │   └── AlreadyApplied    nothing of it is left to do
    ├── GitError              the newest commit of a repository cannot be had
    ├── SandboxError          the local cloud cannot be started or used
    ├── Declined              a person said no, or nobody could be asked
    └── Interrupted           Ctrl-C, or told to stop; what was done is recorded

No text of an error ever holds a secret.
"""

from __future__ import annotations

from dataclasses import dataclass

from extenci.model.trust import TrustRequest


class ExtenciError(Exception):
    """Something a person can act on: `message` says what and why, `hint` what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UsageError(ExtenciError):
    """The command line, or the call, asks for something that cannot be."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in one file. Lines and columns count from 1; 0 means the whole file."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        position = f":{self.line}:{self.column}" if self.line else ""
        return f"{self.file}{position}: {self.message}"


class SpecError(ExtenciError):
    """Spec or service files have problems; `problems` has every one of them, in file order."""

    def __init__(self, problems: tuple[Problem, ...], hint: str = "") -> None:
        super().__init__("\n".join(str(problem) for problem in problems), hint)
        self.problems = problems


class NotTrusted(ExtenciError):
    """Service files of the specs ask for credentials or endpoints that this user has not allowed. Nothing was
    sent; `requests` says for what each of them asks."""

    def __init__(self, message: str, hint: str, requests: tuple[TrustRequest, ...]) -> None:
        super().__init__(message, hint)
        self.requests = requests


class CatalogError(ExtenciError):
    """The catalog's files or records cannot be read, written or used."""


class LockHeld(CatalogError):
    """Another apply holds the catalog's lock."""


class LeaseHeld(LockHeld):
    """Another command has the lease of the stack on a service. `ends_in` is in how many seconds it ends,
    where that command is known to be over; None where it may be at work."""

    def __init__(self, message: str, hint: str = "", *, ends_in: float | None = None) -> None:
        super().__init__(message, hint)
        self.ends_in = ends_in


class ServiceError(ExtenciError):
    """A service said no, or did not answer.

    `code` is the service's own error code (`InvalidAMIID.NotFound`), `""` where there is none; `reason` what
    EBS says beside it (`INVALID_SNAPSHOT_ID`).
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        service: str = "",
        call: str = "",
        code: str = "",
        reason: str = "",
    ) -> None:
        super().__init__(message, hint)
        self.service = service
        self.call = call
        self.code = code
        self.reason = reason


class AccessRefused(ServiceError):
    """The credentials are missing, wrong, or not allowed to do this."""


class Unreachable(ServiceError):
    """No connection could be made, or no answer came in time."""


class UnreadableAnswer(ServiceError):
    """An answer came that is not one of the API, is cut, too long, or has a value that cannot be read.
    Whether a changing call was carried out is not known then."""


class NotFound(ServiceError):
    """The id or name does not exist on the service (any more)."""


class InUse(ServiceError):
    """Something else on the service still uses it."""


class LimitReached(ServiceError):
    """A quota of the account, or the capacity of the service, is used up."""


class MachinesLost(ServiceError):
    """Machines ended while they were starting. `says_nothing`: it says nothing about their image, since
    somebody ended them, or the service failed (`Server.…`; EC2 API reference, StateReason)."""

    says_nothing = False


class Throttled(ServiceError):
    """The service was asked too often; retries did not help."""


class DiskError(ExtenciError):
    """A disk cannot be read, or is not what its spec says."""


class DiskChanged(DiskError):
    """A disk changed while it was read, or since its digest was taken."""


class PlanError(ExtenciError):
    """A plan cannot be made, read or used."""


class AnswerTooLate(PlanError):
    """A person answered about a test VM that had expired."""


class PlanRefused(PlanError):
    """The plan goes past a limit of a service, and nobody said --force."""


class StalePlan(PlanError):
    """The world, the specs or the disks changed since the plan was made."""


class AlreadyApplied(PlanError):
    """Nothing of the saved plan is left to do."""


class GitError(ExtenciError):
    """The newest commit of a git repository cannot be had."""


class SandboxError(ExtenciError):
    """The local cloud cannot be started, found or used."""


class Declined(ExtenciError):
    """A person said no, or an answer was needed and nobody could be asked."""


class Interrupted(ExtenciError):
    """Work was stopped by Ctrl-C or a signal; what was done until then is recorded."""
