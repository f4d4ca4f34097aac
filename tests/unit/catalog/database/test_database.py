from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from extenci.catalog.database.connection import Database
from extenci.catalog.database.schema import MIGRATIONS
from extenci.catalog.home import Home
from extenci.catalog.records import Catalog
from extenci.model.address import Address
from extenci.model.errors import CatalogError
from extenci.model.record import ResourceKind, ResourceRecord

Start = Callable[..., "subprocess.Popen[str]"]
RECORD = ResourceRecord("a", "i-1", ResourceKind.MACHINE, Address("a", "b"), {}, {}, 1.0)

WRITER = """
import sys
from pathlib import Path
from extenci.catalog.home import Home
from extenci.catalog.records import Catalog
home, run, most = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
journal = Catalog.open(Home(home)).journal
journal.begin_run(run, "s", "apply")
for number in range(most):
    call = journal.begin("RunInstances", run=run, change=str(number), service="a", token=f"{run}-{number}")
    print(f"begun {number}", flush=True)
    journal.settle(call, {"number": number})
    print(f"settled {number}", flush=True)
"""


def test_the_file_keeps_its_promises(home: Home) -> None:
    database = Database(home)
    with database.writing() as connection:
        settings = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "user_version")
        }
    promised = {"journal_mode": "delete", "synchronous": 3, "foreign_keys": 1}
    assert settings == {**promised, "user_version": len(MIGRATIONS)}
    assert [path.name for path in home.database.parent.iterdir()] == [home.database.name]
    database.close()


def test_an_older_file_is_brought_up_to_date_and_keeps_its_rows(home: Home) -> None:
    with Catalog.open(home) as catalog:
        catalog.remember("one", RECORD)
    newer = Database(home, (*MIGRATIONS, "CREATE TABLE later (a TEXT);\nINSERT INTO later VALUES ('x');"))
    with newer.reading() as connection:
        assert connection.execute("SELECT a FROM later").fetchone()[0] == "x"
        assert connection.execute("SELECT id FROM resources").fetchone()[0] == "i-1"
        assert connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS) + 1
    newer.close()


def test_a_migration_that_fails_leaves_the_file_as_it_was(home: Home) -> None:
    with Catalog.open(home) as catalog:
        catalog.remember("one", RECORD)
    broken = Database(home, (*MIGRATIONS, "CREATE TABLE later (a TEXT);\nCREATE TABLE runs (a TEXT);"))
    with pytest.raises(CatalogError, match="already exists"), broken.reading():
        pass
    with Catalog.open(home) as catalog:
        assert catalog.records("one").resources == (RECORD,)


def test_the_file_of_a_newer_extenci_is_left_alone(home: Home) -> None:
    with Catalog.open(home) as catalog:
        catalog.remember("one", RECORD)
    with sqlite3.connect(home.database) as connection:
        connection.execute("PRAGMA user_version = 9")
    connection.close()
    with (
        Catalog.open(home) as catalog,
        pytest.raises(CatalogError, match=r"by a newer extenci \(format version 9") as caught,
    ):
        catalog.records("one")
    assert str(home.database) in caught.value.message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"this is no database, just some text\n" * 40, "not an SQLite database"),
        (b"\0" * 8192, "not an SQLite database"),
    ],
)
def test_a_file_that_is_no_database_is_reported_with_what_to_do(
    home: Home, content: bytes, message: str
) -> None:
    home.make(home.database.parent)
    home.database.write_bytes(content)
    with Catalog.open(home) as catalog, pytest.raises(CatalogError, match=message) as caught:
        catalog.records("one")
    assert str(home.database) in caught.value.message
    assert "tags: create" in caught.value.hint
    assert home.database.read_bytes() == content


