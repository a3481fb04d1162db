"""What Python, NumPy and other processes ask of a Tensor: text, numbers, iteration, arrays, copies,
pickles and shared memory."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from numbers import Number
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import ops
from ..autograd.base import ViewKind, result_class
from ..autograd.node import AccumulateGrad
from ..autograd.primitive import TensorBase
from ..autograd.torch_function import PLAIN
from ..autograd.versions import offset_of, owner_of
from ..backend import array_module, dtypes, shared_memory, to_host
from ..backend.warning import warn_once
from ..ops import from_data
from ..ops.layout import on_memory
from . import printing

_PACKAGE = __name__.partition(".")[0]

_OF_UFUNC = {
    "power": "pow",
    "absolute": "abs",
    "fabs": "abs",
    "invert": "bitwise_not",
    "left_shift": "bitwise_left_shift",
    "right_shift": "bitwise_right_shift",
    "equal": "eq",  # torch.equal is one truth of all elements
    "conjugate": "conj",
    "rint": "round",
    "degrees": "rad2deg",
    "radians": "deg2rad",
}
"""NumPy's ufuncs that are ops here under another name."""

_ARITHMETIC = ("add", "subtract", "multiply", "divide", "power", "remainder", "floor_divide",
               "matmul")  # fmt: skip
"""The ufuncs of arrays' operators whose dtypes depend on whose rules are followed."""

if TYPE_CHECKING:
    from . import Tensor


def _arrays(inputs: Any) -> list[Any]:
    return [x.numpy() if isinstance(x, Protocols) else x for x in inputs]


class Protocols(TensorBase):
    """The part of Tensor that answers Python's and NumPy's special methods."""

    __slots__ = ()

    if TYPE_CHECKING:  # what the other parts of Tensor have

        def __getattr__(self, name: str) -> Any: ...

    # -- text and numbers --------------------------------------------------------------------------

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        ours = type(self) in PLAIN or type(self).__module__.startswith(_PACKAGE)
        text = printing.represent(self, "tensor" if ours else type(self).__name__)
        # nn.Parameter leaves a user's own class as it is, and marks it.
        return f"Parameter({text})" if "_is_param" in self.__dict__ else text

    def __format__(self, spec: str) -> str:
        if self.ndim == 0 and type(self) is result_class() and not self.is_meta:
            return format(self.item(), spec)
        return object.__format__(self, spec)

    def __bool__(self) -> bool:
        if self.array.size > 1:
            raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
        if self.array.size == 0:
            raise RuntimeError("Boolean value of Tensor with no values is ambiguous")
        return bool(self.item())

    __nonzero__ = __bool__

    def __float__(self) -> float:
        self._warn_of_gradient()
        return float(self._real())

    def __int__(self) -> int:
        return int(self._real())

    __long__ = __int__

    def __complex__(self) -> complex:
        self._warn_of_gradient()
        return complex(self._number())

    def _warn_of_gradient(self) -> None:
        if self.requires_grad:
            warn_once(
                "Converting a tensor with requires_grad=True to a scalar may lead to unexpected "
                "behavior: the number has no gradient. Consider using tensor.detach() first."
            )

    def _number(self) -> Any:
        if self.array.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return self.item()

    def _real(self) -> Any:
        value = self._number()
        if isinstance(value, complex):
            if value.imag:
                raise RuntimeError(
                    f"value cannot be converted to a real number without overflow: {value}"
                )
            return value.real
        return value

    def __index__(self) -> int:
        if self.dtype.kind > dtypes.INTEGER or self.array.size != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.item())

    def __len__(self) -> int:
        if self.array.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return self.array.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.shape:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __reversed__(self) -> Any:
        """The slices along the first dimension in the opposite order."""
        return self.flip(0) if self.array.ndim else self

    def __delitem__(self, index: Any) -> None:
        raise TypeError("Tensor does not support deleting items")

    def __contains__(self, element: Any) -> bool:
        if isinstance(element, (TensorBase, Number)):
            return bool(ops.eq(self, element).any().item())
        raise RuntimeError(
            "Tensor.__contains__ only supports Tensor or scalar, but you passed in a "
            f"{type(element)}."
        )

    def __hash__(self) -> int:
        return id(self)

    # -- arrays of other libraries -----------------------------------------------------------------

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.numpy()
        return np.array(
            array, dtype=dtype, copy=copy if copy is not None or dtype is not None else None
        )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """NumPy's ufuncs on tensors give tensors: ``ndarray + tensor``, ``np.sin(tensor)``.

        They compute as NumPy does; an array's operators, and what needs a derivative, as here.
        """
        if method != "__call__" or kwargs:
            return getattr(ufunc, method)(*_arrays(inputs), **kwargs)
        op = getattr(ops, _OF_UFUNC.get(ufunc.__name__, ufunc.__name__), None)
        ours = any(
            x.requires_grad or x.device.type != "cpu" for x in inputs if isinstance(x, Protocols)
        )
        if ufunc.__name__ in _ARITHMETIC and isinstance(inputs[0], np.ndarray | np.generic):
            ours = True
        if ours and op is not None:
            return op(*[from_data.as_tensor(x) if isinstance(x, np.ndarray) else x for x in inputs])
        results = ufunc(*_arrays(inputs))
        one = not isinstance(results, tuple)
        made = [from_data.as_tensor(y) for y in ((results,) if one else results)]
        return made[0] if one else tuple(made)

    def __dlpack__(self, stream: Any = None, **kwargs: Any) -> Any:
        if stream is not None and type(stream) is not int:
            raise TypeError(f"stream must be int or none, got {type(stream).__name__}")
        if self.requires_grad:
            raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
        return self.array.__dlpack__(stream=stream, **kwargs)

    def __dlpack_device__(self) -> Any:
        return self.array.__dlpack_device__()

    # -- copies and pickles ------------------------------------------------------------------------

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment."
            )
        if id(self) in memo:
            return memo[id(self)]
        new: Any = object.__new__(type(self))
        memo[id(self)] = new
        new.array = _copied(self.array, memo)
        new.grad = copy.deepcopy(self.grad, memo)
        new._view = None
        new._node = None if self._node is None else AccumulateGrad(new)
        new.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return new

    def __reduce_ex__(self, protocol: Any) -> Any:
        return (
            _rebuild,
            (_reference(type(self)), to_host(self.array), str(self.device), self.requires_grad),
            self.__dict__ or None,
        )

    # -- other processes ---------------------------------------------------------------------------

    def is_shared(self) -> bool:
        """Whether the memory is shared with other processes, by :meth:`share_memory_`."""
        return shared_memory.is_shared(self.array)

    def share_memory_(self) -> Any:
        """Move the numbers to memory that is shared with the processes started from now on, and
        those that the tensor is sent to: each sees what another writes. On a GPU nothing changes.

        Views made before stay where they are.

        Raises:
            RuntimeError: the tensor is another one's ``data``, which would not follow.
        """
        if self._view is not None and self._view.kind is ViewKind.DATA:
            raise RuntimeError(
                "share_memory_(): this is the data of another tensor, which would keep memory of "
                "its own. Call share_memory_() on that tensor"
            )
        if isinstance(self.array, np.ndarray):
            self.array = shared_memory.share(self.array)
            _sent_in_place(type(self))
        return self


