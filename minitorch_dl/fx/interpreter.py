"""Running a graph node by node: to watch it, to change what a node does, or to make a new one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..nn import Module
from .code import CodeGen
from .graph import Graph
from .graph_module import GraphModule, attribute_of
from .node import Node, map_arg
from .proxy import Proxy, watching
from .tracer import Tracer

__all__ = ["Interpreter", "Transformer"]


class Interpreter:
    """Runs a graph; subclasses override what happens at a node.

    Args:
        module: a :class:`GraphModule`, or the module that ``graph`` names parts of.
        garbage_collect_values: forget each value after its last use.
        graph: the graph to run (default: the module's).

    >>> import minitorch_dl as torch
    >>> class Shapes(torch.fx.Interpreter):
    ...     def run_node(self, n):
    ...         result = super().run_node(n)
    ...         print(n.name, tuple(result.shape))
    ...         return result
    >>> _ = Shapes(torch.fx.symbolic_trace(torch.nn.Linear(2, 3))).run(torch.ones(1, 2))
    input_1 (1, 2)
    weight (3, 2)
    bias (3,)
    linear (1, 3)
    output (1, 3)
    """

    def __init__(
        self, module: Module, garbage_collect_values: bool = True, graph: Graph | None = None
    ) -> None:
        self.module = module
        self.graph: Graph = module.graph if graph is None else graph
        self.garbage_collect_values = garbage_collect_values
        self.env: dict[Node, Any] = {}
        self.args_iter: Iterator[Any] = iter(())

    def run(
        self,
        *args: Any,
        initial_env: dict[Node, Any] | None = None,
        enable_io_processing: bool = True,
    ) -> Any:
        """The graph's result for these inputs."""
        self.env = dict(initial_env or {})
        process = self.graph if enable_io_processing else CodeGen()
        self.args_iter = iter(process.process_inputs(*args))
        left = {node: len(node.users) for node in self.graph.nodes}
        for node in self.graph.nodes:
            if node not in self.env:
                self.env[node] = self._run_named(node)
            if node.op == "output":
                return process.process_outputs(self.env[node])
            for source in node.all_input_nodes if self.garbage_collect_values else ():
                left[source] -= 1
                if not left[source]:
                    del self.env[source]
        return None

    def boxed_run(self, args_list: list[Any]) -> Any:
        """``run`` of the inputs in a list, which is emptied, so that they can be freed early."""
        args = tuple(args_list)
        args_list.clear()
        return self.run(*args, enable_io_processing=False)

    def _run_named(self, node: Node) -> Any:
        """The node's value; an error says at which node it came up."""
        try:
            return self.run_node(node)
        except Exception as error:
            where = f"While executing {node.format_node()}"
            error.args = (f"{error.args[0]}\n\n{where}" if error.args else where, *error.args[1:])
            raise

    def run_node(self, n: Node) -> Any:
        """The node's value."""
        args, kwargs = self.fetch_args_kwargs_from_env(n)
        return getattr(self, n.op)(n.target, args, kwargs)

    def placeholder(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The next input, or its default."""
        if target.startswith("*"):
            return list(self.args_iter)
        try:
            return next(self.args_iter)
        except StopIteration:
            if args:
                return args[0]
            raise RuntimeError(
                f"Expected positional argument for parameter {target}, but one was not passed in!"
            ) from None

    def get_attr(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the module has under the path."""
        return self.fetch_attr(target)

    def call_function(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The function's result."""
        return target(*args, **kwargs)

    def call_method(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The method's result."""
        first, *rest = args
        return getattr(first, target)(*rest, **kwargs)

    def call_module(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The submodule's result."""
        return self.fetch_attr(target)(*args, **kwargs)

    def output(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The graph's result."""
        return args[0]

    def fetch_attr(self, target: str) -> Any:
        """What the module has under the path."""
        try:
            return attribute_of(self.module, target)
        except AttributeError as error:
            raise RuntimeError(f"Node referenced nonexistent target {target}") from error

    def fetch_args_kwargs_from_env(self, n: Node) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The node's arguments with values in place of nodes."""
        return self.map_nodes_to_values(n.args, n), self.map_nodes_to_values(n.kwargs, n)

    def map_nodes_to_values(self, args: Any, n: Node) -> Any:
        """``args`` with values in place of nodes."""
        return map_arg(args, self.env.__getitem__)


def _recorded(op: str) -> Any:
    def method(
        self: Transformer, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Proxy:
        """The symbol for the node's result in the new graph."""
        return self.tracer.create_proxy(op, target, args, kwargs)

    return method


class Transformer(Interpreter):
    """An interpreter whose values are symbols of a new graph: what a subclass does at a node is
    what the new graph does there."""

    def __init__(self, module: GraphModule) -> None:
        super().__init__(module)
        self.new_graph = Graph()
        self.tracer = Tracer()
        self.tracer.graph, self.tracer.root = self.new_graph, module

    placeholder, get_attr, call_function, call_method, call_module = map(
        _recorded, ("placeholder", "get_attr", "call_function", "call_method", "call_module")
    )

    def transform(self) -> GraphModule:
        """The new module."""
        with watching():
            result = self.run()
        self.new_graph.output(self.tracer.create_arg(result))
        return GraphModule(self.module, self.new_graph)
