from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from extenci.report.plan.html.layers import BoxPlace, Graph, lay_out, reduced


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Up to 12 nodes, each of which depends on some of those before it."""
    found: dict[str, tuple[str, ...]] = {}
    for node in range(draw(st.integers(0, 12))):
        found[str(node)] = tuple(draw(st.lists(st.sampled_from(list(found)), max_size=3)) if found else ())
    return found


def behind(graph: Graph, node: str) -> set[str]:
    return {far for before in graph[node] for far in {before, *behind(graph, before)}}


def test_a_chain_is_a_row_and_what_follows_from_others_is_not_drawn() -> None:
    layout = lay_out({"a": (), "b": ("a",), "c": ("a", "b")})
    assert layout.places == {"a": BoxPlace(0, 0), "b": BoxPlace(1, 0), "c": BoxPlace(2, 0)}
    assert layout.edges == ((BoxPlace(0, 0), BoxPlace(1, 0)), (BoxPlace(1, 0), BoxPlace(2, 0)))
    assert (layout.columns, layout.rows) == (3, 1)


def test_separate_parts_lie_below_each_other() -> None:
    layout = lay_out({"a": (), "b": (), "c": ("a",), "d": ("b",), "e": ()})
    assert [layout.places[node].row for node in "acbde"] == [0, 0, 1, 1, 2]


def test_a_long_edge_has_a_way_of_its_own() -> None:
    layout = lay_out({"a": (), "b": ("a",), "c": ("b",), "d": ("a",), "e": ("c", "d")})
    (around,) = [edge for edge in layout.edges if len(edge) == 3]
    assert around[1] not in layout.places.values()


def test_what_nothing_comes_before_stands_right_before_what_needs_it() -> None:
    layout = lay_out({"a": (), "b": ("a",), "x": (), "c": ("b", "x")})
    assert layout.places["x"].column == 1


def test_nothing_is_laid_out_of_nothing() -> None:
    layout = lay_out({})
    assert (layout.places, layout.edges, layout.columns, layout.rows) == ({}, (), 0, 0)


@given(graphs())
def test_every_edge_leads_to_the_right_and_nothing_lies_on_anything_else(graph: Graph) -> None:
    layout = lay_out(graph)
    assert layout == lay_out(graph)
    assert list(layout.places) == [node for node in layout.places if node in graph]
    assert layout.places.keys() == graph.keys()
    bends = [place for edge in layout.edges for place in edge[1:-1]]
    places = [*layout.places.values(), *bends]
    assert len(set(places)) == len(places)
    assert all(0 <= place.column < layout.columns and 0 <= place.row < layout.rows for place in places)
    for edge in layout.edges:
        assert all(right.column == left.column + 1 for left, right in pairwise(edge))


@given(graphs())
def test_the_edges_that_are_left_say_the_same(graph: Graph) -> None:
    fewer = reduced(graph)
    for node in graph:
        assert behind(fewer, node) == behind(graph, node)
        for before in fewer[node]:
            others = [one for one in fewer[node] if one != before]
            assert all(before not in behind(fewer, one) for one in others)
