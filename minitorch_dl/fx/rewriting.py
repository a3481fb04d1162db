"""Replacing parts of a graph that have a given form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .graph import Graph
from .graph_module import GraphModule
from .node import Node
from .tracer import symbolic_trace

__all__ = ["Match", "replace_pattern"]


class Match(NamedTuple):
    """A place where the pattern was found: its last node, and the graph's node for each of the
    pattern's."""

    anchor: Node
    nodes_map: dict[Node, Node]


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
    wanted, new = _graph_of(pattern), _graph_of(replacement)
    inputs = [n for n in wanted.nodes if n.op == "placeholder"]
    new_inputs = [n for n in new.nodes if n.op == "placeholder"]
    last = next(n for n in wanted.nodes if n.op == "output").args[0]
    matches, taken = [], set()  # type: ignore[var-annotated]
    for node in list(gm.graph.nodes):
        found: dict[Node, Node] = {}
        if not _matches(last, node, found):
            continue
        inner = {found[n] for n in found if n.op != "placeholder"}
        if inner & taken or any(
            not set(n.users) <= inner for n in inner if n is not node
        ):  # used outside, too
            continue
        taken |= inner
        matches.append(Match(node, found))
    replaced: dict[Node, Node] = {}
    for anchor, found in matches:
        sources = [replaced.get(found[i], found[i]) for i in inputs]
        with gm.graph.inserting_before(anchor):
            result = gm.graph.graph_copy(new, dict(zip(new_inputs, sources, strict=True)))
        anchor.replace_all_uses_with(result)
        replaced[anchor] = result
        order = [n for n in gm.graph.nodes if n in set(found.values())]
        for old in reversed(order):
            if old.op != "placeholder" and not old.users and old not in sources:
                gm.graph.erase_node(old)
    gm.recompile()
    return matches


def _graph_of(program: Any) -> Graph:
    if isinstance(program, Graph):
        return program
    return program.graph if isinstance(program, GraphModule) else symbolic_trace(program).graph


def _matches(wanted: Any, given: Any, found: dict[Node, Node]) -> bool:
    if not isinstance(wanted, Node):
        if isinstance(wanted, (list, tuple)) and isinstance(given, (list, tuple)):
            return len(wanted) == len(given) and all(
                _matches(a, b, found) for a, b in zip(wanted, given)
            )
        return type(wanted) is type(given) and wanted == given
    if not isinstance(given, Node):
        return False
    if wanted in found:
        return found[wanted] is given
    if wanted.op != "placeholder":
        same = wanted.op == given.op and wanted.target == given.target
        if not same or wanted.kwargs.keys() != given.kwargs.keys():
            return False
        if not _matches(wanted.args, given.args, found):
            return False
        if not all(_matches(v, given.kwargs[k], found) for k, v in wanted.kwargs.items()):
            return False
    found[wanted] = given
    return True
