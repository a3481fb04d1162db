"""The Tensor: an array that remembers how it was computed.

Every method is one line into ``ops``; what a method does is documented there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import ops
from .autograd.backward import backward
from .autograd.inplace import inplace
from .autograd.node import AccumulateGrad
from .autograd.primitive import TensorBase, View, current_node, register_result_class
from .autograd.versions import version_of
from .backend import device_of, dtypes
from .ops import elementwise


class Tensor(TensorBase):
    """An n-dimensional array with reverse-mode differentiation.

    >>> import minitorch_dl as torch
    >>> x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4., 6.])
    """

    __slots__ = ()
    __array_priority__ = 1000

    def __init__(self, *data: Any) -> None:
        self.array = np.asarray(data[0] if data else [], dtype=np.float32)
        self.grad = None
        self._node = None
        self._view = None

    # -- what it is ----------------------------------------------------------------------------------------------------

    @property
    def shape(self) -> Any:
        return self.array.shape

    @property
    def dtype(self) -> dtypes.dtype:
        return dtypes.from_numpy(self.array.dtype)

    @property
    def device(self) -> Any:
        return device_of(self.array)

    @property
    def ndim(self) -> int:
        return self.array.ndim

    # -- autograd ------------------------------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        return current_node(self) is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Say whether operations on this leaf tensor are recorded; returns the tensor."""
        node = current_node(self)
        if node is not None and type(node) is not AccumulateGrad:
            if not requires_grad:
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a "
                    "subgraph that doesn't require differentiation use var_no_grad = var.detach()."
                )
            return self
        if requires_grad and not self.dtype.is_floating_point:
            raise RuntimeError(
                f"only Tensors of floating point dtype can require gradients, this one is {self.dtype}"
            )
        if not requires_grad:
            self._node = None
        elif node is None:
            self._node = AccumulateGrad(self)
        return self

    @property
    def is_leaf(self) -> bool:
        node = current_node(self)
        return node is None or type(node) is AccumulateGrad

    @property
    def grad_fn(self) -> Any:
        node = current_node(self)
        return None if type(node) is AccumulateGrad else node

    @property
    def _version(self) -> int:
        return version_of(self.array)

    def backward(
        self, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False, inputs: Any = None
    ) -> None:
        """Add the gradient of this tensor to the ``.grad`` of every leaf that it depends on; see ``autograd.backward``."""
        backward(self, gradient, retain_graph, create_graph, inputs)

    def detach(self) -> Tensor:
        """The same memory without history."""
        return TensorBase.wrap(self.array)

    @property
    def data(self) -> Tensor:
        """The same memory without history; PyTorch doesn't count writes to it."""
        out = TensorBase.wrap(self.array)
        out._view = View(TensorBase.wrap(self.array), None, {}, "data")
        return out

    @data.setter
    def data(self, value: Tensor) -> None:
        self.array = value.array

    # -- pointwise (ops/elementwise.py) ---------------------------------------------------------------------------------

    add, sub, mul, div, neg, pow = ops.add, ops.sub, ops.mul, ops.div, ops.neg, ops.pow
    exp, log, sin, cos, tanh, sqrt, square = ops.exp, ops.log, ops.sin, ops.cos, ops.tanh, ops.sqrt, ops.square
    add_, mul_ = inplace(ops.add, "add_"), inplace(ops.mul, "mul_")

    __add__ = __radd__ = elementwise._add
    __mul__ = __rmul__ = elementwise.mul
    __sub__ = elementwise._sub
    __truediv__ = elementwise._div
    __neg__ = elementwise.neg
    __pow__ = elementwise.pow
    __iadd__ = add_
    __imul__ = mul_

    def __rsub__(self, other: Any) -> Tensor:
        return ops.sub(other, self)

    def __rtruediv__(self, other: Any) -> Tensor:
        return ops.div(other, self)


register_result_class(Tensor)
