"""The graph of a program: its nodes in order, and the Python code that they stand for."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Callable, Iterator
from typing import Any

from ..backend.warning import warn
from .code import CodeGen, PythonCode
from .node import Node, map_aggregate, map_arg

__all__ = ["CodeGen", "Graph", "PythonCode"]


class _Number(int):
    """The place of a node in its graph."""


class _InsertPoint:
    """Sets how a graph places new nodes; as a block, until its end."""

    def __init__(self, graph: Graph, insert: Callable[[Node], None]) -> None:
        self.graph, self.before, graph._insert = graph, graph._insert, insert

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        self.graph._insert = self.before


class _Nodes:
    """The nodes of a graph in order. The graph may change meanwhile: nodes inserted further on are
    met, erased ones are not."""

    def __init__(self, root: Node, step: str = "_next") -> None:
        self._root, self._step = root, step

    def __iter__(self) -> Iterator[Node]:
        node = getattr(self._root, self._step)
        while node is not self._root:
            if not node._erased:
                yield node
            node = getattr(node, self._step)

    def __reversed__(self) -> _Nodes:
        return _Nodes(self._root, "_prev" if self._step == "_next" else "_next")

    def __len__(self) -> int:
        return sum(1 for _ in self)


_OF_VALUES = {"inf", "nan", "torch"}
"""The names by which the code of a graph knows numbers and dtypes."""


class Graph:
    """The steps of a program in the order of their execution.

    >>> import operator
    >>> import minitorch_dl as torch
    >>> graph = torch.fx.Graph()
    >>> x = graph.placeholder("x")
    >>> y = graph.call_function(operator.add, (x, 1))
    >>> _ = graph.output(y)
    >>> print(graph.python_code("self").src.strip())
    def forward(self, x):
        add = x + 1;  x = None
        return add
    """

    def __init__(
        self, owning_module: Any = None, tracer_cls: Any = None, tracer_extras: Any = None
    ) -> None:
        self.owning_module = owning_module
        self._tracer_cls = tracer_cls
        self._root = Node(self, "", "root", "", (), {})  # closes the ring of nodes; is none itself
        self._insert: Callable[[Node], None] = self._root.prepend
        self._names: set[str] = set()
        self._numbers: dict[str, int] = {}  # of each name the last number behind it
        self._codegen = CodeGen()

    @property
    def nodes(self) -> _Nodes:
        """The nodes in order."""
        return _Nodes(self._root)

    def find_nodes(self, *, op: str, target: Any = None, sort: bool = True) -> list[Node]:
        """The nodes of this kind, with this target."""
        return [n for n in self.nodes if n.op == op and (target is None or n.target == target)]

    # -- making nodes ------------------------------------------------------------------------------

    def create_node(
        self,
        op: str,
        target: Any,
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
        name: str | None = None,
        type_expr: Any = None,
    ) -> Node:
        """A new node at the insertion point."""
        known = ("call_function", "call_method", "get_attr", "call_module", "placeholder", "output")
        if op not in known:
            raise AssertionError(f"op must be one of {known}, got {op!r}")
        name = self._unique_name(name or self._candidate(target))
        node = Node(self, name, op, target, tuple(args or ()), dict(kwargs or {}), type_expr)
        self._insert(node)
        return node

    def placeholder(self, name: str, type_expr: Any = None, default_value: Any = ...) -> Node:
        """An input."""
        args = () if default_value is ... else (default_value,)
        return self.create_node("placeholder", name, args, type_expr=type_expr)

    def get_attr(self, qualified_name: str, type_expr: Any = None) -> Node:
        """A parameter, buffer or other attribute of the module."""
        owner: Any = self.owning_module
        for part in qualified_name.split("."):
            if owner is not None and not hasattr(owner, part):
                warn(
                    f"Attempted to insert a get_attr Node with no underlying reference in the "
                    f"owning GraphModule: it has no {qualified_name}. Give it that first",
                )
                break
            owner = getattr(owner, part, None)
        return self.create_node("get_attr", qualified_name, type_expr=type_expr)

    def call_function(
        self, the_function: Callable[..., Any], args: Any = None, kwargs: Any = None, **options: Any
    ) -> Node:
        """A call of a function."""
        return self.create_node("call_function", the_function, args, kwargs, **options)

    def call_method(
        self, method_name: str, args: Any = None, kwargs: Any = None, **options: Any
    ) -> Node:
        """A call of a method of the first argument."""
        return self.create_node("call_method", method_name, args, kwargs, **options)

    def call_module(
        self, module_name: str, args: Any = None, kwargs: Any = None, **options: Any
    ) -> Node:
        """A call of a submodule."""
        return self.create_node("call_module", module_name, args, kwargs, **options)

    def output(self, result: Any, type_expr: Any = None) -> Node:
        """What the program returns."""
        return self.create_node("output", "output", (result,), type_expr=type_expr)

    def output_node(self) -> Node:
        """The node that ``output`` made."""
        last = self._root.prev
        assert last.op == "output", f"expected the last node to be the output, got {last.op}"
        return last

    def node_copy(self, node: Node, arg_transform: Callable[[Node], Any] = lambda n: n) -> Node:
        """A copy of another graph's node; ``arg_transform`` gives this graph's node for each of its
        arguments."""
        copy = self.create_node(
            node.op,
            node.target,
            map_arg(node.args, arg_transform),
            map_arg(node.kwargs, arg_transform),
            node.name,
            node.type,
        )
        copy.meta = dict(node.meta)
        return copy

    def graph_copy(
        self, g: Graph, val_map: dict[Node, Node], return_output_node: bool = False
    ) -> Any:
        """Copy the nodes of ``g`` that ``val_map`` lacks; returns what ``g`` returns."""
        for node in g.nodes:
            if node in val_map:
                continue
            if node.op == "output":
                result = map_arg(node.args[0], lambda n: val_map[n])
                return (result, node) if return_output_node else result
            val_map[node] = self.node_copy(node, lambda n: val_map[n])
        return None

    def __deepcopy__(self, memo: Any = None) -> Graph:
        copy = Graph(tracer_cls=self._tracer_cls)
        copy._codegen = self._codegen
        nodes: dict[Node, Node] = {}
        for node in self.nodes:
            nodes[node] = copy.node_copy(node, nodes.__getitem__)
        return copy

    def __getstate__(self) -> Any:
        """The nodes with numbers in place of the nodes that they use: however long the graph, a
        pickle doesn't nest."""
        number = {node: _Number(i) for i, node in enumerate(self.nodes)}
        steps = [
            (n.op, n.target, *map_arg((n.args, n.kwargs), number.get), n.name, n.type)
            for n in self.nodes
        ]
        return self._tracer_cls, self._codegen, steps

    def __setstate__(self, state: Any) -> None:
        tracer, codegen, steps = state
        self.__init__(tracer_cls=tracer)  # type: ignore[misc]
        self._codegen = codegen
        made: list[Node] = []

        def node(x: Any) -> Any:
            return made[x] if isinstance(x, _Number) else x

        for op, target, args, kwargs, name, kind in steps:
            args, kwargs = map_aggregate(args, node), map_aggregate(kwargs, node)
            made.append(self.create_node(op, target, args, kwargs, name, kind))

    # -- changing it -------------------------------------------------------------------------------

    def inserting_before(self, n: Node | None = None) -> _InsertPoint:
        """Each new node goes right before ``n`` (None: before all), from now on or until the
        block's end."""
        return _InsertPoint(self, self._root.append if n is None else n.prepend)

    def inserting_after(self, n: Node | None = None) -> _InsertPoint:
        """Each new node goes right after ``n`` (None: after all), from now on or until the block's
        end: of two, the second comes first."""
        return _InsertPoint(self, self._root.prepend if n is None else n.append)

    def erase_node(self, to_erase: Node) -> None:
        """Take out a node that nothing uses.

        Raises:
            RuntimeError: something uses it.
        """
        if to_erase.users:
            raise RuntimeError(
                f"Tried to erase Node {to_erase} but it still had {len(to_erase.users)} users in "
                f"the graph: {to_erase.users}!"
            )
        to_erase._use((), {})
        to_erase._leave()
        to_erase._erased = True

    def eliminate_dead_code(self, is_impure_node: Callable[[Node], bool] | None = None) -> bool:
        """Take out the nodes that nothing uses and that change nothing; says whether there were
        some."""
        impure = is_impure_node or Node.is_impure
        dead = False
        for node in reversed(self.nodes):
            if not node.users and not impure(node):
                self.erase_node(node)
                dead = True
        return dead

    def process_inputs(self, *args: Any) -> Any:
        """The inputs as the placeholders take them."""
        return self._codegen.process_inputs(*args)

    def process_outputs(self, out: Any) -> Any:
        """The result as the caller gets it."""
        return self._codegen.process_outputs(out)

    def set_codegen(self, codegen: CodeGen) -> None:
        """Have this write the code from the next ``recompile`` of the graph's module on."""
        self._codegen = codegen

    def lint(self) -> None:
        """Check that the graph can be run.

        Raises:
            RuntimeError: a node uses one that comes later, or that is in no graph; or two nodes
                have one name; or a submodule is missing.
        """
        seen: set[Node] = set()
        names: set[str] = set()
        for node in self.nodes:
            for source in node.all_input_nodes:
                if source not in seen:
                    raise RuntimeError(
                        f"Argument '{source}' of Node '{node}' was used before it has been "
                        "defined! Please check that Nodes in the graph are topologically ordered"
                    )
            if node.name in names:
                raise RuntimeError(f"Node redefined name {node.name}!")
            seen.add(node)
            names.add(node.name)
            if node.op == "call_module" and self.owning_module is not None:
                try:
                    self.owning_module.get_submodule(node.target)
                except AttributeError as error:
                    raise RuntimeError(
                        f"Node {node} target {node.target} refers to a module that is not there"
                    ) from error

    # -- names and text ----------------------------------------------------------------------------

    def _candidate(self, target: Any) -> str:
        name = target if isinstance(target, str) else getattr(target, "__name__", "value")
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
        return name.strip("_") if name.startswith("__") else name

    def _unique_name(self, candidate: str) -> str:
        name = re.sub(r"\W+", "_", candidate) or "_"
        if name[0].isdigit():
            name = f"_{name}"
        match = re.fullmatch(r"(.*)_(\d+)", name)
        base, number = (match[1], int(match[2])) if match else (name, 0)
        taken = keyword.iskeyword(name) or hasattr(builtins, name) or name in _OF_VALUES
        if match is None or name in self._names:
            number = self._numbers.get(base, 0)
        while taken or name in self._names:
            number, taken = number + 1, False
            name = f"{base}_{number}"
        self._names.add(name)
        self._numbers[base] = number
        return name

    def python_code(self, root_module: str = "self", **options: Any) -> PythonCode:
        """The graph as the text of a function ``forward``, with the values that it names."""
        return self._codegen.write(self, root_module)

    def __str__(self) -> str:
        return "graph():" + "".join(f"\n    {n.format_node()}" for n in self.nodes)

    def print_tabular(self) -> None:
        """Print the nodes as a table."""
        rows = [("opcode", "name", "target", "args", "kwargs")]
        rows += [(n.op, n.name, str(n.target), str(n.args), str(n.kwargs)) for n in self.nodes]
        widths = [max(len(row[i]) for row in rows) for i in range(5)]
        rows.insert(1, tuple("-" * width for width in widths))  # type: ignore[arg-type]
        for row in rows:
            print("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())
