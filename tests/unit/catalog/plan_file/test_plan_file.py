from __future__ import annotations

import copy
import dataclasses
import functools
import json
import os
import stat
import tempfile
import traceback
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extenci.catalog.plan_file import file as plan_file
from extenci.catalog.plan_file.checks import WORKS
from extenci.catalog.plan_file.decode import decode
from extenci.catalog.plan_file.encode import encode
from extenci.catalog.plan_file.file import looks_like_plan, read_plan, write_plan
from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.desired import Desired, DesiredGroup, DesiredImage, ImageId, ImageReference, Selection
from extenci.model.errors import PlanError
from extenci.model.observed import MachineHandle
from extenci.model.plan import Blocked, Change, Drift, FieldChange, Plan, SavedPlan
from extenci.model.service import Service
from extenci.model.verification import Check
from extenci.model.version import Disk
from extenci.model.work import ImageToLaunch, LaunchWork, RegisterWork, ReplaceWork, TerminateWork, VerifyWork
from extenci.verify.checks import AnyCheck

NAMES = st.sampled_from(["a", "worker", "pool-1", "x" * 50])
SERVICES = ("sandbox", "amazon")
ADDRESSES = st.builds(Address, st.sampled_from(SERVICES), NAMES)
TEXTS = st.text(st.characters(exclude_categories=()), max_size=6)
MAPPINGS = st.dictionaries(TEXTS, TEXTS, max_size=2)
SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | TEXTS
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(TEXTS, SCALARS, max_size=2)
PLAIN: dict[type, st.SearchStrategy[Any]] = {
    str: TEXTS,
    int: st.integers(0, 10**9),
    float: st.floats(allow_nan=False, allow_infinity=False),
    Address: ADDRESSES,
}


