from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from extenci.model.action import Action
from extenci.model.address import Address
from extenci.model.plan import Change, FieldChange, Plan
from extenci.report.plan.formats import FORMATS
from extenci.report.plan.html.graph import LETTERS, MOST_BOXES, shortened
from extenci.report.plan.html.page import MOST_FIELDS, MOST_SHOWN, plan_html
from extenci.report.plan.view import PlanView

VOID = {"meta"}
TAGS = {
    "html", "head", "meta", "title", "style", "body", "header", "main", "section", "h1", "h2", "h3", "p",
    "ul", "li", "a", "span", "code", "del", "ins", "table", "thead", "tbody", "tr", "th", "td", "details",
    "summary", "figure", "figcaption", "div", "svg", "path", "rect", "text",
}  # fmt: skip
"""Elements that load nothing and do nothing."""

SameAs = Callable[[str, str], None]


class Page(HTMLParser):
    """What a browser would make of a page: elements that are closed as they were opened, and their texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.open[-1], data.strip()))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]

    def texts_of(self, *tags: str) -> list[str]:
        return [text for tag, text in self.texts if tag in tags]


def page_of(plan: Plan) -> Page:
    return Page(plan_html(PlanView(plan)))


def chain(plan: Plan, number: int) -> tuple[Change, ...]:
    """`number` images that are staged, each with a launch of its own after it."""
    stage, launch, *_ = plan.changes
    stages = [
        replace(stage, id=f"stage s/i{n}", address=Address("s", f"i{n}"), depends_on=())
        for n in range(number)
    ]
    launches = [
        replace(launch, id=f"launch s/g{n}", address=Address("s", f"g{n}"), depends_on=(f"stage s/i{n}",))
        for n in range(number)
    ]
    return (*stages, *launches)


def test_a_page_is_as_it_was_looked_at(busy_plan: Plan, same_as: SameAs) -> None:
    submits = {busy_plan.changes[1].id: "universe = grid\nqueue 2\n"}
    same_as(plan_html(PlanView(busy_plan, submits)), "busy_plan.html")


def test_nothing_to_do_is_the_heading(quiet_plan: Plan) -> None:
    page = page_of(quiet_plan)
    assert page.texts_of("h1") == ["Nothing to do: sandbox and amazon match the specs."]
    assert page.texts_of("h2") == ["Drift: changed outside the specs"]


@pytest.mark.parametrize("name", ["busy_plan", "other_actions", "quiet_plan", "hostile_plan"])
def test_a_page_needs_nothing_from_elsewhere(name: str, request: pytest.FixtureRequest) -> None:
    text = plan_html(PlanView(request.getfixturevalue(name)))
    page = Page(text)
    assert {tag for tag, _ in page.found} <= TAGS
    names = {name for _, attributes in page.found for name in attributes}
    assert not {one for one in names if one.startswith("on") or one in {"src", "style", "xlink:href"}}
    ids = {attributes["id"] for _, attributes in page.found if "id" in attributes}
    assert {attributes["href"] for attributes in page.all("a")} <= {f"#{one}" for one in ids}
    assert "://" not in text
    assert "url(" not in text
    assert "@import" not in text
    assert text.isascii()


def test_nothing_from_a_cloud_becomes_markup(hostile_plan: Plan) -> None:
    nasty = "</style></title><script>x</script><img src=x onerror=y>\"'&amp;\x1b\u202e\ud800"
    change = replace(
        hostile_plan.changes[0], id=nasty, reason=nasty, fields=(FieldChange(nasty, nasty, [nasty]),)
    )
    plan = replace(hostile_plan, stack=nasty, services=(nasty,), changes=(change,), warnings=(nasty,))
    text = plan_html(PlanView(plan, {nasty: f"{nasty}\n{nasty}"}))
    page = Page(text)
    assert not page.all("script")
    assert not page.all("img")
    shown = nasty[:-3] + "\\x1b\\u202e\\ud800"
    assert page.texts_of("pre") == [f"{shown}\n{shown}"]
    assert {shown} <= {*page.texts_of("li"), *page.texts_of("td"), *page.texts_of("summary")}
    assert all(character.isprintable() or character == "\n" for character in text)


def test_the_dangerous_comes_first_and_the_worst_of_it_before_all(busy_plan: Plan) -> None:
    page = page_of(busy_plan)
    assert page.texts_of("h2")[0] == "Look at this first"
    assert page.texts_of("h3") == [
        "Over a limit: refused without --force",
        "Blocked: needed, but not possible now",
        "6 machines to terminate",
        "3 machines to replace",
        "1 image to unstage",
    ]


def test_what_only_adds_is_no_danger(busy_plan: Plan) -> None:
    harmless = replace(busy_plan, changes=busy_plan.changes[:2], blocked=(), refusals=())
    assert "Look at this first" not in page_of(harmless).texts_of("h2")


def test_long_lists_are_folded(busy_plan: Plan) -> None:
    terminate = busy_plan.changes[3]
    many = tuple(replace(terminate, id=f"{terminate.id} {n}") for n in range(MOST_SHOWN + 3))
    fields = tuple(FieldChange(f"f{n}", n, n + 1) for n in range(MOST_FIELDS + 2))
    changes = (*many[1:], replace(many[0], fields=fields))
    folds = page_of(replace(busy_plan, changes=changes)).texts_of("summary")
    assert [text for text in folds if text != "Details"] == ["3 more", "2 more"]


def test_changes_that_depend_on_nothing_are_not_drawn(busy_plan: Plan) -> None:
    page = page_of(busy_plan)
    assert len(page.all("figure")) == 1
    assert len(page.all("rect")) == 4
    alone = replace(busy_plan.changes[3], address=Address("sandbox", "batch"))
    captions = page_of(replace(busy_plan, changes=(*busy_plan.changes[:3], alone))).texts_of("figcaption")
    assert captions[0].endswith("1 more change stands alone and is in the table only.")


def test_many_changes_share_boxes(busy_plan: Plan) -> None:
    few = replace(busy_plan, changes=chain(busy_plan, MOST_BOXES // 2))
    assert len(page_of(few).all("rect")) == MOST_BOXES
    many = page_of(replace(busy_plan, changes=chain(busy_plan, 150)))
    assert many.texts_of("text") == [
        "+ stage 150 images", "150 names", "+ launch 300 machines", "150 names",
    ]  # fmt: skip
    assert len(many.all("tr")) == 301 + 3


def test_every_action_has_a_look(busy_plan: Plan) -> None:
    page = page_of(busy_plan)
    (style,) = page.texts_of("style")
    assert all(f".{action.effect} {{ --ink" in style for action in Action)


def test_a_label_keeps_to_its_box() -> None:
    assert shortened("short") == "short"
    assert shortened("x" * (LETTERS + 1)) == "x" * (LETTERS - 1) + "…"
    assert shortened("日" * LETTERS) == "日" * (LETTERS // 2 - 1) + "…"


def test_every_format_is_one_text_that_ends_its_last_line(busy_plan: Plan) -> None:
    submits = {busy_plan.changes[1].id: "universe = grid\n"}
    for render in FORMATS.values():
        text = render(PlanView(busy_plan, submits))
        assert text.endswith("\n")
        assert "universe = grid" in text
        assert text == render(PlanView(busy_plan, submits))
