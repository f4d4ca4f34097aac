from __future__ import annotations

import pytest

from extenci.model.abilities import AWS, Abilities, Ability, declared
from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.desired import DesiredGroup, ImageId, LaunchSettings, Origin
from extenci.model.errors import PlanError
from extenci.model.observed import Observation, ServiceState
from extenci.model.plan import Change, Plan
from extenci.model.service import Service, Tagging
from extenci.model.version import Architecture, BootMode, Method, Registration, Version
from extenci.model.work import ImageToLaunch, LaunchWork, StageWork, TerminateWork, Work
from extenci.plan.abilities import require_abilities

IMAGE, GROUP = Address("cloud", "worker"), Address("cloud", "pool")


def stage(method: Method, boot_mode: BootMode | None = None) -> Change:
    registration = Registration(Architecture.X86_64, boot_mode, method, 1)
    work = StageWork(Version("d1", registration), "/worker.raw", 1, 1, {})
    return change("stage cloud/worker", IMAGE, Kind.IMAGE, Action.STAGE, work)


def launch() -> Change:
    group = DesiredGroup(GROUP, Origin("", 0, 0), ImageId("ami-1"), 1, LaunchSettings("t3.micro"))
    work = LaunchWork(group, ImageToLaunch("ami-1"), 1, {})
    return change("launch cloud/pool", GROUP, Kind.INSTANCES, Action.LAUNCH, work)


def change(id_: str, address: Address, kind: Kind, action: Action, work: Work) -> Change:
    return Change(id_, address, kind, action, 1, "new", work)


def refusal(abilities: Abilities, *changes: Change, tags: Tagging = Tagging.CREATE) -> str:
    """What is said of a plan on a service with some abilities; "" where it may be carried out."""
    service = Service("cloud", "x", ec2="https://cloud.example.edu", tags=tags, file="/s/cloud.yaml")
    observation = Observation({"cloud": ServiceState("cloud", 0.0, abilities=abilities)})
    try:
        require_abilities(Plan("stack", ("cloud",), changes), {"cloud": service}, observation)
    except PlanError as error:
        return str(error)
    return ""


def without(*names: str) -> Abilities:
    return AWS | declared(dict.fromkeys(names, False))


def test_on_aws_and_where_nothing_is_known_everything_may_be_tried() -> None:
    changes = (stage(Method.EBS, BootMode.UEFI), launch())
    assert refusal(AWS, *changes) == ""
    assert refusal(declared({"include-disabled": True}), *changes) == ""


@pytest.mark.parametrize(
    ("method", "ability", "advice"),
    [
        (Method.EBS, "ebs-direct", "`stage: import` or `stage: bundle`"),
        (Method.IMPORT, "import-snapshot", "`stage: ebs` or `stage: bundle`"),
    ],
)
def test_a_method_that_the_service_cannot_do_is_refused_with_what_to_set(
    method: Method, ability: str, advice: str
) -> None:
    said = refusal(without(ability), stage(method))
    assert f"lacks the ability {ability}" in said
    assert f"Set {advice} in /s/cloud.yaml" in said
    assert refusal(without(ability), stage(Method.BUNDLE)) == ""


def test_without_create_tags_only_what_is_known_to_be_tagged_at_creation_is_made() -> None:
    assert refusal(without("create-tags"), stage(Method.EBS), launch()) == ""
    said = refusal(without("create-tags", "tag-on-create"), stage(Method.EBS), launch())
    assert "which stage cloud/worker and launch cloud/pool need. Set `tags: none`" in said
    assert refusal(without("create-tags"), stage(Method.IMPORT)) != ""
    assert refusal(without("create-tags", "tag-on-create"), launch(), tags=Tagging.NONE) == ""


def test_a_boot_mode_is_refused_where_registration_does_not_take_one() -> None:
    assert "boot-mode" in refusal(without("boot-mode"), stage(Method.EBS, BootMode.UEFI))
    assert refusal(without("boot-mode"), stage(Method.EBS)) == ""


def test_ending_machines_needs_no_ability() -> None:
    end = change("terminate cloud/pool", GROUP, Kind.INSTANCES, Action.TERMINATE, TerminateWork(()))
    assert refusal(declared({"all": False}), end) == ""


def test_several_missing_abilities_are_told_at_once() -> None:
    said = refusal(without("ebs-direct", "boot-mode"), stage(Method.EBS, BootMode.UEFI))
    assert said.count("lacks the ability") == 2
    assert Ability.BOOT_MODE.meaning in said


def test_only_methods_that_the_service_may_be_able_to_do_are_advised() -> None:
    said = refusal(without("ebs-direct", "import-snapshot"), stage(Method.EBS))
    assert "Set `stage: bundle` in /s/cloud.yaml" in said


def test_a_boot_mode_is_refused_where_newer_parameters_are() -> None:
    strict = declared({"include-disabled": False})
    assert "boot-mode" in refusal(strict, stage(Method.BUNDLE, BootMode.UEFI))
    assert refusal(strict, stage(Method.BUNDLE)) == ""
