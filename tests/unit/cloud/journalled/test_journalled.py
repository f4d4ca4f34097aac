"""A changing call without an intent cannot be written: shown over the whole tree."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

import extenci
from extenci.cloud.aws.ebs_changes import EbsChanges
from extenci.cloud.aws.ec2_changes import Ec2Changes
from extenci.cloud.aws.s3_changes import S3Changes
from extenci.cloud.condor.changes import CondorChanges
from extenci.cloud.journalled.condor import JournalledCondor
from extenci.cloud.journalled.ebs import JournalledEbs
from extenci.cloud.journalled.ec2 import JournalledEc2
from extenci.cloud.journalled.s3 import JournalledS3, PartUploads

PACKAGE = Path(extenci.__file__).parent
JOURNALLED = PACKAGE / "cloud" / "journalled"
READING = re.compile(r"(describe|get|list|head)_\w+|get")
"""What the SDK calls its reading calls."""
OF_AN_OPEN_INTENT = {"put", "copy"}
"""Parts: `sending_parts` holds the intent of them all."""


def sources(folder: Path = PACKAGE, names: Collection[str] = ("",)) -> Iterator[tuple[Path, ast.Module]]:
    """The files with at least one of the names somewhere in their text: parsing the others takes long."""
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text("utf-8")
        if any(name in text for name in names):
            yield path, ast.parse(text)


def test_the_bare_changing_calls_are_known_to_the_journalled_clients_only() -> None:
    leases = PACKAGE / "cloud" / "leases" / "stores.py"  # a lease has one name, and ends by itself
    allowed = {PACKAGE / "cloud" / "clients.py", JOURNALLED / "client.py", leases}
    users = {
        path
        for path, tree in sources(names={"unjournalled"})
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "unjournalled"
    }
    assert users == allowed


def test_the_classes_of_changing_calls_are_made_in_one_place() -> None:
    names = {one.__name__ for one in (Ec2Changes, EbsChanges, S3Changes, CondorChanges)}
    makers = {
        path
        for path, tree in sources(names=names)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
    }
    assert makers == {PACKAGE / "cloud" / "clients.py"}


def test_only_the_changing_clients_make_changing_calls_of_the_sdk() -> None:
    """`with ec2_call(…) as ec2: ec2.METHOD(…)`: elsewhere than in *_changes.py, METHOD reads."""
    found = {
        (path.name, node.func.attr)
        for path, tree in sources(PACKAGE / "cloud" / "aws")
        if not path.name.endswith("_changes.py")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if isinstance(node.func.value, ast.Name) and node.func.value.id in {"ec2", "s3", "ebs"}
        if not READING.fullmatch(node.func.attr)
    }
    assert found == set()


def test_clients_of_the_sdk_are_made_within_the_cloud_only() -> None:
    names = {"ec2_call", "s3_call", "ebs_call", "import_call"}
    users = {
        path.relative_to(PACKAGE).parts[0]
        for path, tree in sources(names=names)
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id in names
    }
    assert users == {"cloud"}


def with_intent(function: ast.FunctionDef) -> Iterator[ast.Call]:
    """The bare calls of a method that stand within an intent."""
    for node in ast.walk(function):
        if isinstance(node, ast.With) and any(is_intent(item.context_expr) for item in node.items):
            yield from bare_calls(node)
    if any(is_begin(node) for node in ast.walk(function)):
        yield from bare_calls(function)


def is_intent(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "self._intents.writing"


def is_begin(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "self._intents.begin"


def bare_calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("self._bare."):
            yield node


def test_each_bare_call_stands_within_its_intent() -> None:
    seen = 0
    for path, tree in sources(JOURNALLED):
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef) or function.name in OF_AN_OPEN_INTENT:
                continue
            every = list(bare_calls(function))
            assert {id(one) for one in every} == {id(one) for one in with_intent(function)}, (
                f"{path.name}: {function.name} calls without an intent"
            )
            seen += len(every)
    assert seen >= 20


@pytest.mark.parametrize(
    ("bare", "journalled"),
    [
        (Ec2Changes, [JournalledEc2]),
        (EbsChanges, [JournalledEbs]),
        (S3Changes, [JournalledS3, PartUploads]),
        (CondorChanges, [JournalledCondor]),
    ],
)
def test_every_changing_call_has_a_journalled_one(bare: type, journalled: list[type]) -> None:
    unused = {
        "put_block",  # for tests: uploads send many at a time, see `uploading`
        "delete_object",  # one of `delete_objects`
        "put_new_object",  # these three for leases, which end by themselves
        "replace_object",
        "import_key_pair",
    }
    text = "".join(inspect.getsource(one) for one in journalled)
    public = {name for name, _ in inspect.getmembers(bare, inspect.isfunction) if not name.startswith("_")}
    assert {name for name in public if f"self._bare.{name}(" not in text} <= unused
