"""``torch.export``: a module with the inputs that it is to take.

There is no compiler here, so the exported program runs the module's own code, on inputs that are
checked against the example's: the sizes that ``dynamic_shapes`` leaves open may differ.

>>> import minitorch_dl as torch
>>> from minitorch_dl.export import Dim, export
>>> batch = Dim("batch", min=1, max=64)
>>> program = export(torch.nn.Linear(2, 3), (torch.ones(4, 2),), dynamic_shapes=({0: batch},))
>>> program.module()(torch.ones(7, 2)).shape
torch.Size([7, 3])
"""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from . import serialization
from .fx import Graph, GraphModule, Tracer
from .nn import Module
from .nn.parameter import Parameter
from .tensor import Tensor
from .utils._pytree import (
    keystr,
    register_dataclass,
    tree_flatten_with_path,
    tree_leaves,
    tree_structure,
)

__all__ = [
    "Dim", "ExportGraphSignature", "ExportedProgram", "dims", "draft_export", "export", "load",
    "register_dataclass", "save", "unflatten",
]  # fmt: skip


class _DimHint(NamedTuple):
    """How a size may be given where it has no name."""

    type: str

    def __repr__(self) -> str:
        return f"DimHint({self.type})"


class Dim:
    """A size that may differ from call to call: the same wherever it is named in one call.

    ``Dim.AUTO`` and ``Dim.DYNAMIC`` are sizes of any range, ``Dim.STATIC`` is the example's.
    """

    AUTO = _DimHint("AUTO")
    DYNAMIC = _DimHint("DYNAMIC")
    STATIC = _DimHint("STATIC")

    def __init__(self, name: str, *, min: int | None = None, max: int | None = None) -> None:
        if not name.isidentifier():
            raise AssertionError(f"Dim name must be a valid identifier, got {name}")
        self.name, self.__name__ = name, name
        self.min: float = 0 if min is None else min
        self.max: float = math.inf if max is None else max
        if self.max <= self.min:
            raise AssertionError(f"Cannot create Dim with inconsistent min={min}, max={max}")

    def __repr__(self) -> str:
        low = "" if self.min in (0, 2) else f", min={self.min}"
        high = "" if self.max == math.inf else f", max={self.max}"
        return f"Dim('{self.name}'{low}{high})"


def dims(*names: str, min: int | None = None, max: int | None = None) -> tuple[Dim, ...]:
    """Several ``Dim`` of one range."""
    return tuple(Dim(name, min=min, max=max) for name in names)


class ExportGraphSignature(NamedTuple):
    """The names of a program's tensors."""

    parameters: tuple[str, ...]
    buffers: tuple[str, ...]
    non_persistent_buffers: tuple[str, ...]
    user_inputs: tuple[str, ...]


