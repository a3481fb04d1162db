"""Replacing parts of a graph that have a given form."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..nn import Module
from .graph import Graph
from .graph_module import GraphModule
from .node import Node
from .tracer import symbolic_trace

__all__ = [
    "InternalMatch", "Match", "ReplacedPatterns", "replace_pattern", "replace_pattern_with_filters",
]  # fmt: skip


class Match(NamedTuple):
    """A place where the pattern was found: the pattern's last node, and the graph's node for each
    of the pattern's."""

    anchor: Node
    nodes_map: dict[Node, Node]


@dataclass
class InternalMatch:
    """A place where the pattern was found, as filters and callbacks get it.

    Attributes:
        anchors: the pattern's results.
        nodes_map: the graph's node for each of the pattern's.
        placeholder_nodes: what the pattern's inputs are there.
        returning_nodes: the graph's nodes for the pattern's results.
    """

    anchors: list[Node]
    nodes_map: dict[Node, Any] = field(default_factory=dict)
    placeholder_nodes: list[Any] = field(default_factory=list)
    returning_nodes: list[Node] = field(default_factory=list)


@dataclass
class ReplacedPatterns:
    """A place where the pattern was, and the nodes that are there now."""

    anchor: Node
    nodes_map: dict[Node, Node]
    replacements: list[Node]


def replace_pattern(
    gm: GraphModule,
    pattern: Callable[..., Any] | GraphModule,
    replacement: Callable[..., Any] | GraphModule,
) -> list[Match]:
    """Replace what computes as ``pattern`` does by ``replacement``; returns the places.

    >>> import minitorch_dl as torch
    >>> traced = torch.fx.symbolic_trace(lambda x: torch.relu(x + 1))
    >>> _ = torch.fx.replace_pattern(traced, lambda a: torch.relu(a), lambda a: torch.tanh(a))
    >>> print(traced.code.strip())
    def forward(self, x):
        add = x + 1;  x = None
        tanh = torch.tanh(add);  add = None
        return tanh
    """
    replaced = replace_pattern_with_filters(gm, pattern, replacement)
    return [Match(place.anchor, place.nodes_map) for place in replaced]


def replace_pattern_with_filters(
    gm: GraphModule,
    pattern: Any,
    replacement: Any = None,
    match_filters: Sequence[Callable[[InternalMatch, Graph, Graph], bool]] | None = None,
    ignore_literals: bool = False,
    replacement_callback: Callable[[InternalMatch, Graph, Graph], Graph] | None = None,
) -> list[ReplacedPatterns]:
    """``replace_pattern`` where all of ``match_filters`` agree.

    Args:
        match_filters: called with the match, the graph and the pattern's graph.
        ignore_literals: numbers and the like in the pattern match any others.
        replacement_callback: gives the replacement for a match, in place of ``replacement``.
    """
    if replacement is None and replacement_callback is None:
        raise AssertionError("Must provide either a replacement GraphModule or a callback")
    wanted = _graph_of(pattern)
    if all(node.op in ("placeholder", "output") for node in wanted.nodes):
        raise AssertionError("replace_pattern: the pattern computes nothing that could be found")
    found = [
        match
        for match in _matches(gm.graph, wanted, ignore_literals)
        if all(agrees(match, gm.graph, wanted) for agrees in match_filters or ())
    ]
    common = None if replacement is None else _graph_of(replacement)
    places, now = [], {}  # type: ignore[var-annotated]
    for match in found:
        if replacement_callback is not None:
            new = replacement_callback(match, gm.graph, wanted)
        else:
            assert common is not None
            new = common
        places.append(_replace(gm.graph, match, new, now))
    if isinstance(replacement, Module):
        _take_members(gm, replacement)
    gm.recompile()
    return places


def _graph_of(program: Any) -> Graph:
    if isinstance(program, Graph):
        return program
    return program.graph if isinstance(program, GraphModule) else symbolic_trace(program).graph


def _results(graph: Graph) -> list[Node]:
    returned = graph.output_node().args[0]
    return list(returned) if isinstance(returned, (list, tuple)) else [returned]


# -- finding ---------------------------------------------------------------------------------------


