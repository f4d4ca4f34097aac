"""Asking, exit statuses and signals, without services."""

from __future__ import annotations

import io
import json
import signal
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from extenci.api import Options
from extenci.cli.approval import run_approved
from extenci.cli.commands.plan import exit_status
from extenci.cli.options import RunFormat
from extenci.cli.signals import Stopping
from extenci.model.action import Action
from extenci.model.address import Address, Kind
from extenci.model.errors import Declined
from extenci.model.outcome import Outcome, Result, Status
from extenci.model.plan import Blocked, Change, Plan
from extenci.model.work import ForgetWork

ADDRESS = Address("bnl", "pool")
CHANGE = Change(
    id="bnl/pool:forget", address=ADDRESS, kind=Kind.INSTANCES, action=Action.FORGET, count=1, reason="gone",
    work=ForgetWork(()),
)  # fmt: skip
PLAN = Plan("test", ("bnl",), (CHANGE,))


class Terminal(io.StringIO):
    """Standard input of someone who sits there."""

    def isatty(self) -> bool:
        return True


def start_with(status: Status) -> Callable[[Options], Result]:
    """An apply that does what the API promises, and ends so."""

    def start(options: Options) -> Result:
        options.on_plan(PLAN)
        if options.approve is not None and not options.approve(PLAN):
            raise Declined("Nothing was done.")
        return Result("run", PLAN, (Outcome(CHANGE.id, status),))

    return start


@pytest.mark.parametrize(
    ("answer", "status"), [("yes\n", 0), ("Y\n", 0), ("no\n", 1), ("\n", 1), ("", 1), ("yess\n", 1)]
)
def test_only_yes_goes_ahead(
    answer: str, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    start = start_with(Status.DONE)
    assert run_approved(start, Options(), output=RunFormat.TEXT, auto_approve=False) == status
    shown = capsys.readouterr()
    assert "Stack test" in shown.out
    assert "Apply this plan?" in shown.err
    assert ("Nothing was done." in shown.err) == (status == 1)


def test_nobody_is_asked_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))
    with pytest.raises(Declined) as caught:
        run_approved(start_with(Status.DONE), Options(), output=RunFormat.TEXT, auto_approve=False)
    assert "--auto-approve" in caught.value.hint
    assert "Stack test" in capsys.readouterr().out


@pytest.mark.parametrize(("status", "code"), [(Status.DONE, 0), (Status.FAILED, 1), (Status.SKIPPED, 1)])
def test_json_is_one_document_and_the_plan_goes_to_stderr(
    status: Status, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_approved(start_with(status), Options(), output=RunFormat.JSON, auto_approve=True) == code
    shown = capsys.readouterr()
    assert json.loads(shown.out)["ok"] is (code == 0)
    assert "Stack test" in shown.err


def test_the_detailed_status_tells_nothing_pending_and_blocked_apart() -> None:
    blocked = replace(PLAN, blocked=(Blocked(ADDRESS, Kind.INSTANCES, Action.LAUNCH, "why"),))
    assert [exit_status(each) for each in (replace(PLAN, changes=()), PLAN, blocked)] == [0, 2, 1]


def test_the_first_signal_asks_to_stop_and_handlers_are_put_back(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Stopping().handling() as stopping:
        signal.raise_signal(signal.SIGTERM)
        assert stopping.event.is_set()
    assert signal.getsignal(signal.SIGTERM) is before
    assert "Press Ctrl-C again" in capsys.readouterr().err


def test_a_signal_while_a_question_waits_interrupts() -> None:
    with Stopping().handling() as stopping, pytest.raises(KeyboardInterrupt), stopping.asking():
        signal.raise_signal(signal.SIGINT)
