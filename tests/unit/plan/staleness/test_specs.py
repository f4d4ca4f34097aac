"""Specs of a saved plan compared with those of another checkout."""

from __future__ import annotations

from dataclasses import replace

from extenci.model.address import Address
from extenci.model.desired import Desired, DesiredGroup, DesiredImage, LaunchSettings, Origin, Selection
from extenci.model.plan import Change, Plan
from extenci.model.service import BundleKeys, KeyFiles, Profile, Service
from extenci.model.verification import Verify
from extenci.model.version import Method
from extenci.plan.staleness.portable import located_plan, portable_desired, portable_plan
from extenci.plan.staleness.specs import spec_differences
from extenci.verify.checks.run import RunCheck
from tests.unit.plan.scenery import build_case

IMAGE, POOL = Address("lab", "worker"), Address("lab", "pool")


def desired(root: str, **service: object) -> Desired:
    """The same specs in a checkout."""
    check = RunCheck(run=(f"{root}/checks/goss.sh",), folder=f"{root}/specs")
    verify = Verify(LaunchSettings("t3.micro"), checks=(check,), root=root)
    return Desired(
        "stack",
        root,
        {"lab": Service("lab", "r", **service)},  # type: ignore[arg-type]
        (DesiredImage(IMAGE, Origin(f"{root}/a.yaml", 1, 1), f"{root}/disk.raw", Method.EBS, verify=verify),),
        (DesiredGroup(POOL, Origin("a.yaml", len(root), 1), IMAGE, 3, LaunchSettings("t3.micro")),),
    )


def compare(saved: Desired, now: Desired) -> tuple[str, ...]:
    return spec_differences(portable_desired(saved), portable_desired(now))


def test_another_place_and_other_keys_make_no_difference() -> None:
    laptop = desired(
        "/home/me/repo",
        credentials=Profile("readonly"),
        bundle=BundleKeys("/a", "/b", "/c", "12"),
        file="/home/me/.extenci/lab.yaml",
    )
    runner = desired(
        "/builds/7",
        credentials=KeyFiles("/run/a", "/run/b"),
        bundle=BundleKeys("/x", "/y", "/z", "12"),
        file="/root/lab.yaml",
    )
    assert compare(laptop, runner) == ()
    assert "/home/me" not in str(portable_desired(laptop))


def test_what_specs_and_services_say_makes_one() -> None:
    here, there = desired("/a"), desired("/b", bucket="other")
    (pool,) = there.instances
    there = replace(there, stack="else", images=(), instances=(replace(pool, count=5, tags={"a": "b"}),))
    assert compare(here, there) == (
        "the plan is of the stack stack, and the specs are of the stack else",
        "lab: the service is described differently now",
        "lab/pool: count 3 → 5 and tags.a none → b",
        "lab/worker: not in the specs any more",
    )
    assert compare(here, replace(here, services={}))[0] == "lab: no spec names the service any more"
    assert compare(replace(here, images=()), here) == ("lab/worker: in the specs now",)


def test_what_the_plan_is_not_about_makes_none() -> None:
    here = replace(desired("/a"), selection=Selection(frozenset({IMAGE})))
    there = desired("/b")
    there = replace(there, instances=(replace(there.instances[0], count=9),))
    assert compare(here, there) == ()
    assert compare(replace(here, selection=Selection(frozenset({POOL}))), replace(there, images=())) != ()


def test_a_plan_is_located_in_another_checkout() -> None:
    plan = build_case(
        "x", {"specs": {"images": {"worker": {"disk": "A"}}, "instances": {"pool": {"image": "worker"}}}}
    ).plan()
    moved = located_plan(portable_plan(plan, "/images"), "/elsewhere")
    assert sources(plan) == ["/images/worker.raw"]
    assert sources(moved) == ["/elsewhere/worker.raw"]
    assert located_plan(portable_plan(plan, "/other"), "/elsewhere").changes == plan.changes


def sources(plan: Plan) -> list[str]:
    def source(change: Change) -> str:
        return getattr(change.work, "source", "")

    return [source(change) for change in plan.changes if source(change)]
