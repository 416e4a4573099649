"""The walk: levels, cycles, diamonds, bounds that are told, one question a level; and a walk told as a tree."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.lineage.walk import (
    Bounds,
    Cut,
    Direction,
    Link,
    Neighbours,
    outline,
    sources_of_all,
    walk,
)

UP, DOWN = Direction.UP, Direction.DOWN
Edges = list[tuple[str, str]]


def graph(edges: Sequence[tuple[str, str]], asked: list[int] | None = None) -> Neighbours[str]:
    """Neighbours in a list of (source, made); `asked` gets the size of each level asked about."""

    def neighbours(level: Sequence[str], direction: Direction) -> list[Link[str]]:
        if asked is not None:
            asked.append(len(level))
        links = [Link(source, made) for source, made in edges]
        return [link for link in links if link.ends(direction)[0] in level]

    return neighbours


def test_levels_are_distances_and_each_node_stands_once() -> None:
    """A diamond with a short cut: what is near stays near."""
    edges = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("a", "d"), ("d", "e")]
    down = walk(["a"], graph(edges), DOWN)
    assert down.levels == (("a",), ("b", "c", "d"), ("e",))
    assert len(down.links) == 6
    assert walk(["e"], graph(edges), UP).levels == (("e",), ("d",), ("b", "c", "a"))
    assert down.cut is None


def test_one_question_a_level_however_many_nodes() -> None:
    """A thousand packs of one lot are asked about together."""
    asked: list[int] = []
    walk(["lot"], graph([("lot", str(n)) for n in range(1000)], asked), DOWN)
    assert asked == [1, 1000]


def test_cycles_end_and_are_still_told_as_links() -> None:
    """a → b → c → a, and a batch said to be made from itself."""
    edges = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "c")]
    found = walk(["b"], graph(edges), DOWN)
    assert found.nodes == ["b", "c", "a"]
    assert len(found.links) == 4


def test_bounds_are_told() -> None:
    """Depth and number: what lies beyond is never left out silently, and what fits is no cut."""
    chain = [(str(n), str(n + 1)) for n in range(10)]
    assert walk(["0"], graph(chain), DOWN, Bounds(depth=3)).nodes == ["0", "1", "2", "3"]
    assert walk(["0"], graph(chain), DOWN, Bounds(depth=3)).cut is Cut.DEPTH
    assert walk(["0"], graph(chain), DOWN, Bounds(depth=11)).cut is None
    fan = [("a", str(n)) for n in range(10)]
    wide = walk(["a"], graph(fan), DOWN, Bounds(nodes=4))
    assert (len(wide.nodes), wide.cut) == (4, Cut.NODES)
    assert {link.made for link in wide.links} == set(wide.nodes) - {"a"}
    assert walk(["a"], graph(fan), DOWN, Bounds(nodes=11)).cut is None


def test_a_node_may_carry_the_time_it_was_inside() -> None:
    """A pallet's events count for a lot only while the lot was on it: the key of a node holds the window."""
    inside = {("pallet", 1, 5): ["van 3"], ("pallet", 6, 9): ["van 7"]}

    def neighbours(level: Sequence[object], direction: Direction) -> list[Link[object]]:
        onto: list[tuple[object, object]] = [("lot", ("pallet", 1, 5))] if "lot" in level else []
        onto += [(node, van) for node, vans in inside.items() if node in level for van in vans]
        return [Link(source, made) for source, made in onto]

    start: list[object] = ["lot"]
    assert walk(start, neighbours, DOWN).nodes == ["lot", ("pallet", 1, 5), "van 3"]


def test_the_outline_abbreviates_what_it_told_already() -> None:
    """The second way to a mixed batch is one line that says so; a leaf met again has nothing to leave out."""
    edges = [("a", "b"), ("a", "c"), ("b", "mix"), ("c", "mix"), ("mix", "pack")]
    lines, cut = outline(walk(["a"], graph(edges), DOWN))
    assert [(line.node, line.depth, line.abbreviated) for line in lines] == [
        ("a", 0, False),
        ("b", 1, False),
        ("mix", 2, False),
        ("pack", 3, False),
        ("c", 1, False),
        ("mix", 2, True),
    ]
    assert not cut
    assert outline(walk(["a"], graph(edges), DOWN), limit=3)[1]


def test_an_outline_of_a_cycle_ends() -> None:
    """It comes back to where it began, once."""
    lines, _ = outline(walk(["a"], graph([("a", "b"), ("b", "a")]), DOWN))
    assert [(line.node, line.abbreviated) for line in lines] == [("a", False), ("b", False), ("a", True)]


def test_the_fewest_starts_that_lead_to_everything() -> None:
    """A recall of the source speaks for what was made of it; of a circle one stands for all."""
    edges = [("a", "b"), ("b", "c"), ("x", "y"), ("y", "x"), ("x", "z")]
    found = walk(["c", "b", "a", "y", "x", "lone"], graph(edges), DOWN)
    assert sorted(sources_of_all(found)) == ["a", "lone", "y"]


edges_drawn = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), max_size=30)


@given(edges_drawn, st.sets(st.sampled_from("abcdefgh"), min_size=1))
def test_any_graph_is_walked_whole(edges: Edges, starts: set[str]) -> None:
    """Against plain reachability; and the fewest starts reach no less than all of them."""
    reached, grown = set(starts), True
    while grown:
        more = {made for source, made in edges if source in reached} - reached
        reached |= more
        grown = bool(more)
    found = walk(sorted(starts), graph(edges), DOWN)
    assert set(found.nodes) == reached
    assert len(found.nodes) == len(reached)
    assert set(walk(sources_of_all(found), graph(edges), DOWN).nodes) == reached
    lines, _ = outline(found)
    assert {line.node for line in lines} == reached
