"""Every kind of check has one file, and nothing else knows of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from extenci.verify.checks import KINDS, NAMES, kind_of
from extenci.verify.checks.tcp import KIND, TcpCheck
from extenci.verify.kind import CheckKind

ROOT = Path(__file__).parents[4]
PACKAGE = ROOT / "extenci"


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_only_its_own_file_names_a_kind(kind: CheckKind[Any]) -> None:
    own = PACKAGE / "verify" / "checks" / f"{kind.name}.py"
    names = re.compile(rf"\b(?:{kind.value.__name__}|{kind.form.__name__})\b")
    assert [path for path in PACKAGE.rglob("*.py") if names.search(path.read_text())] == [own]


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_the_key_that_names_a_kind_is_required_in_specs_and_no_other_kinds(kind: CheckKind[Any]) -> None:
    keys = kind.form.model_fields
    assert keys[kind.name].is_required()
    assert set(keys) & set(NAMES) == {kind.name}


def test_the_kind_of_a_check_is_found() -> None:
    assert kind_of(TcpCheck(22)) is KIND


def test_reading_specs_imports_nothing_that_only_attempts_need() -> None:
    code = (
        "import sys, extenci.spec.load; "
        "print([m for m in ('subprocess', 'ssl', 'http.client', 'extenci.verify.ssh.client') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"