class _Inputs:
    """What each input of a program has to be like."""

    def __init__(self, names: list[str], example: Any, dynamic_shapes: Any) -> None:
        self.structure = tree_structure(example)
        self.names, self.leaves, self.open = [], [], []
        for name, value in zip(names, [*example[0], *example[1].values()], strict=True):
            shapes = list(_open_sizes(value, dynamic_shapes.get(name)))
            for (path, leaf), sizes in zip(tree_flatten_with_path(value)[0], shapes, strict=True):
                self.names.append(name + keystr(path))
                self.leaves.append(leaf)
                self.open.append(sizes)

    def check(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Raise where the inputs of a call are not like the example's."""
        order = self.structure.unflatten(self.leaves)[1]
        if set(kwargs) == set(order):
            kwargs = {name: kwargs[name] for name in order}
        given = tree_structure((args, kwargs))
        if given != self.structure:
            raise ValueError(
                f"expected inputs of the structure that was exported, {self.structure}, got {given}"
            )
        named: dict[str, int] = {}
        for name, like, sizes, x in zip(
            self.names, self.leaves, self.open, tree_leaves((args, kwargs)), strict=True
        ):
            if not isinstance(like, Tensor):
                if not sizes and like is not x and like != x:
                    raise AssertionError(f"Guard failed: {name} == {like!r}, got {x!r}")
                continue
            if not isinstance(x, Tensor) or x.dim() != like.dim():
                raise AssertionError(f"Guard failed: {name} is a tensor of {like.dim()} dims")
            for i, (size, wanted) in enumerate(zip(x.shape, like.shape)):
                _check_size(f"{name}.size()[{i}]", size, sizes.get(i, wanted), named)


def _check_size(name: str, size: int, wanted: Any, named: dict[str, int]) -> None:
    if isinstance(wanted, int) and size != wanted:
        raise AssertionError(f"Guard failed: {name} == {wanted}, got {size}")
    if isinstance(wanted, Dim):
        low = wanted.min if wanted.min > 2 else 0  # as PyTorch, whose compiler assumes 2 and more
        if not low <= size <= wanted.max:
            raise AssertionError(f"Guard failed: {low} <= {name} <= {wanted.max}, got {size}")
        if named.setdefault(wanted.name, size) != size:
            raise AssertionError(
                f"Guard failed: {name} == {wanted.name}, which is {named[wanted.name]}, got {size}"
            )


def _open_sizes(value: Any, given: Any) -> Iterator[dict[int, Any]]:
    """Per leaf of an input the sizes that are open: a ``Dim`` or a hint by the number of the dim;
    a number that is no tensor may be open itself."""
    if isinstance(value, Tensor):
        sizes = given.items() if isinstance(given, Mapping) else enumerate(given or ())
        yield {
            i % value.dim(): size
            for i, size in sizes
            if size is not None and size is not Dim.STATIC and not isinstance(size, int)
        }
    elif isinstance(given, (Dim, _DimHint)):
        yield {} if given is Dim.STATIC else {0: given}
    elif given is None:
        yield from ({} for _ in tree_leaves(value))
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _open_sizes(inner, given[name])
    else:
        for inner, shape in zip(value, given, strict=True):
            yield from _open_sizes(inner, shape)


class ExportedProgram:
    """What :func:`export` returns: ``module()`` is to be called."""

    def __init__(self, mod: Module, args: Any, kwargs: Any, dynamic_shapes: Any) -> None:
        self.example_inputs = (args, kwargs)
        names = list(inspect.signature(mod.forward).bind(*args, **kwargs).arguments)
        names = _spread_names(mod, names, args, kwargs)
        self._inputs = _Inputs(names, self.example_inputs, _by_name(names, dynamic_shapes))
        self._inputs.check(args, kwargs)
        self._module = _sharing_tensors(mod)

    def module(self) -> Module:
        """A module on the same parameters and buffers, which takes inputs like the example's. It
        stays in the mode, of training or evaluation, in which it was exported."""
        mod: Any = _sharing_tensors(self._module)
        mod.register_forward_pre_hook(
            lambda module, args, kwargs: self._inputs.check(args, kwargs), with_kwargs=True
        )
        for name in ("train", "eval"):
            setattr(mod, name, _Refused(name))
        return mod

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Unable to call ExportedProgram directly. You should use `exported_program.module()` "
            "instead."
        )

    def __str__(self) -> str:
        inside = "\n".join(f"    {line}" for line in repr(self._module).split("\n"))
        return f"ExportedProgram:\n{inside}\nInputs: {', '.join(self._inputs.names)}"

    @property
    def graph_module(self) -> GraphModule:
        """The module as ``torch.fx`` traces it, with what the example gave for other inputs than
        tensors."""
        forward = inspect.signature(self._module.forward)
        bound = forward.bind(*self.example_inputs[0], **self.example_inputs[1])
        bound.apply_defaults()
        fixed = {
            name: value
            for name, value in bound.arguments.items()
            if not any(isinstance(x, Tensor) for x in tree_leaves(value))
        }
        return GraphModule(self._module, Tracer().trace(self._module, concrete_args=fixed))

    @property
    def graph(self) -> Graph:
        """That of ``graph_module``."""
        return self.graph_module.graph

    @property
    def graph_signature(self) -> ExportGraphSignature:
        """The names of the parameters, buffers and inputs."""
        buffers = tuple(name for name, _ in self.named_buffers())
        kept = self.state_dict
        return ExportGraphSignature(
            tuple(name for name, _ in self.named_parameters()),
            buffers,
            tuple(name for name in buffers if name not in kept),
            tuple(self._inputs.names),
        )

    @property
    def state_dict(self) -> dict[str, Any]:
        """The parameters and buffers that a file of the module has, themselves."""
        kept = self._module.state_dict(keep_vars=True)
        parameters = dict(self.named_parameters())
        return parameters | {name: x for name, x in kept.items() if name not in parameters}

    @property
    def constants(self) -> dict[str, Any]:
        """The buffers that are in no ``state_dict``."""
        kept = self.state_dict
        return {name: x for name, x in self.named_buffers() if name not in kept}

    @property
    def range_constraints(self) -> dict[str, Dim]:
        """The open sizes that have a name, by it."""
        sizes = [size for leaf in self._inputs.open for size in leaf.values()]
        return {size.name: size for size in sizes if isinstance(size, Dim)}

    def parameters(self) -> Iterator[Parameter]:
        """Those of the module."""
        return self._module.parameters()

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Those of the module."""
        return self._module.named_parameters()

    def buffers(self) -> Iterator[Tensor]:
        """Those of the module."""
        return self._module.buffers()

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """Those of the module."""
        return self._module.named_buffers()

    def run_decompositions(self, decomp_table: Any = None, **options: Any) -> ExportedProgram:
        """The program itself: its ops are not broken down."""
        return self


class _Refused:
    """A mode that an exported module can't be switched to."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, mode: bool = True) -> None:
        raise NotImplementedError(
            f"Calling {self.name}() is not supported yet. Export the module in that mode"
        )


