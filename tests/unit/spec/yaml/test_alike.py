"""The quick parser reads what is plain as the other one does: positions, values and faults."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from extenci.spec.yaml import load
from extenci.spec.yaml.document import Unreadable
from extenci.spec.yaml.events import is_plain
from tests.fuzz.corpus import read_corpus
from tests.fuzz.mutation import Mutator

ROOT = Path(__file__).parents[4]
READERS = ("spec", "root-service", "root-settings", "service", "user-settings")
NEW = 200
LONGEST = 3000
TOKENS = (b"- ", b": ", b"&a ", b"*a ", b"|\n", b">-\n", b"<<: ", b"?", b"'", b'"')


def texts() -> Iterator[str]:
    paths = (path for top in ("tests/unit", "specs") for path in sorted((ROOT / top).rglob("*.yaml")))
    files = [path.read_bytes() for path in paths if path.is_file()]
    files += [data for reader in READERS for data in read_corpus(reader)]
    mutator = Mutator(
        tuple(files), (b"- ", b": ", b"&a ", b"*a ", b"|\n", b">-\n", b"<<: ", b"?", b"'", b'"')
    )
    seed = os.environ["EXTENCI_FAULTS_SEED"]
    for data in (*files, *(mutator.input(f"{seed}:{number}") for number in range(NEW))):
        text = data.decode(errors="ignore")
        if len(text) < LONGEST and is_plain(text):
            yield text


def read(text: str) -> str:
    try:
        return repr(load.compose(text))
    except Unreadable as unreadable:
        return repr(unreadable.fault)


def test_both_parsers_read_plain_texts_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = list(texts())
    assert len(plain) > 300
    quick = {text: read(text) for text in plain}
    monkeypatch.setattr(load, "is_plain", lambda _text: False)
    for text in plain:
        assert quick[text] == read(text), text


def test_the_quick_parser_is_used_for_an_ordinary_spec() -> None:
    assert is_plain((ROOT / "specs" / "sandbox.yaml").read_text())
