"""The graph of a program: its nodes in order, and the Python code that they stand for."""

from __future__ import annotations

import builtins
import keyword
import operator
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from .node import Node, map_aggregate, map_arg, qualified_name

__all__ = ["CodeGen", "Graph", "PythonCode"]

_PACKAGE = __name__.partition(".")[0]
_INFIX = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**",
    "matmul": "@", "and_": "&", "or_": "|", "xor": "^", "lshift": "<<", "rshift": ">>",
    "lt": "<", "le": "<=", "eq": "==", "ne": "!=", "gt": ">", "ge": ">=",
}  # fmt: skip
_PREFIX = {"neg": "-", "pos": "+", "invert": "~"}
_OPERATORS = {getattr(operator, name): "{} " + sign + " {}" for name, sign in _INFIX.items()}
_OPERATORS |= {getattr(operator, name): sign + "{}" for name, sign in _PREFIX.items()}
_OPERATORS |= {operator.getitem: "{}[{}]"}


class PythonCode(NamedTuple):
    """The text of a graph, and the values that it names."""

    src: str
    globals: dict[str, Any]


class CodeGen:
    """Writes graphs as Python functions."""


class _Number(int):
    """The place of a node in its graph."""


class _InsertPoint:
    """Moves the point at which a graph grows; as a block, back again at its end."""

    def __init__(self, graph: Graph, at: int | None) -> None:
        self.graph, self.before, graph._at = graph, graph._at, at

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        self.graph._at = self.before


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
        self._nodes: list[Node] = []
        self._at: int | None = None  # where new nodes go; None: the end
        self._names: set[str] = set()
        self._codegen = CodeGen()

    @property
    def nodes(self) -> _Nodes:
        """The nodes in order."""
        return _Nodes(self._nodes)

    def find_nodes(self, *, op: str, target: Any = None, sort: bool = True) -> list[Node]:
        """The nodes of this kind, with this target."""
        return [n for n in self._nodes if n.op == op and (target is None or n.target == target)]

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
        if self._at is None:
            self._nodes.append(node)
        else:
            self._nodes.insert(self._at, node)
            self._at += 1
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
                warnings.warn(
                    f"Attempted to insert a get_attr Node with no underlying reference in the "
                    f"owning GraphModule: it has no {qualified_name}. Give it that first",
                    stacklevel=2,
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
        last = next(iter(reversed(self.nodes)))
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
        nodes: dict[Node, Node] = {}
        for node in self.nodes:
            nodes[node] = copy.node_copy(node, nodes.__getitem__)
        return copy

    def __getstate__(self) -> Any:
        """The nodes with numbers in place of the nodes that they use: however long the graph, a
        pickle doesn't nest."""
        number = {node: _Number(i) for i, node in enumerate(self._nodes)}
        steps = [
            (n.op, n.target, map_arg(n.args, number.get), map_arg(n.kwargs, number.get), n.name)
            for n in self._nodes
        ]
        return self._tracer_cls, steps

    def __setstate__(self, state: Any) -> None:
        tracer, steps = state
        self.__init__(tracer_cls=tracer)  # type: ignore[misc]

        def node(x: Any) -> Any:
            return self._nodes[x] if isinstance(x, _Number) else x

        for op, target, args, kwargs, name in steps:
            self.create_node(
                op, target, map_aggregate(args, node), map_aggregate(kwargs, node), name
            )

    # -- changing it -------------------------------------------------------------------------------

    def inserting_before(self, n: Node | None = None) -> Any:
        """New nodes go in front of ``n`` (None: of all), from now on or until the block's end."""
        return _InsertPoint(self, 0 if n is None else self._nodes.index(n))

    def inserting_after(self, n: Node | None = None) -> Any:
        """New nodes go behind ``n`` (None: behind all), from now on or until the block's end."""
        return _InsertPoint(self, None if n is None else self._nodes.index(n) + 1)

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
        at = self._nodes.index(to_erase)
        del self._nodes[at]
        if self._at is not None and at < self._at:
            self._at -= 1

    def eliminate_dead_code(self, is_impure_node: Callable[[Node], bool] | None = None) -> bool:
        """Take out the nodes that nothing uses and that change nothing; says whether there were
        some."""
        impure = is_impure_node or Node.is_impure
        dead = False
        for node in reversed(self._nodes.copy()):
            if not node.users and not impure(node):
                self.erase_node(node)
                dead = True
        return dead

    def process_inputs(self, *args: Any) -> tuple[Any, ...]:
        """The inputs as the placeholders take them."""
        return args

    def process_outputs(self, out: Any) -> Any:
        """The result as the caller gets it."""
        return out

    def lint(self) -> None:
        """Check that the graph can be run.

        Raises:
            RuntimeError: a node uses one that comes later, or that is in no graph; or two nodes
                have one name; or a submodule is missing.
        """
        seen: set[Node] = set()
        names: set[str] = set()
        for node in self._nodes:
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

    def _neighbour(self, node: Node, step: int) -> Node:
        return self._nodes[(self._nodes.index(node) + step) % len(self._nodes)]

    def _move(self, node: Node, at: Node, behind: int) -> None:
        if node is not at:
            self._nodes.remove(node)
            self._nodes.insert(self._nodes.index(at) + behind, node)

    # -- names and text ----------------------------------------------------------------------------

    def _candidate(self, target: Any) -> str:
        name = target if isinstance(target, str) else getattr(target, "__name__", "value")
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
        return name.strip("_") if name.startswith("__") else name

    def _unique_name(self, candidate: str) -> str:
        name = re.sub(r"\W+", "_", candidate) or "_"
        if name[0].isdigit():
            name = f"_{name}"
        base, number = name, 0
        if match := re.fullmatch(r"(.*)_(\d+)", name):
            base, number = match[1], int(match[2])
        taken = name in self._names or keyword.iskeyword(name) or hasattr(builtins, name)
        while taken:
            number += 1
            name = f"{base}_{number}"
            taken = name in self._names
        self._names.add(name)
        return name

    def python_code(self, root_module: str = "self", **options: Any) -> PythonCode:
        """The graph as the text of a function ``forward``, with the values that it names."""
        return _write(self, root_module)

    def __str__(self) -> str:
        inputs = ", ".join(f"%{n.name}" for n in self._nodes if n.op == "placeholder")
        lines = "".join(f"\n    {n.format_node()}" for n in self._nodes)
        return f"graph():{lines}" if inputs or lines else "graph():"

    def print_tabular(self) -> None:
        """Print the nodes as a table."""
        rows = [("opcode", "name", "target", "args", "kwargs")]
        rows += [(n.op, n.name, str(n.target), str(n.args), str(n.kwargs)) for n in self._nodes]
        widths = [max(len(row[i]) for row in rows) for i in range(5)]
        rows.insert(1, tuple("-" * width for width in widths))  # type: ignore[arg-type]
        for row in rows:
            print("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())


class _Nodes(list):
    """The nodes of a graph, as they are now: the graph may change while one goes through them."""

    def __reversed__(self) -> Iterator[Node]:
        return reversed(self.copy())


def _write(graph: Graph, root: str) -> PythonCode:
    values: dict[str, Any] = {}
    last_use = _last_uses(graph)
    declared, body = [], []
    result = "    return None"

    def named(function: Any) -> str:
        name = qualified_name(function)
        stem, _, rest = name.partition(".")
        if rest and stem == "torch":
            package = sys.modules[_PACKAGE]
            if _lookup(package, rest) is function:
                values["torch"] = package
                return name
        if rest and stem in ("math", "operator"):
            values[stem] = __import__(stem)
            return name
        if not rest:
            return name
        own = re.sub(r"\W", "_", name)
        while values.get(own, function) is not function:
            own += "_"
        values[own] = function
        return own

    def text(value: Any) -> str:
        if isinstance(value, Node):
            return value.name
        if isinstance(value, tuple):
            if hasattr(value, "_fields"):
                return f"{named(type(value))}({', '.join(map(text, value))})"
            inner = ", ".join(map(text, value))
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        if isinstance(value, list):
            return f"[{', '.join(map(text, value))}]"
        if isinstance(value, dict):
            return "{" + ", ".join(f"{k!r}: {text(v)}" for k, v in value.items()) + "}"
        if isinstance(value, slice):
            return f"slice({text(value.start)}, {text(value.stop)}, {text(value.step)})"
        if value is None or value is ... or isinstance(value, (bool, int, str)):
            return repr(value) if value is not ... else "..."
        if isinstance(value, float) and value - value == 0:
            return repr(value)
        if isinstance(value, type) or callable(value):
            return named(value)
        own = f"_value_{len(values)}"
        values[own] = value
        return own

    def arguments(node: Node, skip: int = 0) -> str:
        given = [text(x) for x in node.args[skip:]]
        return ", ".join(given + [f"{k} = {text(v)}" for k, v in node.kwargs.items()])

    for node in graph.nodes:
        target = node.target
        if node.op == "placeholder":
            default = f" = {text(node.args[0])}" if node.args else ""
            declared.append(f"{target}{default}")
            if target != node.name:
                body.append(f"    {node.name} = {target.lstrip('*')}")
            continue
        if node.op == "output":
            result = f"    return {text(node.args[0])}"
            continue
        if node.op == "get_attr":
            made = _path(root, target)
        elif node.op == "call_module":
            made = f"{_path(root, target)}({arguments(node)})"
        elif node.op == "call_method":
            made = f"{text(node.args[0])}.{target}({arguments(node, 1)})"
        elif target in _OPERATORS and not node.kwargs:
            made = _OPERATORS[target].format(*[text(x) for x in node.args])
        elif target is getattr and len(node.args) == 2 and isinstance(node.args[1], str):
            made = f"{text(node.args[0])}.{node.args[1]}"
        else:
            made = f"{named(target)}({arguments(node)})"
        freed = " = ".join(n.name for n in last_use.get(node, ()))
        body.append(f"    {node.name} = {made}" + (f";  {freed} = None" if freed else ""))
    source = f"def forward({', '.join([root, *declared])}):\n" + "\n".join([*body, result]) + "\n"
    return PythonCode(f"\n\n\n{source}    ", values)


def _last_uses(graph: Graph) -> dict[Node, list[Node]]:
    """Per node the ones that it is the last to use: their memory can be given back."""
    uses: dict[Node, list[Node]] = {}
    seen: set[Node] = set()
    for node in reversed(graph.nodes):
        for source in node.all_input_nodes:
            if source not in seen and node.op != "output":
                uses.setdefault(node, []).append(source)
            seen.add(source)
    return uses


def _path(root: str, target: str) -> str:
    parts = target.split(".")
    if all(part.isidentifier() for part in parts):
        return f"{root}.{target}"
    text = root
    for part in parts:
        text = f"{text}.{part}" if part.isidentifier() else f'getattr({text}, "{part}")'
    return text


def _lookup(package: Any, path: str) -> Any:
    value = package
    for part in path.split("."):
        value = getattr(value, part, None)
    return value
