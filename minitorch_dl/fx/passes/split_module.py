"""Cutting a graph into parts, each a module of its own."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from ..graph import Graph
from ..graph_module import GraphModule, attribute_of
from ..node import Node, map_arg

__all__ = ["split_module"]


class _Part:
    """The nodes of one part, the nodes outside whose results it needs, and those of its own that
    are needed outside."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[Node] = []
        self.inputs: dict[Node, None] = {}
        self.outputs: dict[Node, None] = {}
        self.needs: set[_Part] = set()


def split_module(
    m: GraphModule,
    root_m: Any,
    split_callback: Callable[[Node], Any],
    qualname_map: dict[str, str] | None = None,
    keep_original_order: bool = False,
    keep_original_node_name: bool = False,
    keep_original_input_name: bool = True,
    *,
    partition_affix: str | None = None,
    tuple_return: bool = False,
) -> GraphModule:
    """A module that calls modules ``submod_<part>``, which together do what ``m`` does.

    Args:
        root_m: not used.
        split_callback: gives the part of a node; inputs, parameters and the output have none.
        qualname_map: is told the path in ``m`` of each module in a part.
        keep_original_order: not used: parts are called in the order of their first nodes, as far
            as they can be.
        keep_original_node_name: keep the names of nodes, in place of new ones by their targets.
        keep_original_input_name: name the inputs of parts after the nodes that they are, not
            ``arg_0``, ``arg_1``, ...
        partition_affix: is put into the names: ``submod_<affix>_<part>``.
        tuple_return: have the parts that give one result give a tuple, too.

    Raises:
        RuntimeError: two parts need each other.

    >>> import minitorch_dl as torch
    >>> from minitorch_dl.fx.passes.split_module import split_module
    >>> traced = torch.fx.symbolic_trace(lambda x: (x + 1).exp())
    >>> print(split_module(traced, None, lambda n: "ab"[n.name == "exp"]).code.strip())
    def forward(self, x):
        submod_a = self.submod_a(x);  x = None
        submod_b = self.submod_b(submod_a);  submod_a = None
        return submod_b
    """
    affix = "" if partition_affix is None else f"{partition_affix}_"
    graph, modules, values = Graph(), dict[str, Any](), dict[Node, Node]()
    for node in m.graph.nodes:
        if node.op in ("placeholder", "get_attr"):
            values[node] = graph.node_copy(node)
        if node.op == "get_attr":
            modules[node.target] = attribute_of(m, node.target)
    for part in _ordered(_parts(m.graph, split_callback, f"submod_{affix}")):
        modules[part.name], paths = _module(
            part, m, keep_original_node_name, keep_original_input_name, tuple_return
        )
        if qualname_map is not None:
            qualname_map.update(paths)
        call = graph.call_module(part.name, tuple(values[node] for node in part.inputs))
        if len(part.outputs) == 1 and not tuple_return:
            values.update(dict.fromkeys(part.outputs, call))
            continue
        for i, node in enumerate(part.outputs):
            values[node] = graph.call_function(operator.getitem, (call, i))
    graph.output(map_arg(m.graph.output_node().args[0], values.__getitem__))
    return GraphModule(modules, graph)


def _parts(graph: Graph, part_of: Callable[[Node], Any], prefix: str) -> list[_Part]:
    """The parts in the order of their first nodes."""
    parts: dict[str, _Part] = {}
    holder: dict[Node, _Part] = {}
    for node in graph.nodes:
        part = None
        if node.op not in ("placeholder", "get_attr", "output"):
            name = f"{prefix}{part_of(node)}"
            part = holder[node] = parts.setdefault(name, _Part(name))
            part.nodes.append(node)
        for source in node.all_input_nodes:
            home = holder.get(source)
            if home is part:
                continue
            if home is not None:
                home.outputs[source] = None
            if part is not None:
                part.inputs[source] = None
                part.needs |= {home} if home else set()
    return list(parts.values())


def _ordered(parts: list[_Part]) -> list[_Part]:
    """Each part after those that it needs."""
    done: dict[_Part, None] = {}
    while len(done) < len(parts):
        part = next((p for p in parts if p not in done and p.needs <= done.keys()), None)
        if part is None:
            raise RuntimeError("cycle exists between partitions!")
        done[part] = None
    return list(done)


def _module(
    part: _Part, m: GraphModule, keep_names: bool, keep_input_names: bool, tuple_return: bool
) -> tuple[GraphModule, dict[str, str]]:
    """The part as a module, and where the modules in it are in ``m``."""
    graph, modules, values = Graph(), dict[str, Any](), dict[Node, Node]()
    paths: dict[str, str] = {}
    for i, node in enumerate(part.inputs):
        name = node.name if keep_input_names else f"arg_{i}"
        values[node] = graph.placeholder(name, type_expr=node.type)
        values[node].meta = dict(node.meta)
    for node in part.nodes:
        target = node.target
        if node.op == "call_module":
            target = node.target.replace(".", "_")
            modules[target] = m.get_submodule(node.target)
            paths[f"{part.name}.{target}"] = node.target
        args, kwargs = map_arg((node.args, node.kwargs), values.__getitem__)
        values[node] = graph.create_node(
            node.op, target, args, kwargs, node.name if keep_names else None, node.type
        )
        values[node].meta = dict(node.meta)
    results = tuple(values[node] for node in part.outputs)
    graph.output(results[0] if len(results) == 1 and not tuple_return else results)
    return GraphModule(modules, graph), paths
