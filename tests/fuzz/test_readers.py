"""The whole corpus, and some inputs that nobody has tried before."""

from __future__ import annotations

import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.corpus import FOLDER, LARGEST, LARGEST_FILE
from tests.fuzz.mutation import HEX_KEY, SECRET_KEY, Mutator
from tests.fuzz.reader import Broken, Reader, check_secrets, check_text, read_safely
from tests.fuzz.readers import READERS

INPUTS = 230
ROOT = Path(__file__).parents[2]
UNUSED = Reader("unused", NotImplemented)


def test_every_reader_keeps_its_promises(capsys: pytest.CaptureFixture[str]) -> None:
    """In processes that are forked from one without threads."""
    seed = secrets.randbelow(1_000_000)
    with capsys.disabled():
        sys.stdout.write(f"\npython -m tests.fuzz --inputs {INPUTS} --quick --seed {seed}\n")
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--inputs", str(INPUTS), "--quick", "--seed", str(seed)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]


def test_the_corpus_is_small_and_each_part_of_it_has_a_reader() -> None:
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    assert {path.parent.name for path in files} == set(READERS)
    assert max(path.stat().st_size for path in files) <= LARGEST_FILE
    assert sum(path.stat().st_size for path in files) <= LARGEST


def test_a_seed_makes_the_same_input_again() -> None:
    mutator = Mutator([b"one: two\n", b"three"], [b"token"])
    assert mutator.input("7/x/1") == mutator.input("7/x/1")
    assert len({mutator.input(f"7/x/{number}") for number in range(50)}) > 40


@pytest.mark.parametrize("error", [KeyError("a"), RecursionError("deep"), MemoryError()])
def test_another_error_than_extencis_is_a_finding(error: Exception) -> None:
    def read(_data: bytes) -> None:
        raise error

    with pytest.raises(Broken, match=type(error).__name__):
        read_safely(UNUSED, read, b"")


def test_a_secret_or_a_control_character_that_is_shown_is_a_finding() -> None:
    with pytest.raises(Broken, match="a secret"):
        check_secrets(f"unknown key '{SECRET_KEY[:20]}'", SECRET_KEY.encode())
    check_secrets(f"unknown key '{HEX_KEY[:4]}…'", HEX_KEY.encode())
    with pytest.raises(Broken, match="202e"):
        check_text("abc\u202ecba")