def _sent_in_place(cls: type) -> None:
    """Have tensors of a class that lie in shared memory go to other processes as that memory."""
    from multiprocessing.reduction import ForkingPickler  # late: few programs start processes

    ForkingPickler.register(cls, _sent)


def _sent(tensor: Any) -> Any:
    place = shared_memory.placed(tensor.array)
    if place is None:
        return tensor.__reduce_ex__(2)
    cls = _reference(type(tensor))
    return _receive, (cls, place, tensor.requires_grad), tensor.__dict__ or None


def _receive(cls: type | str, place: tuple[Any, ...], requires_grad: bool) -> Any:
    _sent_in_place(_referred(cls))
    return _rebuild(cls, shared_memory.received(*place), "cpu", requires_grad)


def _copied(array: Any, memo: dict[Any, Any]) -> Any:
    """A copy of the array, strides and all. The memory is copied once for all that share it."""
    owner = owner_of(array)
    rows = owner.flags.c_contiguous
    if not (rows or owner.flags.f_contiguous) or owner.nbytes % array.itemsize:
        return array.copy()
    copies = memo.setdefault("memory", {})
    if id(owner) not in copies:
        copies[id(owner)] = owner.copy(order="K"), owner  # which has to live as long as its id
    memory, _ = copies[id(owner)]
    if array is owner:
        return memory
    row = (memory if rows else memory.T).reshape(-1).view(array.dtype)
    return on_memory(array_module(array), row, array.shape, array.strides, offset_of(array))


def _reference(cls: type) -> type | str:
    """What stands for a class in a pickle: for those of this package a name, since ``as_torch``
    changes where they say they are from."""
    return cls.__name__ if _is_ours(cls) else cls


def _referred(reference: Any) -> type:
    return next((c for c in PLAIN if c.__name__ == reference and _is_ours(c)), reference)


def _is_ours(cls: type) -> bool:
    return cls in PLAIN and cls.__module__.partition(".")[0] in (_PACKAGE, "torch")


def _rebuild(cls: type | str, array: np.ndarray, where: str, requires_grad: bool) -> Any:
    """A tensor from its pickled parts."""
    t: Any = object.__new__(_referred(cls))
    t.array = from_data.to_array(array, device=where)
    t.grad = t._view = None
    t._node = AccumulateGrad(t) if requires_grad else None
    return t