def _sharing_tensors(mod: Module) -> Module:
    """A copy of a module on the same parameters and buffers."""
    return copy.deepcopy(mod, {id(x): x for x in (*mod.parameters(), *mod.buffers())})


def _spread_names(mod: Module, names: list[str], args: Any, kwargs: Any) -> list[str]:
    """A name per input: those of ``*args`` are numbered, those of ``**kwargs`` their own."""
    kinds = inspect.signature(mod.forward).parameters
    names = [name for name in names if kinds[name].kind is not inspect.Parameter.VAR_KEYWORD]
    stars = [name for name in names if kinds[name].kind is inspect.Parameter.VAR_POSITIONAL]
    by_position = [name for name in names if name not in kwargs and name not in stars]
    numbered = [f"{star}_{i}" for star in stars for i in range(len(args) - len(by_position))]
    return [*by_position, *numbered, *kwargs]


def _by_name(names: list[str], dynamic_shapes: Any) -> dict[str, Any]:
    if isinstance(dynamic_shapes, (tuple, list)):
        return dict(zip(names, dynamic_shapes, strict=True))
    given = dict(dynamic_shapes or {})
    if given and set(given) != set(names):
        raise ValueError(
            "When `dynamic_shapes` is specified as a dict, its top-level keys must be the arg "
            f"names {names} of `inputs`, but here they are {list(given)}"
        )
    return given


def export(
    mod: Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any] | None = None,
    *,
    dynamic_shapes: Any = None,
    strict: bool = False,
    preserve_module_call_signature: Any = (),
    prefer_deferred_runtime_asserts_over_guards: bool = False,
) -> ExportedProgram:
    """The program of a module for inputs like these.

    Args:
        args, kwargs: example inputs.
        dynamic_shapes: the sizes that may differ: by the argument's name, or in order, a dict from
            dims to a ``Dim`` or ``Dim.AUTO``, or a tuple over all dims; None for the example's. The
            argument that is a container has a container of these.

    Raises:
        ValueError: ``mod`` is no module, or ``args`` no tuple.
    """
    if not isinstance(mod, Module):
        raise ValueError(f"Expected `mod` to be an instance of `torch.nn.Module`, got {type(mod)}.")
    if not isinstance(args, tuple):
        raise ValueError(
            f"Expecting `args` to be a tuple of example positional inputs, got {type(args)}"
        )
    return ExportedProgram(mod, args, kwargs or {}, dynamic_shapes)


draft_export = export


def unflatten(module: ExportedProgram, flat_args_adapter: Any = None) -> Module:
    """``module.module()``, whose layers are those of the exported module."""
    return module.module()


def save(ep: ExportedProgram, f: Any, **options: Any) -> None:
    """Write a program to a file. The file names the module's classes, and doesn't contain their
    code."""
    if not isinstance(ep, ExportedProgram):
        raise TypeError(f"The 'ep' parameter must be an instance of 'ExportedProgram', got {ep!r}")
    serialization.save(ep, f)


def load(f: Any, **options: Any) -> ExportedProgram:
    """Read what :func:`save` wrote, where the module's classes can be imported. Only from a source
    that you trust: reading runs what the file says."""
    program = serialization.load(f, weights_only=False)
    if not isinstance(program, ExportedProgram):
        raise ValueError(f"{f} holds no ExportedProgram, but {type(program).__name__}")
    return program