@functools.cache
def strategy(kind: Any) -> st.SearchStrategy[Any]:  # noqa: PLR0911 - one return a kind of type
    """Values of a type of the model, by its fields, with valid names and JSON values for `object`."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind in PLAIN:
        return PLAIN[kind]
    if kind is object:
        return VALUES
    if kind is Check:
        return strategy(AnyCheck)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*(strategy(member) for member in arguments))
    if origin is tuple:
        return st.lists(strategy(arguments[0]), max_size=2).map(tuple)
    if origin is frozenset:
        return st.frozensets(strategy(arguments[0]), max_size=2)
    if getattr(origin, "__name__", "") == "Mapping":
        return st.dictionaries(strategy(arguments[0]), strategy(arguments[1]), max_size=2)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return st.builds(
            kind, **{field.name: strategy(hints[field.name]) for field in dataclasses.fields(kind)}
        )
    return st.from_type(kind)


def without_reference(work: Any) -> Any:
    match work:
        case RegisterWork():
            return dataclasses.replace(work, staged_by=None)
        case LaunchWork() | ReplaceWork() | VerifyWork():
            return dataclasses.replace(work, image=ImageToLaunch(work.image.id))
        case _:
            return work


@st.composite
def saved_plans(draw: st.DrawFn) -> SavedPlan:
    changes: list[Change] = []
    for place in range(draw(st.integers(0, 3))):
        action = draw(st.sampled_from(list(WORKS)))
        changes.append(
            Change(
                id=f"{action} {place}",
                address=draw(ADDRESSES),
                kind=draw(st.sampled_from(list(Kind))),
                action=action,
                count=draw(st.integers(0, 9)),
                reason=draw(TEXTS),
                work=without_reference(draw(strategy(WORKS[action]))),
                fields=draw(st.lists(strategy(FieldChange), max_size=2).map(tuple)),
                depends_on=tuple(change.id for change in changes if draw(st.booleans())),
            )
        )
    stack = draw(NAMES)
    services = {name: dataclasses.replace(draw(strategy(Service)), name=name) for name in SERVICES}
    desired = Desired(
        stack,
        draw(TEXTS),
        services,
        draw(st.lists(strategy(DesiredImage), max_size=1).map(tuple)),
        draw(st.lists(strategy(DesiredGroup), max_size=1).map(tuple)),
        draw(strategy(Selection)),
    )
    plan = Plan(
        stack,
        SERVICES,
        tuple(changes),
        draw(strategy(tuple[Drift, ...])),
        draw(strategy(tuple[Blocked, ...])),
        draw(strategy(tuple[str, ...])),
        draw(strategy(tuple[str, ...])),
        draw(st.booleans()),
    )
    return SavedPlan(
        draw(TEXTS), draw(PLAIN[float]), plan, desired, draw(strategy(dict_of_disks())), draw(st.booleans())
    )


def dict_of_disks() -> Any:
    return typing.get_type_hints(SavedPlan)["disks"]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(saved=saved_plans())
def test_every_plan_comes_back_as_it_was_written(saved: SavedPlan) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "plan")
        write_plan(saved, path)
        again = read_plan(path)
    assert again == saved
    assert [type(change.work) for change in again.plan.changes] == [
        type(change.work) for change in saved.plan.changes
    ]


@pytest.fixture
def saved() -> SavedPlan:
    address = Address("sandbox", "pool")
    change = Change(
        "terminate sandbox/pool",
        address,
        Kind.INSTANCES,
        Action.TERMINATE,
        1,
        "gone",
        TerminateWork((MachineHandle("i-1"),)),
    )
    desired = Desired("default", "/specs", {"sandbox": Service("sandbox", "us-east-1")})
    plan = Plan("default", ("sandbox",), (change,))
    return SavedPlan("p1", 1.5, plan, desired, {"sandbox/worker": Disk("ab", 1, 1)})


def test_a_plan_file_is_for_its_owner_only(saved: SavedPlan, tmp_path: Path) -> None:
    write_plan(saved, tmp_path / "plan")
    assert stat.S_IMODE((tmp_path / "plan").stat().st_mode) == 0o600
    assert looks_like_plan(tmp_path / "plan")
    assert list(tmp_path.iterdir()) == [tmp_path / "plan"]


def test_an_earlier_plan_is_replaced_and_nothing_else_is(saved: SavedPlan, tmp_path: Path) -> None:
    write_plan(dataclasses.replace(saved, id="old"), tmp_path / "plan")
    write_plan(saved, tmp_path / "plan")
    assert read_plan(tmp_path / "plan").id == "p1"
    (tmp_path / "spec.yaml").write_text("stack: x\n")
    for taken in (tmp_path / "spec.yaml", tmp_path, Path("/dev/null")):
        with pytest.raises(PlanError, match="would destroy it"):
            write_plan(saved, taken)
    assert (tmp_path / "spec.yaml").read_text() == "stack: x\n"


def test_a_folder_that_does_not_exist_is_named(saved: SavedPlan, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"cannot be written to .*no/plan: No such file or directory"):
        write_plan(saved, tmp_path / "no" / "plan")


def broken(change: Callable[[Any], Any]) -> Callable[[Any], bytes]:
    def apply(document: Any) -> bytes:
        content = copy.deepcopy(document)
        change(content)
        return json.dumps(content).encode()

    return apply


def work(document: Any) -> Any:
    return document["plan"]["changes"][0]["work"]


def forget_instead(document: Any) -> None:
    document["plan"]["changes"][0]["work"] = {"is": "ForgetWork", "resources": ["i-1"]}


BAD: dict[str, tuple[Callable[[Any], bytes], str]] = {
    "empty": (lambda _: b"", "is not complete JSON"),
    "cut short": (lambda document: json.dumps(document).encode()[:-9], "is not complete JSON"),
    "binary": (lambda _: b"\xff\xfe\x00", "is not text in UTF-8"),
    "a list": (lambda _: b"[]", "is not an object of JSON"),
    "something else": (lambda _: b"{}", "does not say that it is an extenci plan"),
    "deep": (lambda _: b"[" * 200_000, "is nested too deeply"),
    "deep value": (
        broken(lambda d: d["plan"]["changes"][0]["fields"].append(
            {"path": "x", "before": None, "after": json.loads("[" * 30 + "]" * 30)})),
        "is nested too deeply",
    ),
    "no version": (broken(lambda d: d.pop("format_version")), "does not say its format version"),
    "a newer version": (broken(lambda d: d.update(format_version=4)), "written by a newer extenci"),
    "twice": (lambda _: b'{"kind": "extenci plan", "kind": "extenci plan"}', "the same key twice"),
    "not a number": (broken(lambda d: d.update(made=float("nan"))), "has NaN where a number should be"),
    "missing": (broken(lambda d: d.pop("desired")), "the document lacks desired"),
    "unknown key": (broken(lambda d: work(d).update(extra=1)), r"\[0\]\.work\.TerminateWork has a key that"),
    "other work": (broken(forget_instead), "must be the work of the action terminate"),
    "no work": (broken(lambda d: work(d).update({"is": "Popen"})), "must say under 'is' one of StageWork"),
    "wrong type": (broken(lambda d: d["plan"]["changes"][0].update(count="1")), "must be a whole number"),
    "true is no number": (broken(lambda d: d["plan"]["changes"][0].update(count=True)), "a whole number"),
    "negative": (broken(lambda d: d["plan"]["changes"][0].update(count=-1)), "must not be negative"),
    "unknown word": (broken(lambda d: d["plan"]["changes"][0].update(action="rm")), "must be one of adopt"),
    "dangling": (broken(lambda d: d["plan"]["changes"][0].update(depends_on=["x"])), "earlier changes only"),
    "itself": (
        broken(lambda d: d["plan"]["changes"][0].update(depends_on=["terminate sandbox/pool"])),
        "earlier changes only",
    ),
    "same id": (broken(lambda d: d["plan"]["changes"].append(d["plan"]["changes"][0])), "earlier change"),
    "no service": (broken(lambda d: d["desired"].update(services={})), "on a service that the specs name"),
    "other name": (broken(lambda d: d["desired"]["services"]["sandbox"].update(name="a")), "as its key"),
    "other stack": (broken(lambda d: d["plan"].update(stack="x")), "the name of the specs' stack"),
    "path as name": (
        broken(lambda d: d["plan"]["changes"][0]["address"].update(name="../x")), "must be SERVICE/NAME",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_extenci_did_not_write_is_refused(name: str, saved: SavedPlan, tmp_path: Path) -> None:
    path = tmp_path / "plan"
    write_plan(saved, path)
    make, message = BAD[name]
    path.write_bytes(make(json.loads(path.read_text())))
    with pytest.raises(PlanError, match=message) as caught:
        read_plan(path)
    assert str(path) in caught.value.message
    assert "extenci plan --out" in caught.value.hint


def test_a_plan_of_an_older_extenci_is_refused_with_what_to_do(saved: SavedPlan, tmp_path: Path) -> None:
    path = tmp_path / "plan"
    write_plan(saved, path)
    path.write_text(path.read_text().replace('"format_version": 3', '"format_version": 2'))
    assert looks_like_plan(path)
    with pytest.raises(PlanError) as caught:
        read_plan(path)
    assert str(caught.value) == (
        f"The plan file {path} was written by an older extenci (format version 2; this one reads 3).\n"
        "Make a new one: `extenci plan --out FILE`."
    )


def test_what_a_plan_says_is_in_no_error(saved: SavedPlan, tmp_path: Path) -> None:
    path = tmp_path / "plan"
    write_plan(saved, path)
    path.write_text(path.read_text().replace('"/specs"', '["hunter2"]'))
    with pytest.raises(PlanError, match=r"desired\.root must be text") as caught:
        read_plan(path)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_only_regular_files_of_bounded_size_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saved: SavedPlan
) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", tmp_path):
        with pytest.raises(PlanError, match="not a regular file"):
            read_plan(path)
    assert not looks_like_plan(tmp_path / "fifo")
    with pytest.raises(PlanError, match="No such file"):
        read_plan(tmp_path / "none")
    write_plan(saved, tmp_path / "plan")
    monkeypatch.setattr(plan_file, "LARGEST_BYTES", 100)
    with pytest.raises(PlanError, match="is larger than"):
        read_plan(tmp_path / "plan")


def test_an_image_by_id_and_one_by_address_stay_apart() -> None:
    references: tuple[ImageReference, ...] = (ImageId("ami-1"), Address("sandbox", "worker"))
    for reference in references:
        assert decode(ImageReference, encode(reference)) == reference
