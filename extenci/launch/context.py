"""The context in which machines are launched and ended."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from extenci.model.address import Address
from extenci.model.ownership import PLAN
from extenci.stage.context import ServiceContext

Remember = Callable[[Sequence[str], Mapping[str, str]], None]
"""Records machines as owned, by their ids and the tags they were launched with."""


@dataclass(frozen=True, kw_only=True)
class LaunchContext(ServiceContext):
    """The context of one change that launches or ends machines.

    `run` is the id of the run, and the plan's where a saved one is applied; `is_new`: nothing can have been
    made under that id before. `change` is the change's id, `reason` why it is made. `count_calls` tells
    how many calls this run has journalled for the change, in earlier attempts too; `remember` records
    launched machines; `advance` takes how many machines of how many run. `jobs_folder` holds files that jobs
    name, `keys_folder` private keys of test VMs.
    """

    run: str
    stack: str
    change: str
    address: Address
    reason: str
    is_new: bool
    count_calls: Callable[[], int]
    remember: Remember
    advance: Callable[[int, int], None]
    jobs_folder: Path
    keys_folder: Path

    def token(self, step: int, owner: str = "") -> str:
        """The idempotency token of the change's `step`-th creating call: 64 hex characters, the first of
        which may be an `owner_code`."""
        code = hashlib.sha256(f"{self.run}\n{self.change}\n{step}".encode()).hexdigest()
        return owner + code[len(owner) :]

    def next_token(self) -> str:
        """A token that this run has not used for the change: it counts the calls in the journal."""
        return self.token(self.count_calls())

    def tags(self, tags: Mapping[str, str]) -> dict[str, str]:
        """Planned tags, with the id of the plan that is applied."""
        return {**tags, PLAN: self.run}
