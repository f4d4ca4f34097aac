from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from extenci.model.observed import MachineHandle
from extenci.model.plan import Plan
from extenci.model.work import ReplaceWork
from extenci.report.plan.text import render_plan
from extenci.report.text.palette import COLOUR

SameAs = Callable[[str, str], None]


def test_a_plan_shows_changes_drift_blocks_warnings_refusals_and_a_summary(
    busy_plan: Plan, same_as: SameAs
) -> None:
    same_as(render_plan(busy_plan), "busy_plan.txt")


def test_a_plan_fits_a_narrow_terminal(busy_plan: Plan, same_as: SameAs) -> None:
    text = render_plan(busy_plan, width=50)
    same_as(text, "busy_plan_narrow.txt")
    assert max(len(line) for line in text.splitlines() if not line.startswith("Plan:")) <= 50


def test_every_kind_of_change_has_its_words(other_actions: Plan, same_as: SameAs) -> None:
    same_as(render_plan(other_actions), "other_actions.txt")


def test_nothing_to_do_is_one_sentence_below_the_drift(quiet_plan: Plan, same_as: SameAs) -> None:
    same_as(render_plan(quiet_plan), "quiet_plan.txt")


def test_an_empty_plan_is_one_line() -> None:
    assert render_plan(Plan("s", ("sandbox",))) == "Nothing to do: sandbox matches the specs.\n"


def test_destroying_nothing_says_that_nothing_is_owned() -> None:
    text = render_plan(Plan("s", ("sandbox",), destroy=True))
    assert text == "Nothing to do: stack s owns nothing on sandbox.\n"


def test_nothing_from_a_cloud_can_move_the_cursor_or_forge_a_line(
    hostile_plan: Plan, same_as: SameAs
) -> None:
    text = render_plan(hostile_plan)
    same_as(text, "hostile_plan.txt")
    assert all(character.isprintable() or character == "\n" for character in text)
    assert not [line for line in text.splitlines() if line.startswith(("Nothing", "x"))]
    assert len([line for line in text.splitlines() if line.startswith("Plan:")]) == 1


def test_colours_change_nothing_but_colours(busy_plan: Plan) -> None:
    coloured = render_plan(busy_plan, palette=COLOUR)
    assert "\x1b[32m+\x1b[0m stage version" in coloured
    assert "\x1b[31m-\x1b[0m terminate 6 machines" in coloured
    codes = [code for code in vars(COLOUR).values() if code]
    for code in codes:
        coloured = coloured.replace(code, "")
    assert coloured == render_plan(busy_plan)


def test_a_replacement_without_spare_machines_says_what_is_missing_meanwhile(busy_plan: Plan) -> None:
    replacement = busy_plan.changes[2]
    whole = replacement.work
    assert isinstance(whole, ReplaceWork)

    def text(machines: tuple[str, ...], surge: bool) -> str:
        work = replace(whole, machines=tuple(map(MachineHandle, machines)), surge=surge)
        return render_plan(replace(busy_plan, changes=(replace(replacement, work=work),)))

    assert "i-1 and i-2: up to 1 machine missing at a time" in text(("i-1", "i-2"), False)
    assert "i-1: the new one runs before the old one goes" in text(("i-1",), True)
