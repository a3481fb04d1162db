"""The symbols that stand for values while a program is traced: what is done to them is recorded."""

from __future__ import annotations

import builtins
import dis
import operator
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from traceback import FrameSummary, extract_stack, format_list
from types import FrameType
from typing import Any

from ..autograd.torch_function import LIVE
from .graph import Graph
from .node import Node, map_aggregate

__all__ = [
    "Attribute", "GraphAppendingTracer", "ParameterProxy", "Proxy", "TraceError", "TracerBase",
]  # fmt: skip


class TraceError(ValueError):
    """The program does what can't be known without values."""


class TracerBase:
    """Turns what happens to proxies into nodes of ``self.graph``."""

    graph: Graph
    record_stack_traces = False

    def create_node(
        self,
        kind: str,
        target: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        name: str | None = None,
        type_expr: Any = None,
    ) -> Node:
        """The new node of the graph."""
        return self.graph.create_node(kind, target, args, kwargs, name, type_expr)

    def proxy(self, node: Node) -> Proxy:
        """The symbol for a node's result."""
        return Proxy(node, self)

    def create_proxy(
        self,
        kind: str,
        target: Any,
        args: Any,
        kwargs: dict[str, Any],
        name: str | None = None,
        type_expr: Any = None,
        proxy_factory_fn: Callable[[Node], Proxy] | None = None,
    ) -> Proxy:
        """The symbol for the result of a new node, whose arguments may hold symbols."""
        node = self.create_node(
            kind, target, self.create_arg(args), self.create_arg(kwargs), name, type_expr
        )
        if self.record_stack_traces:
            node.meta["stack_trace"] = "".join(format_list(_callers()))
        return (proxy_factory_fn or self.proxy)(node)

    def create_arg(self, a: Any) -> Any:
        """An argument with nodes in place of the symbols; is called for each part of it, too."""
        if isinstance(a, (tuple, list, dict, slice)):
            return map_aggregate(a, self.create_arg)
        return self._leaf(a)

    def _leaf(self, value: Any) -> Any:
        if is_dataclass(value) and not isinstance(value, type):  # made anew at each run
            parts = {part.name: getattr(value, part.name) for part in fields(value) if part.init}
            return self.create_node("call_function", type(value), (), self.create_arg(parts))
        return value.node if isinstance(value, Proxy) else value

    def to_bool(self, obj: Proxy) -> bool:
        """Called when a symbol decides a branch."""
        raise TraceError("symbolically traced variables cannot be used as inputs to control flow")

    def iter(self, obj: Proxy) -> Iterator[Any]:
        """Called when a program goes through a symbol's items."""
        raise TraceError(
            "Proxy object cannot be iterated. This can be attempted when the Proxy is used in a "
            "loop or as a *args or **kwargs function argument. See the torch.fx docs on "
            "pytorch.org for a more detailed explanation of what types of control flow can be "
            "traced, and check out the Proxy docstring for help troubleshooting Proxy iteration "
            "errors"
        )

    def keys(self, obj: Proxy) -> Any:
        """Called for ``**symbol``."""
        return Attribute(obj, "keys")()


def _callers() -> list[FrameSummary]:
    """Where in a program a call comes from, without what traces it; the innermost place last."""
    package = str(Path(__file__).parents[1])
    return [frame for frame in extract_stack() if not frame.filename.startswith((package, "<"))]


