"""The package's own names: functions, although some subpackages are called the same."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import extenci
from extenci import api

SUBPACKAGES = ("plan", "apply", "verify", "stage", "observe")


@pytest.mark.parametrize("name", extenci.__all__)
def test_a_public_name_stays_what_it_is_whatever_is_imported(name: str) -> None:
    before = getattr(extenci, name)
    for package in SUBPACKAGES:
        importlib.import_module(f"extenci.{package}")
    from extenci.plan.planner import make_plan  # noqa: PLC0415

    assert callable(make_plan)
    assert getattr(extenci, name) is before
    assert callable(before)
    assert not isinstance(before, type(importlib))


@pytest.mark.parametrize("name", api.__all__)
def test_every_name_of_the_api_is_there(name: str) -> None:
    assert not isinstance(getattr(api, name), type(importlib))


def test_the_package_has_only_names_of_the_api() -> None:
    assert set(extenci.__all__) <= set(api.__all__)
    assert all(getattr(extenci, name) is getattr(api, name) for name in extenci.__all__)


@pytest.mark.parametrize(
    "program",
    [
        "import extenci.plan.planner; import extenci",
        "import extenci; extenci.plan; import extenci.plan.planner",
        "import extenci; import extenci.plan.planner; from extenci.plan.planner import make_plan",
        "from extenci import plan; assert callable(plan); from extenci.plan import planner; import extenci",
        "from extenci.api import plan; import extenci.apply.run, extenci.stage.tags; import extenci",
    ],
)
def test_functions_are_found_in_whatever_order_things_are_imported(program: str) -> None:
    check = "for name in ('plan', 'apply', 'stage', 'verify'): assert callable(getattr(extenci, name)), name"
    subprocess.run([sys.executable, "-c", f"{program}\n{check}"], check=True, timeout=60)


def test_importing_the_package_imports_no_job() -> None:
    program = "import sys, extenci; print(*(name for name in sys.modules if name.startswith('extenci.')))"
    words = [sys.executable, "-c", program]
    run = subprocess.run(words, check=True, timeout=60, capture_output=True, text=True)
    beside = {"extenci.model", "extenci.model.release"}  # the version's
    assert set(run.stdout.split()) - beside == {
        f"extenci.{name}" for name in ("apply", "plan", "stage", "verify")
    }


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        extenci.nonsense  # noqa: B018
    with pytest.raises(AttributeError, match="nonsense"):
        api.nonsense  # noqa: B018
