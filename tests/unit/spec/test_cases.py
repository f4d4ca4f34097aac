"""Each folder of cases/ is a spec root; expected.txt says what becomes of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from extenci.model.abilities import AWS, SANDBOX_ABILITIES
from extenci.model.desired import Desired
from extenci.model.errors import SpecError
from extenci.model.service import Service
from extenci.spec.load import load_desired
from extenci.spec.own_file import AllowedPaths

CASES = sorted((Path(__file__).parent / "cases").iterdir())
SANDBOX = Service(name="sandbox", region="us-east-1", ec2="http://127.0.0.1:1")


def load(root: Path) -> Desired:
    catalog = {path.stem: path for path in sorted((root / ".catalog").glob("*.yaml"))}
    allowed = AllowedPaths((root.parent / "images", Path("/disks")))
    return load_desired([root], catalog_services=catalog, sandbox=SANDBOX, allowed=allowed)


def written(desired: Desired, root: Path) -> str:
    """Desired as text, leaving out what is empty."""

    def sparse(value: object) -> object:
        if isinstance(value, dict):
            empty: tuple[object, ...] = (None, "", (), {}, frozenset(), {"evidence": {}})
            return {
                str(key): sparse(item)
                for key, item in value.items()
                if item not in empty and item not in (asdict(AWS), asdict(SANDBOX_ABILITIES))
            }
        return [sparse(item) for item in value] if isinstance(value, list | tuple) else value

    text = json.dumps(sparse(asdict(desired)), indent=1, sort_keys=True)
    return text.replace(str(root.parent), "CASES")


def outcome(root: Path) -> str:
    try:
        return written(load(root), root)
    except SpecError as error:
        return str(error).replace(str(root.parent), "CASES")


@pytest.mark.parametrize("root", CASES, ids=lambda root: root.name)
def test_a_root_becomes_what_is_expected(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    assert outcome(root) == (root / "expected.txt").read_text().removesuffix("\n")


def test_no_problem_is_in_the_words_of_pydantic_or_shows_a_secret() -> None:
    texts = "\n".join((root / "expected.txt").read_text() for root in CASES).lower()
    for word in ("input should", "pydantic", "valid dictionary", "extra inputs", "field required", "hunter2"):
        assert word not in texts
