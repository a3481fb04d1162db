"""Differentiation as a Tensor's methods; see ``autograd``."""

from __future__ import annotations

import builtins
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..autograd.backward import backward
from ..autograd.base import as_class
from ..autograd.hook_handles import RemovableHandle, add_hook
from ..autograd.node import AccumulateGrad, Output
from ..autograd.primitive import TensorBase, View, ViewKind, current_node
from ..autograd.torch_function import PLAIN
from ..autograd.variable import VOLATILE
from ..autograd.versions import version_of
from ..backend import dtypes
from ..backend.warning import warn

if TYPE_CHECKING:
    from . import Tensor


_WITHOUT_HISTORY = (ViewKind.DATA, ViewKind.NO_GRAD, ViewKind.OTHER_DTYPE)


class Differentiable(TensorBase):
    """The part of Tensor that has to do with gradients."""

    __slots__ = ()

    if TYPE_CHECKING:  # what the other parts of Tensor have

        def __getattr__(self, name: str) -> Any: ...

    # -- autograd ----------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> builtins.bool:
        """Whether ops on the tensor are recorded, for its gradient or that of what it came from."""
        view = self._view
        if self._node is not None or view is None or view.kind in _WITHOUT_HISTORY:
            return self._node is not None
        return view.root._node is not None

    @requires_grad.setter
    def requires_grad(self, value: builtins.bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: builtins.bool = True) -> Any:
        """Say whether operations on this leaf tensor are recorded; returns the tensor."""
        node = current_node(self)
        if node is not None and type(node) is not AccumulateGrad:
            if not requires_grad:
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. If you want to "
                    "use a computed variable in a "
                    "subgraph that doesn't require differentiation use var_no_grad = var.detach()."
                )
            return self
        if requires_grad and dtypes.from_numpy(self.array.dtype).kind < dtypes.FLOAT:
            raise RuntimeError(
                "only Tensors of floating point and complex dtype can require gradients, this one "
                f"is {dtypes.from_numpy(self.array.dtype)}"
            )
        if not requires_grad:
            if node is not None and (node.pre_hooks or node.post_hooks):
                # Its hooks work again when gradients are wanted again.
                self.__dict__["_hooked_node"] = node
            self._node = None
        elif node is None:
            self._node = self.__dict__.pop("_hooked_node", None) or AccumulateGrad(self)
            if "_grad_dtype" in self.__dict__:
                self._node.takes_any = True
        return self

    @property
    def is_leaf(self) -> builtins.bool:
        """Whether no recorded op made this tensor."""
        node = current_node(self)
        return node is None or type(node) is AccumulateGrad

    @property
    def grad_fn(self) -> Any:
        """The node of the op that made this tensor; None for a leaf."""
        node = current_node(self)
        if type(node) is Output:
            return node.edges[0]
        return None if type(node) is AccumulateGrad else node

    @property
    def volatile(self) -> builtins.bool:
        """False: what it stood for is :func:`no_grad`."""
        warn("volatile was removed (Variable.volatile is always False)")
        return False

    @volatile.setter
    def volatile(self, value: builtins.bool) -> None:
        warn(VOLATILE)

    @property
    def output_nr(self) -> builtins.int:
        """Which of the outputs of ``grad_fn`` this tensor is."""
        node = current_node(self)
        return node.index if type(node) is Output else 0

    @property
    def _cdata(self) -> builtins.int:
        """A number that no other tensor has at the same time."""
        return id(self)

    @property
    def _version(self) -> builtins.int:
        return version_of(self.array)

    @property
    def grad(self) -> Any:
        """The gradient that ``backward`` accumulated for this leaf (or, after ``retain_grad``,
        non-leaf); None before."""
        g = self._grad
        if g is None and not self.is_leaf and not self.retains_grad:
            warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its "
                ".grad attribute won't be populated during autograd.backward(). If you indeed want "
                "the .grad field to be populated for a non-leaf Tensor, use .retain_grad() on the "
                "non-leaf Tensor. If you access the non-leaf Tensor by mistake, make sure you "
                "access the leaf Tensor instead."
            )
        return g

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None:
            if not isinstance(value, Differentiable):
                raise TypeError(
                    "assigned grad expected to be a Tensor or None but got grad of type "
                    f"{type(value).__name__}"
                )
            if value is self:
                raise RuntimeError("can't assign Variable as its own grad")
            if value.shape != self.shape:
                raise RuntimeError(
                    f"attempting to assign a gradient of size '{list(value.shape)}' to a "
                    f"tensor of size '{list(self.shape)}'. Please ensure that the gradient "
                    "and the tensor are the same size"
                )
            wanted = self.__dict__.get("_grad_dtype", self.dtype)
            if wanted not in (None, value.dtype):
                raise RuntimeError(
                    f"attempting to assign a gradient with dtype '{value.dtype}' to a tensor with "
                    f"dtype '{self.dtype}' and grad_dtype '{wanted}'. The gradient must match the "
                    "tensor's grad_dtype, which is its dtype unless set; None allows any"
                )
            if value.device != self.device:
                raise RuntimeError(
                    f"attempting to assign a gradient located on device '{value.device}' "
                    f"to a tensor located on device '{self.device}'. Please ensure that "
                    "the gradient and the tensor are on the same device"
                )
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    @property
    def grad_dtype(self) -> Any:
        """The dtype of this leaf's ``.grad``: the tensor's own, unless another was set; None allows
        any."""
        if not self.is_leaf:
            raise RuntimeError("grad_dtype can only be accessed on leaf tensors.")
        return self.__dict__.get("_grad_dtype", self.dtype)

    @grad_dtype.setter
    def grad_dtype(self, value: Any) -> None:
        if not self.is_leaf:
            raise RuntimeError("grad_dtype can only be set on leaf tensors.")
        if value is not None and not isinstance(value, dtypes.dtype):
            raise RuntimeError(
                f"grad_dtype must be a torch.dtype or None, but got {type(value).__name__}"
            )
        if self._grad is not None and value not in (None, self._grad.dtype):
            raise RuntimeError(
                f"Cannot set grad_dtype to '{value}' because there is already a gradient with "
                f"dtype '{self._grad.dtype}'. Clear it first (.grad = None)"
            )
        self.__dict__["_grad_dtype"] = value
        if self._node is not None:
            self._node.takes_any = True

    def backward(
        self,
        gradient: Any = None,
        retain_graph: builtins.bool | None = None,
        create_graph: builtins.bool = False,
        inputs: Any = None,
    ) -> None:
        """Add the gradient of this tensor to the ``.grad`` of every leaf that it depends on; see
        ``autograd.backward``."""
        backward(self, gradient, retain_graph, create_graph, inputs)

    def retain_grad(self) -> None:
        """Have ``backward`` store the gradient of this non-leaf tensor in ``.grad`` too."""
        node = current_node(self)
        if node is None:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if type(node) is not AccumulateGrad:
            node.retain_gradient(self)

    @property
    def retains_grad(self) -> builtins.bool:
        """Whether ``retain_grad`` was called on this non-leaf tensor."""
        node = current_node(self)
        return node is not None and node.retained is not None and node.retained() is self

    def register_hook(self, hook: Callable[[Tensor], Any]) -> RemovableHandle:
        """Call ``hook(grad)`` when this tensor's gradient is known; a Tensor that it returns is
        used instead.

        >>> import minitorch_dl as torch
        >>> x = torch.tensor(2.0, requires_grad=True)
        >>> handle = x.register_hook(lambda grad: grad * 10)
        >>> (x * 3).backward()
        >>> x.grad
        tensor(30.)
        """
        node = current_node(self)
        if node is None:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        return node.watch_gradient(hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call ``hook(tensor)`` after a backward pass has added to this leaf's ``.grad``."""
        node = current_node(self)
        if node is None:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if type(node) is not AccumulateGrad:
            raise RuntimeError(
                "post accumulate grad hooks cannot be registered on non-leaf tensors"
            )
        if node.post_hooks is None:
            node.post_hooks = OrderedDict()
        return add_hook(node.post_hooks, hook)

    def detach(self) -> Any:
        """The same memory without history."""
        return TensorBase.wrap(self.array)

    def detach_(self) -> Any:
        """Forget this tensor's history; it becomes a leaf that requires no gradient."""
        if self._view is not None and self._view.kind is not ViewKind.DATA:
            raise RuntimeError("Can't detach views in-place. Use detach() instead.")
        self._node = None
        return self

    @property
    def data(self) -> Any:
        """The same memory without history; PyTorch doesn't count writes to it."""
        out = TensorBase.wrap(self.array)
        out._view = View(TensorBase.wrap(self.array), None, {}, ViewKind.DATA)
        return out if type(self) in PLAIN else as_class(out, type(self))

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, TensorBase):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        if self.requires_grad and dtypes.from_numpy(value.array.dtype).kind < dtypes.FLOAT:
            raise RuntimeError(
                "data set to a tensor that requires gradients must be floating point or complex "
                f"dtype, got {dtypes.from_numpy(value.array.dtype)}"
            )
        self.array = value.array

    @data.deleter
    def data(self) -> None:
        raise RuntimeError("a tensor's data can't be deleted")
