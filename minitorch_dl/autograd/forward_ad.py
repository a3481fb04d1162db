"""Directional derivatives along with the values: dual tensors.

A dual tensor is a primal ``x`` with a tangent ``t``. What is computed from it is followed like
what requires a gradient, and its tangent is ``J t``, with J its Jacobian by ``x``, which costs two
reverse passes when a tangent is asked for.

>>> import minitorch_dl as torch
>>> import minitorch_dl.autograd.forward_ad as fwAD
>>> with fwAD.dual_level():
...     x = fwAD.make_dual(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 10.0]))
...     print(fwAD.unpack_dual(x * x).tangent)
tensor([ 2., 40.])
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from ..backend import dtypes
from .base import TensorBase, current_node
from .engine import nodes_below
from .engine_ops import alias, cast
from .linearization import Linearization, zeros_like
from .modes import GRAD, state, use_dual_level
from .node import AccumulateGrad, GradientEdge

__all__ = [
    "UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual",
    "unpack_dual",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "_current_level":
        return -1 if state.dual_level is None else 0
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class UnpackedDualTensor(NamedTuple):
    """The two parts of a dual tensor; ``tangent`` is None for a tensor that is none."""

    primal: Any
    tangent: Any


class _Level:
    """The dual tensors of one ``dual_level``.

    Attributes:
        tangents: per node of a dual tensor that ``make_dual`` made, the tangent.
        own: the leaves behind those whose primals require no gradient: nobody else's.
    """

    def __init__(self) -> None:
        self.tangents: dict[Any, Any] = {}
        self.own: set[Any] = set()

    def follows(self, tensors: Iterable[Any]) -> bool:
        """Whether one of these is dual, or was computed from one that is."""
        nodes = [current_node(x) for x in tensors if isinstance(x, TensorBase)]
        return bool(self.sources(node for node in nodes if node is not None))

    def sources(self, nodes: Iterable[Any]) -> list[Any]:
        """The nodes of dual tensors that these were computed from."""
        oldest = min([node.number for node in self.tangents], default=0)
        return [node for node in nodes_below(nodes, oldest) if node in self.tangents]

    def stripped(self, x: Any) -> Any:
        """``x`` without history, unless something that the caller wants gradients of is in it."""
        node = current_node(x)
        if node is None or not state.flags & GRAD:
            return x.detach()
        leaves = {one for one in nodes_below([node]) if type(one) is AccumulateGrad}
        return x if leaves - self.own else x.detach()


class dual_level:
    """The block in which tensors have tangents; they are lost at its end. Levels don't nest."""

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *exc: object) -> None:
        exit_dual_level()


def enter_dual_level() -> int:
    """Enter a dual level, as ``with dual_level()`` does."""
    if state.dual_level is not None:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    use_dual_level(_Level())
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """Leave the dual level; all tangents are lost."""
    if state.dual_level is None or level not in (None, 0):
        raise RuntimeError("Trying to exit a forward AD level that was not the last one created.")
    use_dual_level(None)


def make_dual(tensor: Any, tangent: Any, *, level: int | None = None) -> Any:
    """A dual tensor on the memory of ``tensor``.

    Raises:
        RuntimeError: no level was entered, or the shapes differ.
        ValueError: one of them is of integers.

    It counts as requiring a gradient, whether ``tensor`` does or not.
    """
    found = state.dual_level
    if found is None:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to "
            "enter_dual_level() first."
        )
    for name, x in (("primal", tensor), ("tangent", tangent)):
        if dtypes.from_numpy(x.array.dtype).kind < dtypes.FLOAT:
            raise ValueError(
                f"Expected {name} to be floating point or complex, but got: "
                f"{dtypes.from_numpy(x.array.dtype)}"
            )
    if tensor.array.shape != tangent.array.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original "
            f"Tensor, this is not supported. Tensor is of size {list(tensor.array.shape)} while "
            f"the given forward gradient is of size {list(tangent.array.shape)}."
        )
    parent = current_node(tensor)
    if parent is None or not state.flags & GRAD:
        parent = tensor.detach().requires_grad_()._node
        found.own.add(parent)
    node = alias.primitive.record((tensor.array,), (parent,), {}, tensor.array)
    if tangent.array.dtype != tensor.array.dtype:
        tangent = cast(tangent, dtype=dtypes.from_numpy(tensor.array.dtype).name)
    elif tangent.array.strides != tensor.array.strides:
        tangent = tangent.clone()
    found.tangents[node] = tangent
    return TensorBase.wrap(tensor.array, node)


def unpack_dual(tensor: Any, *, level: int | None = None) -> UnpackedDualTensor:
    """The primal and the tangent of a tensor that is dual or was computed from dual tensors."""
    found, node = state.dual_level, current_node(tensor)
    if found is None or node is None:
        return UnpackedDualTensor(tensor, None)
    tangent = found.tangents.get(node)
    if tangent is None:
        tangent = _push(found, tensor, node)
    return UnpackedDualTensor(tensor if tangent is None else found.stripped(tensor), tangent)


def _push(level: _Level, tensor: Any, node: Any) -> Any:
    """The tangent of ``tensor``; None if it was not computed from dual tensors."""
    sources = level.sources([node])
    if not sources:
        return None
    state.pushing = True
    try:
        linear = Linearization([tensor], [GradientEdge(source, 0) for source in sources])
        (pushed,) = linear.along([level.tangents[source] for source in sources])
    finally:
        state.pushing = False
    level.own.add(linear.u[0]._node)
    return zeros_like(tensor) if pushed is None else level.stripped(pushed)
