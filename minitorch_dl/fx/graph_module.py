"""A module made of a graph: its ``forward`` is the code that the graph stands for."""

from __future__ import annotations

import copy
import itertools
from functools import reduce
from typing import Any

from ..backend import generated
from ..nn import Module, Parameter
from ..tensor import Tensor
from .graph import Graph

__all__ = ["GraphModule"]

_numbers = itertools.count()
_USER_PRESERVED_ATTRIBUTES_KEY = "_user_preserved_attributes"


class GraphModule(Module):
    """A module that runs a graph.

    Args:
        root: the module whose submodules, parameters and buffers the graph names; or a dict of
            them.
        graph: the graph; setting ``.graph``, or calling :meth:`recompile` after changing it, makes
            new code.
        class_name: the name of the module's class.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        class GraphModuleImpl(cls):  # type: ignore[misc, valid-type]
            """A class of its own: each has its own forward."""

        return object.__new__(GraphModuleImpl)

    def __init__(
        self, root: Module | dict[str, Any], graph: Graph, class_name: str = "GraphModule"
    ) -> None:
        super().__init__()
        type(self).__name__ = class_name
        self.meta: dict[str, Any] = {}
        named = [n.target for n in graph.nodes if n.op in ("call_module", "get_attr")]
        if isinstance(root, Module):
            self.training = root.training
            for target in named:
                _copy_attr(root, self, target)
        else:
            for target in sorted(named, key=lambda t: t.count(".")):
                if target not in root:
                    raise RuntimeError(
                        f"Node referenced {target} but that target was not provided in the dict"
                    )
                _assign_attr(root[target], self, target)
        self.graph = graph

    @property
    def graph(self) -> Graph:
        """The graph that is run."""
        return self._graph

    @graph.setter
    def graph(self, graph: Graph) -> None:
        self._graph = graph if graph.owning_module is None else copy.deepcopy(graph)
        self._graph.owning_module = self
        self.recompile()

    @property
    def code(self) -> str:
        """The text of ``forward``."""
        return self._code

    def recompile(self) -> Any:
        """Make ``forward`` anew from the graph."""
        code = self._graph.python_code("self")
        self._code = code.src
        filename = f"<graph {next(_numbers)}>"
        scope = dict(code.globals)
        generated.execute(code.src, filename, scope)
        type(self).forward = scope["forward"]  # type: ignore[method-assign]
        return code

    def print_readable(self, print_output: bool = True, **options: Any) -> str:
        """The code as that of a class."""
        body = "".join(f"    {line}\n" for line in self._code.strip().splitlines())
        text = f"class {type(self).__name__}(torch.nn.Module):\n{body}"
        if print_output:
            print(text)
        return text

    def add_submodule(self, target: str, m: Module) -> bool:
        """Put a module under a path; says whether that was possible."""
        try:
            _assign_attr(m, self, target)
        except AttributeError:
            return False
        return True

    def delete_submodule(self, target: str) -> bool:
        """Take the module under a path away; says whether there was one."""
        path, _, name = target.rpartition(".")
        try:
            parent = self.get_submodule(path)
        except AttributeError:
            return False
        return parent._modules.pop(name, None) is not None

    def delete_all_unused_submodules(self) -> None:
        """Take away the modules that the graph doesn't name."""
        used = {n.target for n in self._graph.nodes if n.op in ("call_module", "get_attr")}
        for name, _ in list(self.named_modules()):
            if name and not any(t == name or t.startswith(f"{name}.") or name.startswith(f"{t}.")
                                for t in used):  # fmt: skip
                self.delete_submodule(name)

    def __deepcopy__(self, memo: Any) -> GraphModule:
        parts = copy.deepcopy(dict(self.__dict__, _graph=None), memo)
        return _restored(type(self).__name__, parts, copy.deepcopy(self._graph))

    def __reduce__(self) -> Any:
        parts = {k: v for k, v in self.__dict__.items() if k != "_graph"}
        return _restored, (type(self).__name__, parts, self._graph)

    def __str__(self) -> str:
        more = "# To see more debug info, please use `graph_module.print_readable()`"
        return f"{super().__repr__()}\n{self._code}\n{more}"


class _CodeOnlyModule(Module):
    """A module of what another one keeps in its attributes: what a copied graph names."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__()
        self.__dict__ = body


def _restored(name: str, parts: dict[str, Any], graph: Graph) -> GraphModule:
    made: GraphModule = GraphModule.__new__(GraphModule)
    Module.__init__(made)
    made.__dict__.update(parts)
    type(made).__name__ = name
    made.graph = graph
    return made


def attribute_of(module: Module, target: str) -> Any:
    """What a module has under a path."""
    return reduce(getattr, target.split("."), module)


def _assign_attr(value: Any, to: Module, target: str) -> None:
    *path, name = target.split(".")
    for part in path:
        if not hasattr(to, part):
            to.add_module(part, Module())
        to = getattr(to, part)
    if isinstance(value, Tensor) and not isinstance(value, Parameter):
        to.register_buffer(name, value)
    else:
        setattr(to, name, value)


def _copy_attr(from_module: Module, to_module: Module, target: str) -> None:
    """Have ``to_module`` share what ``from_module`` has under a path. (torchvision calls it.)"""
    _assign_attr(attribute_of(from_module, target), to_module, target)
