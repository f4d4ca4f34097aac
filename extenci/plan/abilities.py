"""The abilities that a stack's work needs of its services, and the refusal of a plan that needs one which a
service lacks: before anything is made, rather than half-way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from extenci.model.abilities import Abilities, Ability
from extenci.model.desired import Desired
from extenci.model.errors import PlanError
from extenci.model.observed import Observation
from extenci.model.plan import Change, Plan
from extenci.model.service import Service, Tagging
from extenci.model.text import counted, listed
from extenci.model.verification import Verify, needs_login
from extenci.model.version import Method
from extenci.model.work import (
    AdoptWork,
    ImportWork,
    LaunchWork,
    RegisterWork,
    ReplaceWork,
    StageWork,
    UpdateWork,
    VerifyWork,
)

SHOWN = 3
"""Changes that a message names; more are counted."""


def needed_abilities(desired: Desired) -> Mapping[str, frozenset[Ability]]:
    """The abilities that the work on what is desired needs or may need, by service."""
    needed: dict[str, set[Ability]] = defaultdict(set)
    for name in desired.touched_services:
        if desired.services[name].tags is not Tagging.NONE:
            needed[name].add(Ability.CREATE_TAGS)
    for image in desired.images:
        needed[image.address.service].update(image.method.abilities)
        if image.verify is not None:
            needed[image.address.service].update(needs_of_verify(image.verify))
    return {name: frozenset(abilities) for name, abilities in needed.items()}


def needs_of_verify(verify: Verify) -> frozenset[Ability]:
    """The abilities that a verify block needs."""
    needs = {check.ability for check in verify.checks if check.ability is not None}
    if needs_login(verify) and verify.settings.key_name is None:
        needs.add(Ability.KEY_PAIRS)
    return frozenset(needs)


def require_abilities(plan: Plan, services: Mapping[str, Service], observation: Observation) -> None:
    """PlanError where changes of a plan need abilities that a service is known to lack."""
    for error in refused_services(plan, services, observation).values():
        raise error


def refused_services(
    plan: Plan, services: Mapping[str, Service], observation: Observation
) -> Mapping[str, PlanError]:
    """The services on which changes of a plan need abilities that they are known to lack, each with the
    error."""
    problems: dict[str, dict[tuple[Ability, str], list[str]]] = defaultdict(lambda: defaultdict(list))
    for change in plan.changes:
        name = change.address.service
        state = observation.services.get(name)
        if state is None or name not in services:
            continue
        for need, advice in lacking(change, services[name], state.abilities):
            problems[name][need, advice].append(change.id)
    return {
        name: PlanError(
            "\n".join(describe(name, *need, changes) for need, changes in found.items()),
            f"Nothing was done there. If {name} has the ability all the same, say so as `abilities:` in "
            f"{file_of(services[name])}, or have it looked for again with `extenci doctor --probe`.",
        )
        for name, found in sorted(problems.items())
    }


def describe(service: str, need: Ability, advice: str, changes: Sequence[str]) -> str:
    """A missing ability, the changes that need it, and what to do."""
    verb = "needs" if len(changes) == 1 else "need"
    shown = listed(changes) if len(changes) <= SHOWN else counted(len(changes), "change")
    return f"The service {service} lacks the ability {need} ({need.meaning}), which {shown} {verb}. {advice}"


def lacking(change: Change, service: Service, abilities: Abilities) -> Iterator[tuple[Ability, str]]:
    """The abilities that a change needs and the service lacks, each with what to set instead."""
    for need, advice in needs_of(change, service, abilities):
        if abilities.lacks(need) or (need is Ability.BOOT_MODE and not abilities.sends(need)):
            yield need, advice
    needs_tagging = not all(abilities.has(one) for one in made_with_tags(change))
    if service.tags is not Tagging.NONE and abilities.lacks(Ability.CREATE_TAGS) and needs_tagging:
        advice = f"Set `tags: none` in {file_of(service)}, and then run `extenci catalog init`."
        yield Ability.CREATE_TAGS, advice


def needs_of(change: Change, service: Service, abilities: Abilities) -> Iterator[tuple[Ability, str]]:
    """The abilities that a change needs, each with what to set where the service lacks it."""
    match change.work:
        case StageWork(version=version) | RegisterWork(version=version):
            method, boot_mode = version.registration.method, version.registration.boot_mode
            for need in method.abilities if isinstance(change.work, StageWork) else ():
                yield need, f"Set {other_methods(method, abilities)} in {file_of(service)}."
            if boot_mode is not None:
                yield Ability.BOOT_MODE, "Take `boot_mode` out of the spec."
        case VerifyWork(verify=verify):
            for need in sorted(needs_of_verify(verify)):
                yield need, "Take the checks that need it out of the verify block, or name a `key_name`."


def other_methods(method: Method, abilities: Abilities) -> str:
    """The settings for the other methods that a service may be able to do."""
    return " or ".join(
        f"`stage: {other}`"
        for other in Method
        if other is not method and not any(map(abilities.lacks, other.abilities))
    )


def file_of(service: Service) -> str:
    """Where the service is set up, for messages."""
    return service.file or "the service's file"


def made_with_tags(change: Change) -> tuple[Ability, ...]:
    """The abilities by which what a change makes gets its tags at creation."""
    match change.work:
        case StageWork(version=version):
            method = version.registration.method
            if method.writes_blocks:
                return (Ability.TAG_SNAPSHOT, Ability.TAG_IMAGE)
            return (Ability.CREATE_TAGS,) if method.makes_snapshot else (Ability.TAG_IMAGE,)
        case RegisterWork():
            return (Ability.TAG_IMAGE,)
        case LaunchWork() | ReplaceWork() | VerifyWork():
            return (Ability.TAG_INSTANCE,)
        case AdoptWork() | ImportWork() | UpdateWork():
            return (Ability.CREATE_TAGS,)
        case _:
            return ()
