"""A node of a program's graph: one call, input, attribute or result."""

from __future__ import annotations

import builtins
import inspect
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, get_args

from ..compat.symbolic import _assert
from ..immutable_collections import immutable_dict, immutable_list
from .operator_schemas import ArgsKwargsPair, normalize_function, normalize_module

if TYPE_CHECKING:
    from .graph import Graph

__all__ = ["Argument", "Node", "Target", "has_side_effect", "map_aggregate", "map_arg"]

Argument = Any
"""A node's argument: a node, a number, text, or a tuple, list, dict or slice of them."""
Target = Callable[..., Any] | str
"""What a node calls or names."""

_impure: set[Callable[..., Any]] = {_assert}


def has_side_effect(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a function whose call is to be kept although nothing uses its result."""
    _impure.add(fn)
    return fn


def map_aggregate(value: Any, fn: Callable[[Any], Any]) -> Any:
    """``value`` with ``fn`` applied to what its tuples, lists, dicts and slices hold. The lists and
    dicts of the result can't be changed."""
    if isinstance(value, tuple):
        items = [map_aggregate(x, fn) for x in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, list):
        return immutable_list([map_aggregate(x, fn) for x in value])
    if isinstance(value, dict):
        return immutable_dict({k: map_aggregate(v, fn) for k, v in value.items()})
    if isinstance(value, slice):
        return slice(*[map_aggregate(x, fn) for x in (value.start, value.stop, value.step)])
    return fn(value)


def map_arg(value: Any, fn: Callable[[Node], Any]) -> Any:
    """``value`` with ``fn`` applied to the nodes in it."""
    return map_aggregate(value, lambda x: fn(x) if isinstance(x, Node) else x)


class Node:
    """One step of a graph.

    Attributes:
        op: "placeholder" (an input), "get_attr", "call_function", "call_method", "call_module" or
            "output".
        target: the input's name, the attribute's or module's path, the method's name, or the
            function.
        args, kwargs: what it is called with; nodes stand for their results.
        users: the nodes that use its result.
        meta: whatever passes note about it.
    """

    def __init__(
        self,
        graph: Graph,
        name: str,
        op: str,
        target: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        return_type: Any = None,
    ) -> None:
        fits = callable(target) if op == "call_function" else isinstance(target, str)
        if not fits:
            raise ValueError(
                f"Node {name!r} ({op}): target {target!r} has type {type(target).__name__} but "
                f"{'a Callable' if op == 'call_function' else 'a str'} is expected"
            )
        self.graph, self.name, self.op, self.target = graph, name, op, target
        self._next = self._prev = self  # the ring of the graph's nodes
        self._erased = False
        self.type = return_type
        self.users: dict[Node, None] = {}
        self.meta: dict[str, Any] = {}
        self._inputs: dict[Node, None] = {}
        self._args: tuple[Any, ...] = ()
        self._kwargs: dict[str, Any] = {}
        self._use(args, kwargs)

    def __repr__(self) -> str:
        return self.name

    # -- what it uses, and what uses it ------------------------------------------------------------

    def _use(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        for node in self._inputs:
            node.users.pop(self, None)
        inputs: dict[Node, None] = {}
        self._inputs = inputs

        def noted(node: Node) -> Node:
            inputs[node] = None
            return node

        self._args, self._kwargs = map_arg((args, kwargs), noted)
        for node in inputs:
            node.users[self] = None

    @property
    def args(self) -> tuple[Any, ...]:
        return self._args

    @args.setter
    def args(self, args: tuple[Any, ...]) -> None:
        self._use(tuple(args), self._kwargs)

    @property
    def kwargs(self) -> dict[str, Any]:
        return self._kwargs

    @kwargs.setter
    def kwargs(self, kwargs: dict[str, Any]) -> None:
        self._use(self._args, dict(kwargs))

    @property
    def all_input_nodes(self) -> list[Node]:
        """The nodes among its arguments, each once."""
        return list(self._inputs)

    def update_arg(self, idx: int, arg: Any) -> None:
        """Set one positional argument."""
        args = list(self.args)
        args[idx] = arg
        self.args = tuple(args)

    def insert_arg(self, idx: int, arg: Any) -> None:
        """Put a positional argument in front of the one at ``idx``."""
        self.args = (*self.args[:idx], arg, *self.args[idx:])

    def update_kwarg(self, key: str, arg: Any) -> None:
        """Set one keyword argument."""
        self.kwargs = {**self.kwargs, key: arg}

    def replace_input_with(self, old_input: Node, new_input: Node) -> None:
        """Use ``new_input`` wherever ``old_input`` is used."""

        def swap(node: Node) -> Node:
            return new_input if node is old_input else node

        self._use(map_arg(self.args, swap), map_arg(self.kwargs, swap))

    def replace_all_uses_with(
        self,
        replace_with: Node,
        delete_user_cb: Callable[[Node], bool] = lambda user: True,
        **_: Any,
    ) -> list[Node]:
        """Have the users of this node use ``replace_with``; returns those that do."""
        users = [user for user in self.users if delete_user_cb(user)]
        for user in users:
            user.replace_input_with(self, replace_with)
        return users

    @property
    def stack_trace(self) -> str | None:
        """Where the program made it, if the tracer's ``record_stack_traces`` was set."""
        return self.meta.get("stack_trace")

    # -- its place ---------------------------------------------------------------------------------

    @property
    def next(self) -> Node:
        """The node after it."""
        return self._next

    @property
    def prev(self) -> Node:
        """The node before it."""
        return self._prev

    def prepend(self, x: Node) -> None:
        """Move ``x`` in front of this node."""
        if x is not self:
            x._leave()
            x._prev, x._next = self._prev, self
            x._prev._next = x._next._prev = x

    def append(self, x: Node) -> None:
        """Move ``x`` behind this node."""
        if x is not self:
            x._leave()
            self._next.prepend(x)

    def _leave(self) -> None:
        """Take the node out of the ring; its own links stay, for those who go through it."""
        self._prev._next, self._next._prev = self._next, self._prev

    def normalized_arguments(
        self,
        root: Any,
        arg_types: tuple[Any, ...] | None = None,
        kwarg_types: dict[str, Any] | None = None,
        normalize_to_only_use_kwargs: bool = False,
    ) -> ArgsKwargsPair | None:
        """The arguments with all defaults, by position and by name; None where they have no names.

        Args:
            root: the module whose submodule a ``call_module`` node calls.
        """
        if self.op == "call_module":
            return normalize_module(
                root, self.target, self.args, self.kwargs, normalize_to_only_use_kwargs
            )
        if self.op != "call_function":
            return None
        return normalize_function(
            self.target,
            self.args,
            self.kwargs,
            arg_types,
            kwarg_types,
            normalize_to_only_use_kwargs,
        )

    def is_impure(self, impure_random: bool = True) -> bool:
        """Whether it must be kept though nothing uses it."""
        if self.op in ("placeholder", "output"):
            return True
        if self.op == "call_function":
            return self.target in _impure
        if self.op == "call_module" and self.graph.owning_module is not None:
            return getattr(self.graph.owning_module.get_submodule(self.target), "_is_impure", False)
        name = self.target.rpartition(".")[2] if self.op == "call_method" else ""
        return name.endswith("_") and not name.endswith("__")

    # -- its text ----------------------------------------------------------------------------------

    def format_node(self, *_: Any, **options: Any) -> str:
        """``%name : [num_users=1] = op[target=...](args = ..., kwargs = ...)``."""
        if self.op == "output":
            return f"return {self.args[0]}"
        kind = "" if self.type is None else f"{type_name(self.type)} "
        head = f"%{self.name} : {kind}[num_users={len(self.users)}] = {self.op}"
        if self.op == "placeholder":
            default = f"(default={self.args[0]})" if self.args else ""
            return f"{head}[target={self.target}]{default}"
        if self.op == "get_attr":
            return f"{head}[target={self.target}]"
        target = self.target
        if not isinstance(target, str):
            target = qualified_name(target, bool(self.kwargs))
            target = target if "." in target else f"builtins.{target}"
        return f"{head}[target={target}](args = {_text(self.args)}, kwargs = {_text(self.kwargs)})"


def _text(value: Any) -> str:
    if isinstance(value, Node):
        return f"%{value.name}"
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(_text, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_text(v)}" for k, v in value.items()) + "}"
    return str(value)


_MODULES = {"builtins": "", "_operator": "operator."}


def qualified_name(function: Callable[..., Any], with_options: bool = False) -> str:
    """Where a program finds the function: ``torch.relu``, ``operator.add``, ``len``; called
    ``with_options``, ``torch.nn.functional.relu``, since PyTorch's ``torch.relu`` has none."""
    name = getattr(function, "__name__", type(function).__name__)
    module = getattr(function, "__module__", None) or "torch"
    if getattr(builtins, name, None) is function:
        return name
    package = __name__.partition(".")[0]
    if module.partition(".")[0] == package:
        top = getattr(sys.modules[package], name, None) is function
        top = top and not (with_options and module == f"{package}.nn.functional")
        module = "torch" if top else "torch" + module[len(package) :]
    return _MODULES.get(module, f"{module}.") + name


def type_name(kind: Any) -> str:
    """A type annotation as PyTorch prints it."""
    if isinstance(kind, type) and not get_args(kind):
        return qualified_name(kind)
    text = repr(kind)
    for part in get_args(kind):
        text = text.replace(repr(part) if get_args(part) else _path(part), type_name(part))
    return text


def _path(part: Any) -> str:
    return f"{part.__module__}.{part.__qualname__}" if isinstance(part, type) else repr(part)


def default_of(parameter: inspect.Parameter) -> tuple[Any, ...]:
    """The ``args`` of the placeholder of a parameter: its default, if it has one."""
    return () if parameter.default is parameter.empty else (parameter.default,)