def _matches(graph: Graph, wanted: Graph, ignore_literals: bool) -> list[InternalMatch]:
    """The places in the order of the graph, none of which has a node of another."""
    results = _results(wanted)
    ends = [n for n in results if all(user.op == "output" for user in n.users)]
    inputs = [n for n in wanted.nodes if n.op == "placeholder"]
    matches, taken = [], set()  # type: ignore[var-annotated]
    for node in graph.nodes:
        for found in _from(ends, node, graph, ignore_literals):
            inner = {found[n] for n in found if n.op != "placeholder"}
            last = {found[n] for n in results}
            alone = all(set(n.users) <= inner for n in inner - last)
            if alone and not inner & taken:
                taken |= inner
                given = [found.get(n) for n in inputs]
                matches.append(InternalMatch(ends, found, given, [found[n] for n in results]))
                break
    return matches


def _from(
    ends: list[Node], node: Node, graph: Graph, ignore_literals: bool
) -> Iterator[dict[Node, Any]]:
    """The ways to match the pattern with its first end at ``node``, the others anywhere."""
    places: list[dict[Node, Any]] = [{}]
    for end in ends:
        candidates = [node] if end is ends[0] else list(graph.nodes)
        tried = [(dict(found), n) for found in places for n in candidates]
        places = [found for found, n in tried if _matching(end, n, found, ignore_literals)]
    yield from places


def _matching(wanted: Any, given: Any, found: dict[Node, Any], ignore_literals: bool) -> bool:
    """Whether the pattern's ``wanted`` is there as ``given``; what is where goes to ``found``."""
    if isinstance(wanted, (list, tuple)) and isinstance(given, (list, tuple)):
        pairs = zip(wanted, given)
        return len(wanted) == len(given) and all(
            _matching(a, b, found, ignore_literals) for a, b in pairs
        )
    if not isinstance(wanted, Node):
        same = type(wanted) is type(given) and wanted == given
        return same or (ignore_literals and not isinstance(given, Node))
    if wanted in found:
        return found[wanted] is given
    if isinstance(given, Node) and given in found.values():
        return False  # two nodes of the pattern are two nodes of the graph
    if wanted.op != "placeholder":
        if not isinstance(given, Node):
            return False
        same = wanted.op == given.op and wanted.target == given.target
        if not same or wanted.kwargs.keys() != given.kwargs.keys():
            return False
        found[wanted] = given
        arguments = [(wanted.args, given.args)]
        arguments += [(value, given.kwargs[name]) for name, value in wanted.kwargs.items()]
        return all(_matching(a, b, found, ignore_literals) for a, b in arguments)
    found[wanted] = given
    return True


# -- replacing -------------------------------------------------------------------------------------


def _replace(
    graph: Graph, match: InternalMatch, new: Graph, now: dict[Node, Node]
) -> ReplacedPatterns:
    """Put ``new`` in the place; ``now`` has what earlier replacements put in place of nodes."""
    given = [now.get(x, x) if isinstance(x, Node) else x for x in match.placeholder_nodes]
    inputs = [n for n in new.nodes if n.op == "placeholder"]
    copies = dict(zip(inputs, given, strict=True))
    order = list(graph.nodes)
    users = {user for n in match.returning_nodes for user in n.users}
    after = max(order.index(n) for n in match.returning_nodes) + 1
    first = next((n for n in order if n in users), order[after])
    with graph.inserting_before(first):
        made = graph.graph_copy(new, copies)
    results = list(made) if isinstance(made, (list, tuple)) else [made]
    for old, result in zip(match.returning_nodes, results, strict=True):
        old.replace_all_uses_with(result)
        now[old] = result
    inner = {n for k, n in match.nodes_map.items() if k.op != "placeholder"}
    for old in reversed(order):
        if old in inner and not old.users and old not in given:
            graph.erase_node(old)
    added = [n for k, n in copies.items() if k.op != "placeholder"]
    return ReplacedPatterns(match.anchors[0], match.nodes_map, added)


def _take_members(gm: GraphModule, replacement: Module) -> None:
    """Give the module what the replacement's nodes name, where it has nothing of that name."""
    gm.delete_all_unused_submodules()
    for node in gm.graph.nodes:
        if node.op not in ("call_module", "get_attr"):
            continue
        path, _, name = node.target.rpartition(".")
        try:
            value = getattr(replacement.get_submodule(path), name)
        except AttributeError:
            continue
        try:
            getattr(gm.get_submodule(path), name)
        except AttributeError:
            if isinstance(value, Module):
                gm.add_submodule(node.target, copy.deepcopy(value))
            else:
                setattr(gm.get_submodule(path), name, copy.deepcopy(value))