def test_a_damaged_file_is_reported_with_what_to_do(home: Home) -> None:
    with Catalog.open(home) as catalog:
        catalog.remember("one", *(RECORD for _ in range(3)))
    content = bytearray(home.database.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    home.database.write_bytes(content)
    with Catalog.open(home) as catalog, pytest.raises(CatalogError, match="damaged") as caught:
        catalog.records("one")
    assert "tags: create" in caught.value.hint


def test_damaged_columns_are_reported_as_damage(home: Home, catalog: Catalog) -> None:
    catalog.remember("one", RECORD)
    with sqlite3.connect(home.database) as connection:
        connection.execute("UPDATE resources SET tags = '['")
    connection.close()
    with pytest.raises(CatalogError, match="their file is damaged"):
        catalog.records("one")


def test_an_empty_file_counts_as_none(home: Home) -> None:
    home.make(home.database.parent)
    home.database.touch()
    with Catalog.open(home) as catalog:
        assert catalog.stacks() == ()
        catalog.remember("one", RECORD)
        assert catalog.stacks() == ("one",)


def test_a_folder_in_the_place_of_the_file_is_reported(home: Home) -> None:
    home.make(home.database)
    with Catalog.open(home) as catalog, pytest.raises(CatalogError, match="cannot be opened"):
        catalog.records("one")


def test_a_full_disk_is_reported_and_nothing_is_lost(home: Home) -> None:
    database = Database(home)
    catalog = Catalog(database)
    catalog.remember("one", RECORD)
    with database.reading() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    big = ResourceRecord("a", "i-2", ResourceKind.MACHINE, Address("a", "b"), {"x": "y" * 50_000}, {}, 1.0)
    with pytest.raises(CatalogError, match="disk is full") as caught:
        catalog.remember("one", big)
    assert "kept" in caught.value.hint
    assert catalog.records("one").resources == (RECORD,)
    catalog.close()


def test_another_process_that_writes_for_too_long_is_reported(home: Home) -> None:
    database = Database(home, busy_seconds=0.05)
    catalog = Catalog(database)
    catalog.remember("one", RECORD)
    other = sqlite3.connect(home.database, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(CatalogError, match="another process has been writing"):
        catalog.remember("one", RECORD)
    other.close()
    catalog.remember("one", RECORD)
    catalog.close()


READ_ONLY = """
import os, sys
from pathlib import Path
from extenci.catalog.home import Home
from extenci.catalog.records import Catalog
from extenci.model.errors import CatalogError
catalog = Catalog.open(Home(Path(sys.argv[1])))
catalog.records("one")  # loads every module while root may still read them
catalog.close()
if os.getuid() == 0:
    os.setuid(65534)
print(len(catalog.records("one").resources))
try:
    catalog.forget("one", "a", ["i-1"])
except CatalogError as error:
    print(error.message)
"""


def test_a_read_only_home_can_be_read_and_says_why_it_cannot_be_written(
    home: Home, start: Start, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with Catalog.open(home) as catalog:
        catalog.remember("one", RECORD)
    base = tmp_path_factory.getbasetemp()
    for folder in home.path.parents:
        if folder in (base, base.parent) or folder.name.startswith(("test_", "pytest-")):
            folder.chmod(folder.stat().st_mode | 0o011)  # for `nobody`, whom root becomes
    home.database.chmod(0o444)
    for folder in (home.path, home.database.parent):
        folder.chmod(0o555)
    output, errors = start(READ_ONLY, home.path).communicate(timeout=20)
    for folder in (home.path, home.database.parent):
        folder.chmod(0o700)
    assert output.splitlines()[:1] == ["1"], errors
    assert f"The records in {home.database} cannot be used: the file cannot be written" in output


def test_two_processes_may_write_at_once(home: Home, start: Start) -> None:
    processes = [start(WRITER, home.path, f"run{number}", 25) for number in range(2)]
    assert [process.communicate(timeout=30)[1] for process in processes] == ["", ""]
    with Catalog.open(home) as catalog:
        assert len(catalog.records("s").intents) == 50
        assert catalog.journal.unsettled("s") == ()


def test_nothing_that_was_said_to_be_written_is_lost_to_kill_9(home: Home, start: Start) -> None:
    for kill in range(20):
        process = start(WRITER, home.path, f"run{kill}", 10_000)
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(0.002 + kill * 0.0013)
        process.send_signal(signal.SIGKILL)
        said = [first, *process.stdout]
        process.wait()
        check_survivors(home, f"run{kill}", said)
    with sqlite3.connect(home.database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    connection.close()


def check_survivors(home: Home, run: str, said: list[str]) -> None:
    """All that was said is in the file, and at most one step more."""
    with Catalog.open(home) as catalog:
        found = {
            intent.token.rpartition("-")[2]: intent.result
            for intent in catalog.records("s").intents
            if intent.run == run
        }
    begun = {line.split()[1] for line in said if line.startswith("begun") and line.endswith("\n")}
    settled = {line.split()[1] for line in said if line.startswith("settled") and line.endswith("\n")}
    assert begun <= found.keys()
    assert len(found) <= len(begun) + 1
    results = {number for number, result in found.items() if result is not None}
    assert settled <= results
    assert len(results) <= len(settled) + 1


def test_the_programs_of_these_tests_import_no_yaml_and_no_cloud() -> None:
    program = (
        "import sys, extenci.catalog.records, extenci.catalog.services.files\n"
        "import extenci.catalog.plan_file.file\n"
        "print([name for name in ('pydantic', 'ruamel', 'boto3') if name in sys.modules])"
    )
    output = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[4],
        env={**os.environ},
    ).stdout
    assert output == "[]\n"


def test_a_write_keeps_others_from_writing_from_its_beginning(home: Home) -> None:
    first, second = Database(home), Database(home, busy_seconds=0.05)
    with first.writing():
        pass
    with (
        first.writing(),
        pytest.raises(CatalogError, match="another process has been writing"),
        second.writing(),
    ):
        pass
    first.close()
    second.close()
