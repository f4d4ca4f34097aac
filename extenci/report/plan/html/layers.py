"""A graph without circles in layers, from left to right (Sugiyama, Tagawa, Toda: "Methods for visual
understanding of hierarchical system structures", 1981), the same way every time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import NamedTuple

SWEEPS = 4
"""How often the nodes of each layer are sorted by their neighbours: a few times are as good as many."""

Graph = Mapping[str, Sequence[str]]
"""Each node with those that it depends on, which stand before it in the mapping."""


class BoxPlace(NamedTuple):
    """Where something stands, counted from 0; halves of rows occur."""

    column: int
    row: float


class Bend(NamedTuple):
    """Where an edge between two nodes passes through a layer between theirs."""

    source: str
    target: str
    column: int


Item = str | Bend
"""What takes a place in a layer."""


@dataclass(frozen=True)
class Layout:
    """The places of all nodes, and for each edge the places that it goes through, its ends included."""

    places: Mapping[str, BoxPlace]
    edges: tuple[tuple[BoxPlace, ...], ...]

    @property
    def columns(self) -> int:
        """How many columns there are."""
        return max((place.column for place in self.places.values()), default=-1) + 1

    @property
    def rows(self) -> float:
        """How many rows there are, those that only edges pass through included."""
        rows = [place.row for edge in self.edges for place in edge]
        return max((*rows, *(place.row for place in self.places.values())), default=-1) + 1


def lay_out(graph: Graph) -> Layout:
    """Places for the nodes of a graph: its separate parts below each other, in the order of the mapping."""
    places: dict[str, BoxPlace] = {}
    edges: list[tuple[BoxPlace, ...]] = []
    top = 0.0
    for part in parts_of(graph):
        layout = lay_out_part(part, top)
        places |= layout.places
        edges += layout.edges
        top = max(top, layout.rows)
    return Layout(places, tuple(edges))


def parts_of(graph: Graph) -> list[Graph]:
    """The parts of a graph that no edge connects with each other."""
    part_of = {node: {node} for node in graph}
    for node, needed in graph.items():
        for before in needed:
            if part_of[before] is not part_of[node]:
                joined = part_of[before] | part_of[node]
                part_of |= dict.fromkeys(joined, joined)
    firsts = {id(part): part for part in part_of.values()}
    return [{node: graph[node] for node in graph if node in part} for part in firsts.values()]


def lay_out_part(graph: Graph, top: float) -> Layout:
    """The layout of a graph that hangs together, below a row."""
    columns = columns_of(graph)
    chains = [chain(source, node, columns) for node, needed in reduced(graph).items() for source in needed]
    layers: list[list[Item]] = [[] for _ in range(max(columns.values()) + 1)]
    for node, column in columns.items():
        layers[column].append(node)
    for item in (item for items in chains for item in items[1:-1] if isinstance(item, Bend)):
        layers[item.column].append(item)
    sort_layers(layers, chains)
    highest = max(map(len, layers))
    places = {
        item: BoxPlace(column, top + (highest - len(layer)) / 2 + row)
        for column, layer in enumerate(layers)
        for row, item in enumerate(layer)
    }
    edges = tuple(tuple(places[item] for item in items) for items in chains)
    return Layout({node: places[node] for node in graph}, edges)


def columns_of(graph: Graph) -> dict[str, int]:
    """The column of each node: after all that it depends on. Where nothing comes before a node, it stands
    right before the first that needs it, so that edges are short."""
    columns: dict[str, int] = {}
    for node, needed in graph.items():
        columns[node] = max((columns[before] + 1 for before in needed), default=0)
    for source in (node for node, needed in graph.items() if not needed):
        columns[source] = min((columns[node] - 1 for node in graph if source in graph[node]), default=0)
    return columns


def reduced(graph: Graph) -> dict[str, list[str]]:
    """The graph without the edges that follow from others."""
    behind: dict[str, set[str]] = {}
    for node, needed in graph.items():
        behind[node] = {*needed, *(far for before in needed for far in behind[before])}
    return {
        node: [before for before in dict.fromkeys(needed) if not any(before in behind[one] for one in needed)]
        for node, needed in graph.items()
    }


def chain(source: str, target: str, columns: Mapping[str, int]) -> list[Item]:
    """An edge as the items that it goes through, one a column."""
    between = range(columns[source] + 1, columns[target])
    return [source, *(Bend(source, target, column) for column in between), target]


def sort_layers(layers: list[list[Item]], chains: Sequence[Sequence[Item]]) -> None:
    """Sort each layer by the mean place of the neighbours, so that few edges cross."""
    before: dict[Item, list[Item]] = {}
    after: dict[Item, list[Item]] = {}
    for left, right in (pair for items in chains for pair in pairwise(items)):
        before.setdefault(right, []).append(left)
        after.setdefault(left, []).append(right)
    for _ in range(SWEEPS):
        for neighbours, order in ((before, layers), (after, layers[::-1])):
            for fixed, layer in pairwise(order):
                sort_layer(layer, fixed, neighbours)


def sort_layer(layer: list[Item], fixed: Sequence[Item], neighbours: Mapping[Item, Sequence[Item]]) -> None:
    """Sort one layer by the places of its neighbours in the one beside it; what has none stays put."""
    rows = {item: row for row, item in enumerate(fixed)}
    own = {item: row for row, item in enumerate(layer)}
    means = {
        item: fmean(rows[one] for one in neighbours[item]) if item in neighbours else float(own[item])
        for item in layer
    }
    layer.sort(key=lambda item: (means[item], own[item]))
