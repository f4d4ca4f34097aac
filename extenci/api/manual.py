"""The jobs of the 2011 tools, one image at a time and without specs. No plan touches what they stage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from extenci.api.approval import Proposal, carry_out_approved, carry_out_unasked
from extenci.api.disks import known_disks, read_pinned_disks
from extenci.api.execution import Run, carry_out
from extenci.api.options import DEFAULTS, Options
from extenci.api.questions import Asking, ask_about
from extenci.api.recovery import recover
from extenci.api.sandbox import with_running_sandbox
from extenci.api.session import Observed, Session, open_locked
from extenci.api.specs import empty_stack
from extenci.catalog.home import Home
from extenci.catalog.questions import hold_question
from extenci.catalog.services.files import service_files
from extenci.model.address import Address
from extenci.model.errors import UsageError
from extenci.model.observed import Image
from extenci.model.outcome import Result
from extenci.observe.verify_hashes import hash_verify_blocks
from extenci.plan.commands.manual import swap_roles
from extenci.plan.commands.manual_verify import plan_test_vm
from extenci.plan.commands.stage import find_staged, plan_stage
from extenci.plan.commands.unstage import plan_unstage
from extenci.spec.arguments import Staging, image_to_stage, image_to_test

__all__ = ["StageResult", "Staging", "run_test_vm", "stage", "unstage"]

DEFAULT_STAGING = Staging()


@dataclass(frozen=True)
class StageResult:
    """The result of staging an image. `found` is the image that was there already, None where there was
    none."""

    address: Address
    result: Result
    found: Image | None = None

    @property
    def image(self) -> str | None:
        """The image's id on the service; None where it could not be staged."""
        made = (one.made.image for one in self.result.outcomes)
        return self.found.id if self.found else next(filter(None, made), None)


def stage(
    file: str,
    service: str,
    how: Staging = DEFAULT_STAGING,
    *,
    stack: str | None = None,
    home: Home | None = None,
    options: Options = DEFAULTS,
) -> StageResult:
    """Stage a disk, named by its path or a URL, on a service, unless that was done before. The image is
    marked `manual`, and belongs to a stack as `empty_stack` says.

    UsageError, SpecError; PlanError where the specs have staged the same image already; and whatever `apply`
    raises. Where the staging itself fails, the result says so.
    """
    home = home or Home.find()
    desired = image_to_stage(file, service, how, stack, Path.cwd(), service_files(home))
    desired = with_running_sandbox(desired, home)
    (spec,) = desired.images
    with open_locked(desired, home, options) as session:
        disks = known_disks(session)
        observed = recover(session)
        seen = Observed(
            replace(observed.records, resources=()),
            swap_roles(observed.observation, desired.stack, observed.records),
        )
        if read_pinned_disks(session, disks, seen):
            observed = session.observe()
        plan = plan_stage(desired, disks, observed.observation, observed.records, session.clock())
        found = find_staged(desired, disks, observed.observation, observed.records)
        result = carry_out(session, plan, observed, Run(is_whole=False))
        return StageResult(spec.address, result, found)


def unstage(
    image: str,
    service: str,
    *,
    stack: str | None = None,
    home: Home | None = None,
    options: Options = DEFAULTS,
) -> Result:
    """Ask, and remove an image that `stage` made, named by its id or name, with what was uploaded for it
    where nothing else uses that, or what an interrupted run has left of that. The stack as in `empty_stack`.

    UsageError, SpecError; PlanError where there is no such image or machines run from it; and whatever
    `apply` raises.
    """
    home = home or Home.find()
    desired = empty_stack(service, stack=stack, home=home)

    def propose(session: Session) -> Proposal:
        observed = recover(session)
        before = session.catalog.journal.deregistered(session.stack)
        records, now = replace(observed.records, deregistered=before), session.clock()
        plan = plan_unstage(desired, service, image, observed.observation, records, now)
        return Proposal(plan, observed)

    return carry_out_approved(desired, home, options, propose, Run(is_whole=False))


def run_test_vm(
    file: Path,
    service: str,
    machine_type: str,
    *,
    stack: str | None = None,
    raw: bool = False,
    home: Home | None = None,
    options: Options = DEFAULTS,
) -> Result:
    """Stage a disk as `stage` does, run a test VM of a type from it, ask `options.ask` whether it works (or
    take the word of `options.answer`), and terminate it. Where the answer is no, the image is unstaged. `raw`
    is that of Staging.

    UsageError where nobody can be asked, and what `stage` raises.
    """
    if options.ask is None and options.answer is None:
        raise UsageError("Nobody can be asked whether the test VM works.", "Nothing was done.")
    home = home or Home.find()
    desired = image_to_test(file, service, machine_type, stack, Path.cwd(), service_files(home), raw=raw)
    desired = with_running_sandbox(desired, home)

    def propose(session: Session) -> Proposal:
        disks = known_disks(session)
        observed = recover(session)
        hashes = hash_verify_blocks(desired.images)
        plan = plan_test_vm(desired, disks, observed.observation, observed.records, session.clock(), hashes)
        return Proposal(plan, observed)

    run = Run(is_whole=False)
    with hold_question(home, run.id):
        result = carry_out_unasked(desired, home, options, propose, run)
        return ask_about(result, Asking(desired, home, options, ends_unanswered=True))
