"""The changes of a plan as a drawing: each is a box to the right of those that it depends on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from unicodedata import east_asian_width
from xml.etree.ElementTree import Element

from extenci.model.plan import Change
from extenci.model.text import counted, listed
from extenci.report.plan.html.element import add
from extenci.report.plan.html.layers import BoxPlace, Graph, columns_of, lay_out
from extenci.report.plan.phrases import headline, noun_of
from extenci.report.text.safe import safe

MOST_BOXES = 40
"""Boxes of a drawing; of more changes, those of one action at one step share a box."""

WIDTH, HEIGHT = 180, 44
ACROSS, DOWN = 40, 14
"""Pixels of a box, and between boxes."""
MARGIN = 4
LETTERS = 25
"""Characters of a line in a box."""


@dataclass(frozen=True)
class Box:
    """The changes of one box, all of one action, and the page's anchor for the first."""

    changes: tuple[Change, ...]
    anchor: str


def add_graph(parent: Element, changes: Sequence[Change], anchors: Mapping[str, str]) -> None:
    """Draw the changes that depend on each other, if any do. `anchors` are the ids of their table rows, by
    the changes' ids."""
    graph = connected(dependencies(changes))
    if not graph:
        return
    boxes = {change.id: Box((change,), anchors[change.id]) for change in changes if change.id in graph}
    shared = len(graph) > MOST_BOXES
    if shared:
        graph, boxes = share_boxes(graph, boxes)
    figure = add(parent, "figure")
    add_drawing(add(figure, "div", class_="scroll", tabindex=0), graph, boxes)
    add(figure, "figcaption", caption(len(changes) - sum(len(box.changes) for box in boxes.values()), shared))


def dependencies(changes: Sequence[Change]) -> Graph:
    """Each change with those of the others before it that it depends on."""
    graph: dict[str, tuple[str, ...]] = {}
    for change in changes:
        graph[change.id] = tuple(before for before in change.depends_on if before in graph)
    return graph


def connected(graph: Graph) -> Graph:
    """The part of a graph that has edges."""
    needed = {before for befores in graph.values() for before in befores}
    return {node: befores for node, befores in graph.items() if befores or node in needed}


def share_boxes(graph: Graph, boxes: Mapping[str, Box]) -> tuple[Graph, dict[str, Box]]:
    """Put the changes of one action in one column into one box."""
    columns = columns_of(graph)
    key_of = {id_: f"{columns[id_]} {boxes[id_].changes[0].action}" for id_ in graph}
    members: dict[str, list[str]] = {}
    for id_ in sorted(graph, key=lambda id_: columns[id_]):
        members.setdefault(key_of[id_], []).append(id_)
    shared = {
        key: Box(tuple(boxes[id_].changes[0] for id_ in ids), boxes[ids[0]].anchor)
        for key, ids in members.items()
    }
    edges = {
        key: tuple(dict.fromkeys(key_of[before] for id_ in ids for before in graph[id_]))
        for key, ids in members.items()
    }
    return edges, shared


def caption(others: int, shared: bool) -> str:
    """How to read the drawing. `others` is the number of changes that it leaves out."""
    parts = ["Each change waits for the changes to its left that an arrow comes from."]
    if shared:
        parts.append("Changes of one kind that come at the same step share a box.")
    if others:
        verb = "stands alone and is" if others == 1 else "stand alone and are"
        parts.append(f"{counted(others, 'more change')} {verb} in the table only.")
    return " ".join(parts)


def add_drawing(parent: Element, graph: Graph, boxes: Mapping[str, Box]) -> None:
    """The boxes, with the edges below them."""
    layout = lay_out(graph)
    width = layout.columns * (WIDTH + ACROSS) - ACROSS + 2 * MARGIN
    height = round(layout.rows * (HEIGHT + DOWN) - DOWN) + 2 * MARGIN
    svg = add(parent, "svg", width=width, height=height, view_box=f"0 0 {width} {height}")
    for places in layout.edges:
        add(svg, "path", class_="edge", d=" ".join(path_steps(places)))
        add(svg, "path", class_="tip", d=arrow_tip(places[-1]))
    for id_, place in layout.places.items():
        add_box(svg, boxes[id_], place)


def left_end(place: BoxPlace) -> tuple[int, int]:
    """Pixels of the middle of a box's left side."""
    row = round(place.row * (HEIGHT + DOWN) + HEIGHT / 2)
    return place.column * (WIDTH + ACROSS) + MARGIN, row + MARGIN


def path_steps(places: Sequence[BoxPlace]) -> Iterator[str]:
    """The path of an edge: out of the first box, between others, to the last box."""
    for before, place in pairwise(places):
        (left, height), (right, end) = left_end(before), left_end(place)
        if before is places[0]:
            yield f"M{left + WIDTH} {height}"
        else:
            yield f"H{left + WIDTH}"
        middle = left + WIDTH + ACROSS // 2
        yield f"C{middle} {height} {middle} {end} {right} {end}"


def arrow_tip(place: BoxPlace) -> str:
    """The tip of an arrow to a box."""
    left, height = left_end(place)
    return f"M{left} {height}l-7 -4v8z"


def add_box(svg: Element, box: Box, place: BoxPlace) -> None:
    """A box, which is a link to its change in the table."""
    left, height = left_end(place)
    first = box.changes[0]
    link = add(svg, "a", href=f"#{box.anchor}")
    frame = add(
        link, "svg", x=left, y=height - HEIGHT // 2, width=WIDTH, height=HEIGHT, class_=first.action.effect
    )
    add(frame, "title", tooltip(box))
    add(frame, "rect", x=0.5, y=0.5, width=WIDTH - 1, height=HEIGHT - 1, rx=6)
    number = counted(sum(change.count for change in box.changes), noun_of(box.changes))
    title = f"{first.action.effect.symbol} {first.action} {number}"
    add(frame, "text", shortened(title), class_="title", x=10, y=19)
    add(frame, "text", shortened(names_of(box)), class_="name", x=10, y=35)


def tooltip(box: Box) -> str:
    """The text for which the box has no room."""
    first = box.changes[0]
    if len(box.changes) == 1:
        return f"{first.address}: {headline(first)}: {first.reason}"
    return f"{counted(len(box.changes), 'change')}: {listed((one.address for one in box.changes), most=20)}"


def names_of(box: Box) -> str:
    """The name of the image or group, or the number of names."""
    names = dict.fromkeys(change.address.name for change in box.changes)
    return next(iter(names)) if len(names) == 1 else f"{len(names)} names"


def shortened(text: str) -> str:
    """A text cut to a line of a box. Wide characters, such as East Asian ones, count twice."""
    whole, room = safe(text), LETTERS
    for end, letter in enumerate(whole):
        room -= 2 if east_asian_width(letter) in "WF" else 1
        if room < 0:
            return whole[: max(0, end - 1)] + "…"
    return whole
