from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from extenci import api
from extenci.catalog.home import Home
from extenci.cloud.clients import Clients
from extenci.model.errors import UsageError
from extenci.model.finding import MACHINE, Finding, Level
from extenci.model.service import Service
from extenci.observe.doctor.diagnosis import diagnose

NOBODY_THERE = (
    "ec2: http://127.0.0.1:9\ncredentials: {{access_key_file: {keys}/id, secret_key_file: {keys}/none}}\n"
)
"""A service whose secret key file is missing, so that nothing is sent."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home with one service, and a current folder without specs."""
    made = Home(tmp_path / "home")
    made.services_folder.mkdir(parents=True)
    (tmp_path / "id").write_text("AKIAEXAMPLE\n")
    (made.services_folder / "campus.yaml").write_text(NOBODY_THERE.format(keys=tmp_path))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return made


def problems(found: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(one.subject, one.text) for one in found if one.level is Level.PROBLEM]


def test_without_specs_all_services_of_the_user_are_looked_at(home: Home) -> None:
    ((subject, text),) = problems(api.doctor(home=home))
    assert subject == "campus"
    assert "none, which should hold a secret key: no such file" in text


def test_specs_with_mistakes_are_one_problem_and_the_services_are_looked_at_all_the_same(home: Home) -> None:
    Path("stack.yaml").write_text("service: campus\nimages: {worker: {}}\n")
    (machine, service) = problems(api.doctor(home=home))
    assert machine == (MACHINE, "The specs have 1 mistake, so only the services of this user were checked.")
    assert service[0] == "campus"


def test_a_service_file_with_mistakes_is_a_problem_of_that_service(home: Home) -> None:
    (home.services_folder / "odd.yaml").write_text("ec3: x\n")
    found = problems(api.doctor(home=home))
    assert [subject for subject, _ in found] == ["odd", "campus"]
    assert "odd.yaml:1:1" in found[0][1]


def test_a_service_that_nobody_knows_is_wrong_usage(home: Home) -> None:
    with pytest.raises(UsageError, match="no service 'nowhere'"):
        api.doctor(home=home, service="nowhere")


def test_a_pool_that_nobody_answers_for_is_a_problem_and_key_files_are_looked_at_all_the_same(
    home: Home,
) -> None:
    with (home.services_folder / "campus.yaml").open("a") as file:
        file.write("condor: {pool: '127.0.0.1:9'}\n")
    texts = [text for _, text in problems(api.doctor(home=home))]
    assert len(texts) == 3
    assert "could not be asked for its jobs" in texts[1]
    assert "The jobs' key file" in texts[2]
    assert "none does not exist" in texts[2]


def test_a_home_that_cannot_be_made_is_a_problem_and_no_sandbox_is_started(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "s.yaml").write_text(
        "service: sandbox\ninstances: {pool: {image: ami-1, type: t3.micro, count: 1}}\n"
    )

    def start(_home: Home) -> Service:
        raise AssertionError("started")

    def opened(_services: Mapping[str, Service]) -> AbstractContextManager[Mapping[str, Clients]]:
        return nullcontext({})

    found = problems(diagnose([tmp_path / "specs"], Home(tmp_path / "file"), None, start, opened))
    assert [subject for subject, _ in found] == [MACHINE, MACHINE]
    assert "cannot be written to" in found[0][1]
