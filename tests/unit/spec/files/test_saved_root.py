"""Where the specs of a saved plan are looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from extenci.model.errors import UsageError
from extenci.model.plan import Checkout
from extenci.spec.files.saved_root import find_saved_root


def make(folder: Path, stack: str = "lab") -> Path:
    folder.mkdir(parents=True)
    (folder / "extenci.yaml").write_text(f"stack: {stack}\n")
    (folder / "a.yaml").write_text("service: sandbox\n")
    return folder


def find(made_in: Checkout, here: Path, top: Path | None = None) -> Path:
    here.mkdir(parents=True, exist_ok=True)
    return find_saved_root(made_in, "lab", here, top)


def test_the_likeliest_place_that_has_specs_of_the_stack_is_taken(tmp_path: Path) -> None:
    made_in = Checkout(str(tmp_path / "old" / "specs"), "specs", "env/specs")
    with pytest.raises(UsageError, match="are not here") as error:
        find(made_in, tmp_path / "empty")
    assert str(tmp_path / "old" / "specs") in error.value.message
    old = make(tmp_path / "old" / "specs")
    assert find(made_in, tmp_path / "empty") == old
    inside = make(tmp_path / "inside")
    assert find(made_in, inside / "deep") == inside
    in_repository = make(tmp_path / "top" / "env" / "specs")
    assert find(made_in, inside, tmp_path / "top") == in_repository
    make(tmp_path / "wrong" / "specs", stack="other")
    assert find(made_in, tmp_path / "wrong") == old
    near = make(tmp_path / "near" / "specs")
    assert find(made_in, tmp_path / "near", tmp_path / "top") == near
