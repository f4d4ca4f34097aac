"""The reference is what the program is now, and its examples are valid and complete."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from extenci.spec.validation.faults import validate
from extenci.spec.validation.strict import Strict
from extenci.spec.yaml.load import load_document
from tests.reference.keys import EXAMPLES, own_keys, read_examples
from tests.reference.man import FOLDER, man_pages
from tests.reference.pages import (
    FILES,
    PAGES,
    ROOT_SECTIONS,
    SERVICE_SECTIONS,
    SETTINGS_SECTIONS,
    SPEC_SECTIONS,
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_up_to_date(page: Path) -> None:
    assert page.read_text("utf-8") == PAGES[page](), "run `python -m tests.reference` and look at the changes"


def test_the_pages_of_man_are_up_to_date() -> None:
    there = {path: path.read_text("utf-8") for path in FOLDER.glob("*.1")}
    assert there == man_pages(), "run `python -m tests.reference` and look at the changes"


@pytest.mark.parametrize("page", man_pages(), ids=lambda page: page.name)
def test_a_page_of_man_is_formatted_without_a_warning(page: Path) -> None:
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("There is no groff.")
    words = [groff, "-man", "-ww", "-Tutf8", "-K", "utf8", str(page)]
    done = subprocess.run(words, check=True, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert "SYNOPSIS" in re.sub(".\x08", "", done.stdout)


@pytest.mark.parametrize("name", FILES)
def test_an_example_is_valid(name: str) -> None:
    form = FILES[name]
    assert issubclass(form, Strict)
    _, faults = validate(form, load_document(EXAMPLES / name))
    assert [fault.message for fault in faults] == []


def test_every_key_is_in_an_example_and_has_a_description() -> None:
    examples = read_examples(FILES)
    sections = (*SPEC_SECTIONS, *SERVICE_SECTIONS, *ROOT_SECTIONS, *SETTINGS_SECTIONS)
    keys = {(section.form, key) for section in sections for key in own_keys(section.form)}
    assert {f"{form.__name__}.{key}" for form, key in keys - set(examples)} == set()
    assert {f"{form.__name__}.{key}" for form, key in keys if not form.model_fields[key].description} == set()