class GraphAppendingTracer(TracerBase):
    """Adds nodes to the end of a graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph


class Proxy:
    """A value that is not known yet: operators, functions, methods and attributes give further
    ones, and become nodes of the tracer's graph."""

    _node = None  # of autograd's

    def __init__(self, node: Node, tracer: TracerBase | None = None) -> None:
        self.node, self.tracer = node, tracer or GraphAppendingTracer(node.graph)

    def __repr__(self) -> str:
        return f"Proxy({self.node.name})"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Attribute(self, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Proxy:
        return self.tracer.create_proxy("call_method", "__call__", (self, *args), kwargs)

    def __iter__(self) -> Iterator[Any]:
        count = _unpacked(sys._getframe(1))
        return (
            self.tracer.iter(self)
            if count is None
            else (operator.getitem(self, i) for i in range(count))
        )

    def __bool__(self) -> bool:
        return self.tracer.to_bool(self)

    def __len__(self) -> int:
        raise RuntimeError(
            "'len' is not supported in symbolic tracing by default. If you want this call to be "
            "recorded, please call torch.fx.wrap('len') at module scope"
        )

    def keys(self) -> Any:
        """For ``**symbol``."""
        return self.tracer.keys(self)

    @classmethod
    def __torch_function__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Proxy:
        kwargs = kwargs or {}
        found: list[Proxy] = []
        map_aggregate((args, kwargs), lambda x: found.append(x) if isinstance(x, Proxy) else None)
        return found[0].tracer.create_proxy("call_function", func, args, kwargs)


def _unpacked(frame: FrameType) -> int | None:
    """The number of names among which a frame is sharing out a value (``n, c = x.shape``); None:
    it is doing something else."""
    for step in dis.get_instructions(frame.f_code):
        if step.offset == frame.f_lasti:
            return step.argval if step.opname == "UNPACK_SEQUENCE" else None
    return None


class Attribute(Proxy):
    """An attribute of a symbol: called, it is a method; otherwise ``getattr``."""

    def __init__(self, root: Proxy, attr: str) -> None:
        self.root, self.attr, self.tracer = root, attr, root.tracer
        self._made: Node | None = None

    @property
    def node(self) -> Node:  # type: ignore[override]
        if self._made is None:
            self._made = self.tracer.create_proxy(
                "call_function", getattr, (self.root, self.attr), {}
            ).node
        return self._made

    def __call__(self, *args: Any, **kwargs: Any) -> Proxy:
        return self.tracer.create_proxy("call_method", self.attr, (self.root, *args), kwargs)


class ParameterProxy(Proxy):
    """The symbol of a parameter, whose shape is known."""

    def __init__(self, tracer: TracerBase, node: Node, name: str, param: Any) -> None:
        super().__init__(node, tracer)
        self.param, self.name = param, name

    def __repr__(self) -> str:
        return f"ParameterProxy({self.name})"

    shape = property(lambda self: self.param.shape)
    ndim = property(lambda self: self.param.ndim)

    def size(self, dim: int | None = None) -> Any:
        """The parameter's shape, or one size of it."""
        return self.param.size(dim)

    def dim(self) -> int:
        """The number of the parameter's dimensions."""
        return self.param.dim()

    def numel(self) -> int:
        """The number of the parameter's elements."""
        return self.param.numel()


def _operator(function: Callable[..., Any], reflected: bool = False) -> Callable[..., Any]:
    def method(self: Proxy, *args: Any) -> Proxy:
        given = (*args, self) if reflected else (self, *args)
        return self.tracer.create_proxy("call_function", function, given, {})

    return method


_BINARY = "add sub mul truediv floordiv mod pow matmul and_ or_ xor lshift rshift".split()
for _name in _BINARY:
    _function, _stem = getattr(operator, _name), _name.rstrip("_")
    setattr(Proxy, f"__{_stem}__", _operator(_function))
    setattr(Proxy, f"__r{_stem}__", _operator(_function, reflected=True))
for _name in "lt le eq ne gt ge neg pos invert abs getitem".split():
    _function = builtins.abs if _name == "abs" else getattr(operator, _name)
    setattr(Proxy, f"__{_name}__", _operator(_function))
Proxy.__hash__ = object.__hash__  # type: ignore[method-assign]


class watching:
    """Inside the block every public function asks for proxies among its arguments."""

    def __enter__(self) -> None:
        LIVE.append(Proxy)

    def __exit__(self, *exc: object) -> None:
        LIVE.remove(Proxy)
