"""Verify images in test VMs, and give those that wait for a person their verdicts."""

from __future__ import annotations

from dataclasses import replace

from extenci.api.apply_plans import recover_and_plan
from extenci.api.approval import Proposal, carry_out_unasked
from extenci.api.hooks import tell_result
from extenci.api.options import DEFAULTS, Options
from extenci.api.questions import Asking, ask_about, carry_out_answer, end_vms
from extenci.api.session import Session
from extenci.catalog.home import Home
from extenci.model.address import Address
from extenci.model.desired import Desired, DesiredImage, LaunchSettings
from extenci.model.errors import UsageError
from extenci.model.hook import Event
from extenci.model.outcome import Result
from extenci.model.verification import Verify
from extenci.plan.commands.verify import verifications_only
from extenci.plan.selection import require_desired


def verify(
    desired: Desired,
    *,
    machine_type: str | None = None,
    home: Home | None = None,
    options: Options = DEFAULTS,
) -> Result:
    """Run the selected images that have a verify block in test VMs, whatever verdicts they have, and record
    the new ones. What is not staged is staged first. Nothing else is changed.

    With `machine_type` they run on this type of machine, and those without a verify block run, too, to see
    whether they boot. UsageError where no selected image has a block, and whatever `apply` raises.
    """
    require_desired(desired)
    if machine_type is not None:
        desired = _on_type(desired, machine_type)
    addresses = frozenset(
        spec.address for spec in desired.images if spec.verify and desired.selection.covers(spec.address)
    )
    if not addresses:
        raise UsageError(
            "None of the selected images has a `verify:` block.",
            "Name an image that has one, or give --type TYPE to find out whether an image boots at all.",
        )

    def propose(session: Session) -> Proposal:
        planned, observed = recover_and_plan(session, again=addresses)
        return Proposal(verifications_only(planned.plan, addresses), observed)

    home = home or Home.find()
    result = carry_out_unasked(desired, home, options, propose)
    result = ask_about(result, Asking(desired, home, options))
    return tell_result(desired, Event.VERIFY, result, home, options)


def confirm(
    desired: Desired, address: Address, works: bool, *, home: Home | None = None, options: Options = DEFAULTS
) -> Result:
    """Give a version that waits for a person its verdict, terminate its test VM, and unstage it where it does
    not work; or do the rest of that, where it was said before. PlanError where nothing waits at the address,
    or no longer, or the other verdict was given, and whatever `apply` raises."""
    home = home or Home.find()
    result = carry_out_answer(desired, address, works, home, options)
    return tell_result(desired, Event.VERIFY, result, home, options)


def end_test_vms(
    desired: Desired, address: Address, *, home: Home | None = None, options: Options = DEFAULTS
) -> Result:
    """End the test VMs of an image that wait for a person or were kept, without a verdict. PlanError where
    there is none, and whatever `apply` raises."""
    return end_vms(desired, address, home or Home.find(), options)


def _on_type(desired: Desired, machine_type: str) -> Desired:
    """The specs with the selected images to be verified on another type of machine."""

    def changed(spec: DesiredImage) -> DesiredImage:
        if not desired.selection.covers(spec.address):
            return spec
        if spec.verify is None:
            launch = desired.services[spec.address.service].launch
            return replace(spec, verify=Verify(LaunchSettings(machine_type), launch))
        settings = replace(spec.verify.settings, type=machine_type)
        aside = machine_type != spec.verify.settings.type
        return replace(spec, verify=replace(spec.verify, settings=settings, aside=aside))

    return replace(desired, images=tuple(map(changed, desired.images)))
