"""The Python code that a graph stands for."""

from __future__ import annotations

import math
import operator
import re
import sys
import typing
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, NamedTuple, Union, get_args, get_origin

from ..backend.dtypes import dtype
from .node import Node, qualified_name

if TYPE_CHECKING:
    from .graph import Graph

__all__ = ["CodeGen", "PythonCode"]

_PACKAGE = sys.modules[__name__.partition(".")[0]]
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
    """Writes graphs as Python functions. A subclass, given to :meth:`Graph.set_codegen`, may write
    another head, and say how its function's inputs and result are those of the graph.

    >>> import minitorch_dl as torch
    >>> class OfOneList(torch.fx.CodeGen):
    ...     def gen_fn_def(self, free_vars, maybe_return_annotation):
    ...         return f"def forward(self, inputs):\\n    {', '.join(free_vars)} = inputs"
    ...
    ...     def process_inputs(self, inputs):
    ...         return inputs
    >>> traced = torch.fx.symbolic_trace(lambda x, y: x + y)
    >>> traced.graph.set_codegen(OfOneList())
    >>> _ = traced.recompile()
    >>> traced([torch.tensor(1), torch.tensor(2)])
    tensor(3)
    """

    def gen_fn_def(self, free_vars: list[str], maybe_return_annotation: str) -> str:
        """The head of the function, and what comes before the graph's steps.

        Args:
            free_vars: the inputs, as they are declared.
        """
        return f"def forward({', '.join(['self', *free_vars])}){maybe_return_annotation}:"

    def additional_globals(self) -> list[tuple[str, Any]]:
        """Values that the head names, with their names."""
        return []

    def process_inputs(self, *args: Any) -> Any:
        """The graph's inputs, of those of the function."""
        return args

    def process_outputs(self, outputs: Any) -> Any:
        """The function's result, of the graph's."""
        return outputs

    def write(self, graph: Graph, root: str) -> PythonCode:
        """The graph as a function ``forward`` of ``root`` and its inputs."""
        values = _Values()
        last_use = _last_uses(graph)
        values.named.update(self.additional_globals())
        declared, body, result, returned = [], [], "None", ""
        wraps: dict[str, None] = {}
        for node in graph.nodes:
            if node.op == "placeholder":
                default = f" = {values.text(node.args[0])}" if node.args else ""
                declared.append(f"{node.target}{values.annotation(node.type)}{default}")
                if node.target != node.name:
                    body.append(f"{node.name} = {node.target.lstrip('*')}")
            elif node.op == "output":
                result = values.text(node.args[0])
                returned = values.annotation(node.type).replace(" : ", " -> ")
            else:
                if node.op == "call_function" and node.meta.get("is_wrapped"):
                    values.named["torch"] = _PACKAGE
                    wraps[f'torch.fx.wrap("{values.name(node.target)}")'] = None
                unused = [] if node.users else [node]
                freed = " = ".join(n.name for n in [*last_use.get(node, ()), *unused])
                after = f";  {freed} = None" if freed else ""
                kind = values.annotation(node.type)
                body.append(f"{node.name}{kind} = {_expression(node, root, values)}{after}")
        lines = "".join(f"    {line}\n" for line in [*body, f"return {result}"])
        above = "\n".join(wraps)
        head = self.gen_fn_def(declared, returned)
        return PythonCode(f"\n{above}\n\n{head}\n{lines}    ", values.named)


def _expression(node: Node, root: str, values: _Values) -> str:
    """What computes the node's result."""
    target, args = node.target, [values.text(x) for x in node.args]
    keywords = [f"{k} = {values.text(v)}" for k, v in node.kwargs.items()]
    if node.op == "get_attr":
        return _path(root, target)
    if node.op == "call_module":
        return f"{_path(root, target)}({', '.join(args + keywords)})"
    if node.op == "call_method":
        return f"{args[0]}.{target}({', '.join(args[1:] + keywords)})"
    if target in _OPERATORS and not keywords:
        return _OPERATORS[target].format(*args)
    if target is getattr and len(args) == 2 and isinstance(node.args[1], str):
        return f"{args[0]}.{node.args[1]}"
    name = values.name(target, bool(keywords))
    return f"{name}({', '.join(args + keywords)})"


class _Values:
    """The text of arguments, and the values that it names."""

    def __init__(self) -> None:
        self.named: dict[str, Any] = {"torch": _PACKAGE}

    def text(self, value: Any) -> str:
        """An argument as Python writes it; what has no such text is named."""
        if isinstance(value, Node):
            return value.name
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return f"{self.name(type(value))}({', '.join(map(self.text, value))})"
        if isinstance(value, tuple):
            inner = ", ".join(map(self.text, value))
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        if isinstance(value, list):
            return f"[{', '.join(map(self.text, value))}]"
        if isinstance(value, dict):
            return "{" + ", ".join(f"{k!r}: {self.text(v)}" for k, v in value.items()) + "}"
        if isinstance(value, slice):
            return f"slice({', '.join(map(self.text, (value.start, value.stop, value.step)))})"
        if value is None or value is ... or isinstance(value, (bool, int, str)):
            return repr(value)
        if isinstance(value, float):
            text = repr(value)
            if not math.isfinite(value):
                self.named[text.lstrip("-")] = abs(value)
            return text
        if isinstance(value, dtype):
            return str(value)
        if callable(value):
            return self.name(value)
        own = f"_value_{len(self.named)}"
        self.named[own] = value
        return own

    def annotation(self, kind: Any) -> str:
        """`` : type`` of a node whose type is known."""
        return "" if kind is None else f" : {self._type(kind)}"

    def _type(self, kind: Any) -> str:
        parts = [self._type(part) for part in get_args(kind)]
        if isinstance(kind, UnionType):
            return "|".join(parts)
        if parts:
            return f"{self._type(_generic(kind))}[{','.join(parts)}]"
        if isinstance(kind, type) and kind is not NoneType:
            return self.name(kind)
        own = re.sub(r"\W", "_", "NoneType" if kind is NoneType else repr(kind))
        self.named[own] = kind
        return own

    def name(self, function: Any, with_options: bool = False) -> str:
        """The name of a function or class: its own, where the code can reach it by that."""
        name = qualified_name(function, with_options)
        module, _, rest = name.partition(".")
        if not rest:
            return name
        if module == "torch" and _lookup(_PACKAGE, rest) is function:
            return name
        if module in ("math", "operator"):
            self.named[module] = sys.modules[module]
            return name
        own = re.sub(r"\W", "_", name)
        while self.named.get(own, function) is not function:
            own += "_"
        self.named[own] = function
        return own


def _generic(kind: Any) -> Any:
    """What ``kind`` is a case of: ``List`` of ``List[int]``, ``list`` of ``list[int]``."""
    origin = get_origin(kind)
    name = "Union" if origin is Union else getattr(kind, "_name", None)
    return getattr(typing, name) if name else origin


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
