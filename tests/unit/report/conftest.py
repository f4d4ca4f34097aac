"""Plans to be shown, and whole texts to compare with."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.desired import DesiredGroup, LaunchSettings, Origin
from extenci.model.observed import MachineHandle
from extenci.model.plan import Blocked, Change, Drift, FieldChange, Plan
from extenci.model.version import GIB, Architecture, Method, Registration, Version
from extenci.model.work import (
    AdoptWork,
    ForgetWork,
    ImageToLaunch,
    LaunchWork,
    RegisterWork,
    ReplaceWork,
    StageWork,
    TerminateWork,
    UnstageWork,
    UpdateWork,
    Work,
)

WORKER = Address("sandbox", "worker")
POOL = Address("sandbox", "pool")
BATCH = Address("amazon", "batch")
TEXTS = Path(__file__).parent / "texts"


@pytest.fixture
def same_as() -> Callable[[str, str], None]:
    """Compares a text with a file of `texts/`; EXTENCI_WRITE_TEXTS=1 writes them anew for reading."""

    def compare(text: str, name: str) -> None:
        if os.environ.get("EXTENCI_WRITE_TEXTS"):
            TEXTS.mkdir(exist_ok=True)
            (TEXTS / name).write_text(text, "utf-8")
        assert text == (TEXTS / name).read_text("utf-8")

    return compare


def version(letter: str) -> Version:
    return Version(letter * 64, Registration(Architecture.X86_64, None, Method.EBS, 16))


def group(address: Address) -> DesiredGroup:
    return DesiredGroup(address, Origin("a.yaml", 1, 1), WORKER, 3, LaunchSettings("m5.large"))


def change(
    action: Action,
    address: Address,
    count: int,
    reason: str,
    work: Work,
    fields: tuple[FieldChange, ...] = (),
    depends_on: tuple[str, ...] = (),
) -> Change:
    kind = Kind.IMAGE if address.name == "worker" else Kind.INSTANCES
    return Change(f"{action} {address}", address, kind, action, count, reason, work, fields, depends_on)


STAGE = change(
    Action.STAGE,
    WORKER,
    1,
    "content changed",
    StageWork(version("b"), "/specs/images/worker.raw", 2 * GIB, 400, {}),
    (FieldChange("digest", "a" * 64, "b" * 64),),
)
LAUNCH = change(
    Action.LAUNCH,
    POOL,
    2,
    "count 3 → 5",
    LaunchWork(group(POOL), ImageToLaunch(None, STAGE.id), 2, {}),
    (FieldChange("count", 3, 5),),
    (STAGE.id,),
)
REPLACE = change(
    Action.REPLACE,
    POOL,
    3,
    "image and type differ",
    ReplaceWork(
        group(POOL),
        ImageToLaunch(None, STAGE.id),
        tuple(map(MachineHandle, ("i-1", "i-2", "i-3"))),
        1,
        True,
        {},
    ),
    (
        FieldChange("image", "aaaaaaaaaaaa-4b1f1c0d", "bbbbbbbbbbbb-4b1f1c0d"),
        FieldChange("type", "m5.large", "m5.xlarge"),
        FieldChange("security_groups", ["ssh"], ["ssh", "web"]),
        FieldChange("key_name", "old key", None),
    ),
    (STAGE.id, LAUNCH.id),
)
UNSTAGE = change(
    Action.UNSTAGE, WORKER, 1, "beyond keep", UnstageWork("ami-1", ("snap-1",)), (), (REPLACE.id,)
)
TERMINATE = change(
    Action.TERMINATE,
    BATCH,
    6,
    "no longer in the specs",
    TerminateWork(tuple(MachineHandle(f"i-{n}") for n in range(10, 16))),
)


@pytest.fixture
def busy_plan() -> Plan:
    """A plan with something in every section, and changes that are not sorted by address."""
    return Plan(
        stack="physics",
        services=("sandbox", "amazon"),
        changes=(STAGE, LAUNCH, REPLACE, TERMINATE, UNSTAGE),
        drift=(
            Drift(POOL, Kind.INSTANCES, "i-7.state", "running", "terminated"),
            Drift(POOL, Kind.INSTANCES, "i-2.tags.team", "physics", "it's | ours"),
        ),
        blocked=(
            Blocked(
                Address("amazon", "gpu"),
                Kind.INSTANCES,
                Action.LAUNCH,
                "Its image worker cannot be had: the source file /specs/images/gpu.raw is missing, and no"
                " version of it is staged. Put the file there, or correct the source at specs/a.yaml:7:13.",
            ),
        ),
        warnings=("snap-9 stays: the image ami-77, which is not extenci's, uses it.",),
        refusals=("6 of 9 machines on amazon would be removed (66 %), and its limit is 30 %.",),
    )


@pytest.fixture
def other_actions() -> Plan:
    """Every kind of change that `busy_plan` has not."""
    tags = {"team": "a b", "extenci:role": "pool"}
    register = RegisterWork(version("c"), {}, "snap-4")
    adopt = AdoptWork(("i-1", "i-2"), {"extenci:name": "pool"})
    return Plan(
        stack="physics",
        services=("sandbox",),
        changes=(
            change(Action.REGISTER, WORKER, 1, "same content, other settings", register),
            change(Action.ADOPT, POOL, 2, "launched, not tagged yet", adopt),
            change(Action.UPDATE, POOL, 1, "tags differ", UpdateWork(("i-3",), tags, ("old",))),
            change(Action.FORGET, POOL, 1, "gone", ForgetWork(("i-4",))),
            change(Action.UNSTAGE, WORKER, 1, "left behind", UnstageWork(None, ("snap-5", "snap-6"))),
            change(Action.UNSTAGE, WORKER, 1, "beyond keep", UnstageWork("ami-6", ())),
        ),
    )


@pytest.fixture
def quiet_plan() -> Plan:
    """A plan with nothing to do, though something drifted."""
    drift = (Drift(POOL, Kind.INSTANCES, "i-2.type", "m5.large", "m5.xlarge"),)
    return Plan("physics", ("sandbox", "amazon"), drift=drift)


@pytest.fixture
def hostile_plan() -> Plan:
    """A plan whose names and values try to forge lines, colours and mentions."""
    nasty = "x\x1b[2K\rNothing to do\n\nPlan: 0\u202eevil | <b>@all</b> `rm` #1"
    field = FieldChange(nasty, nasty, {nasty: [nasty]})
    return Plan(
        stack="physics",
        services=("sandbox",),
        changes=(change(Action.TERMINATE, POOL, 1, nasty, TerminateWork((MachineHandle(nasty),)), (field,)),),
        drift=(Drift(POOL, Kind.INSTANCES, nasty, nasty, None),),
        blocked=(Blocked(POOL, Kind.INSTANCES, Action.LAUNCH, nasty),),
        warnings=(nasty,),
        refusals=(nasty,),
    )
