"""What a Tensor is and becomes: its shape and kind, conversions, and Python's and NumPy's
protocols."""

from __future__ import annotations

import builtins
import copy
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from . import ops, printing
from .autograd.inplace import inplace, overwrite
from .autograd.names import as_one
from .autograd.node import AccumulateGrad
from .autograd.primitive import TensorBase, current_node
from .backend import device, device_of, dtypes, to_host
from .ops import creation, from_data, movement
from .size import Size

if TYPE_CHECKING:
    from .tensor import Tensor

LEGACY_NAMES = {
    "float32": "Float",
    "float64": "Double",
    "float16": "Half",
    "bfloat16": "BFloat16",
    "uint8": "Byte",
    "int8": "Char",
    "int16": "Short",
    "int32": "Int",
    "int64": "Long",
    "bool": "Bool",
    "complex64": "ComplexFloat",
    "complex128": "ComplexDouble",
}
LEGACY_DTYPES = {legacy: dtypes.as_dtype(name) for name, legacy in LEGACY_NAMES.items()}

_copy_ = inplace(as_one("CopyBackwards")(overwrite), "copy_")
_fill_ = inplace(as_one("FillBackward2")(overwrite), "fill_")
_zero_ = inplace(as_one("ZeroBackward0")(overwrite), "zero_")


def legacy_tensor(data: tuple[Any, ...], dtype: Any, device: Any = None) -> Any:
    """What PyTorch's old constructors make of their arguments: sizes give an uninitialised tensor,
    a tensor of the dtype is shared, other data is copied."""
    if len(data) == 1 and not isinstance(data[0], (int, np.integer, Size)):
        value = data[0]
        same = isinstance(value, Convertible) and value.dtype is dtype
        if same and (device is None or device == value.device):
            return value.detach()
        return from_data.tensor(value, dtype=dtype, device=device)
    return creation.empty(*(data or (0,)), dtype=dtype, device=device)


class Convertible(TensorBase):
    """The part of Tensor that describes it and turns it into something else."""

    __slots__ = ()

    if TYPE_CHECKING:  # what the other parts of Tensor have

        def __getattr__(self, name: str) -> Any: ...

    # -- what it is --------------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        return Size(self.array.shape)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        if dim is None:
            return Size(self.array.shape)
        shape = self.array.shape
        if not -len(shape) <= dim < len(shape):
            low, high = -max(len(shape), 1), max(len(shape), 1) - 1
            raise IndexError(
                f"Dimension out of range (expected to be in range of [{low}, {high}], but got "
                f"{dim})"
            )
        return shape[dim]

    @property
    def dtype(self) -> dtypes.dtype:
        return dtypes.from_numpy(self.array.dtype)

    @property
    def device(self) -> device:
        return device_of(self.array)

    @property
    def ndim(self) -> int:
        return self.array.ndim

    def dim(self) -> int:
        """The number of dimensions."""
        return self.array.ndim

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        return self.array.size

    nelement = numel

    @property
    def itemsize(self) -> int:
        return self.array.dtype.itemsize

    element_size = lambda self: self.array.dtype.itemsize  # noqa: E731

    @property
    def nbytes(self) -> int:
        return self.array.nbytes

    def get_device(self) -> int:
        """The index of the GPU that holds the tensor; -1 on the CPU."""
        where = device_of(self.array)
        return -1 if where.type == "cpu" else where.index or 0

    def is_floating_point(self) -> builtins.bool:
        """Whether the dtype is a floating one."""
        return self.dtype.is_floating_point

    def is_complex(self) -> builtins.bool:
        """Whether the dtype is a complex one."""
        return self.dtype.is_complex

    def is_signed(self) -> builtins.bool:
        """Whether the dtype can hold negative numbers."""
        return self.dtype.is_signed

    # -- conversion (ops/from_data.py, ops/movement.py) --------------------------------------------

    def item(self) -> Any:
        """The value of a tensor of one element, as a Python number."""
        if self.array.size != 1:
            raise RuntimeError(
                f"a Tensor with {self.array.size} elements cannot be converted to Scalar"
            )
        value = to_host(self.array).item()
        return value if isinstance(value, (bool, int, float, complex)) else float(value)

    def tolist(self) -> Any:
        """The values as a number or nested lists of numbers."""
        return printing._widen(self.array).tolist()

    def numpy(self, *, force: builtins.bool = False) -> np.ndarray:
        """The NumPy array that shares this tensor's memory (with ``force``: a copy where that is
        impossible)."""
        if force:
            return to_host(self.array)
        if self.requires_grad:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() "
                "instead."
            )
        if not isinstance(self.array, np.ndarray):
            raise TypeError(
                f"can't convert {self.device} device type tensor to numpy. "
                "Use Tensor.cpu() to copy the tensor to host memory first."
            )
        return self.array.view()  # whose shape may be set without changing the tensor's

    def __array__(self, dtype: Any = None, copy: builtins.bool | None = None) -> np.ndarray:
        array = self.numpy()
        return np.array(
            array, dtype=dtype, copy=copy if copy is not None or dtype is not None else None
        )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """NumPy's ufuncs on tensors give tensors: ``ndarray + tensor``, ``np.sin(tensor)``."""
        if method != "__call__" or kwargs:
            arrays = [x.numpy() if isinstance(x, Convertible) else x for x in inputs]
            return getattr(ufunc, method)(*arrays, **kwargs)
        name = {"power": "pow", "absolute": "abs", "invert": "bitwise_not"}.get(
            ufunc.__name__, ufunc.__name__
        )
        op = getattr(ops, name, None)
        if op is None:
            return NotImplemented
        return op(*[from_data.as_tensor(x) if isinstance(x, np.ndarray) else x for x in inputs])

    def __dlpack__(self, **kwargs: Any) -> Any:
        if self.requires_grad:
            raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
        return self.array.__dlpack__(**kwargs)

    def __dlpack_device__(self) -> Any:
        return self.array.__dlpack_device__()

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """This tensor in another dtype or on another device: ``to(dtype)``, ``to(device)``,
        ``to(device, dtype)``, ``to(other)``."""
        wanted_device, wanted_dtype = kwargs.pop("device", None), kwargs.pop("dtype", None)
        copy_ = kwargs.pop("copy", False)
        kwargs.pop("non_blocking", None), kwargs.pop("memory_format", None)
        if kwargs:
            raise TypeError(f"to() got an unexpected keyword argument {next(iter(kwargs))!r}")
        rest = []
        for arg in args:
            if isinstance(arg, Convertible):
                wanted_device, wanted_dtype = arg.device, arg.dtype
            elif isinstance(arg, (str, device)):
                wanted_device = arg
            elif isinstance(arg, builtins.bool):
                rest.append(arg)
            elif isinstance(arg, int):
                wanted_device = device("cuda", arg)
            elif arg is not None:
                wanted_dtype = arg
        if len(rest) == 2:
            copy_ = rest[1]
        return movement.to(self, wanted_dtype, wanted_device, copy_)

    def type(self, dtype: Any = None, non_blocking: builtins.bool = False) -> Any:
        """The type's name (``"torch.FloatTensor"``), or this tensor in another dtype."""
        if dtype is None:
            where = "torch." if self.is_cpu else "torch.cuda."
            return f"{where}{LEGACY_NAMES[self.dtype.name]}Tensor"
        if isinstance(dtype, str) and dtype.endswith("Tensor"):
            dtype = LEGACY_DTYPES[dtype.split(".")[-1].removesuffix("Tensor")]
        elif getattr(dtype, "dtype", None) is not None and not isinstance(dtype, dtypes.dtype):
            dtype = dtype.dtype
        return movement.to(self, dtype)

    def type_as(self, other: Tensor) -> Any:
        """This tensor in the dtype and on the device of ``other``."""
        return movement.to(self, other.dtype, other.device)

    def cpu(self, memory_format: Any = None) -> Any:
        """This tensor in host memory; itself when it is there."""
        return movement.to(self, device="cpu")

    def cuda(
        self, device: Any = None, non_blocking: builtins.bool = False, memory_format: Any = None
    ) -> Any:
        """This tensor on the GPU; itself when it is there."""
        return movement.to(self, device="cuda" if device is None else device)

    def float(self, memory_format: Any = None) -> Any:
        """To float32."""
        return movement.to(self, dtypes.float32)

    def double(self, memory_format: Any = None) -> Any:
        """To float64."""
        return movement.to(self, dtypes.float64)

    def half(self, memory_format: Any = None) -> Any:
        """To float16."""
        return movement.to(self, dtypes.float16)

    def bfloat16(self, memory_format: Any = None) -> Any:
        """To bfloat16."""
        return movement.to(self, dtypes.bfloat16)

    def cfloat(self, memory_format: Any = None) -> Any:
        """To complex64."""
        return movement.to(self, dtypes.complex64)

    def cdouble(self, memory_format: Any = None) -> Any:
        """To complex128."""
        return movement.to(self, dtypes.complex128)

    def long(self, memory_format: Any = None) -> Any:
        """To int64."""
        return movement.to(self, dtypes.int64)

    def int(self, memory_format: Any = None) -> Any:
        """To int32."""
        return movement.to(self, dtypes.int32)

    def short(self, memory_format: Any = None) -> Any:
        """To int16."""
        return movement.to(self, dtypes.int16)

    def char(self, memory_format: Any = None) -> Any:
        """To int8."""
        return movement.to(self, dtypes.int8)

    def byte(self, memory_format: Any = None) -> Any:
        """To uint8."""
        return movement.to(self, dtypes.uint8)

    def bool(self, memory_format: Any = None) -> Any:
        """To bool: True where nonzero."""
        return movement.to(self, dtypes.bool)

    def pin_memory(self, device: Any = None) -> Any:
        """Accepted for PyTorch's sake; returns the tensor."""
        return self

    def is_pinned(self, device: Any = None) -> builtins.bool:
        """Whether the memory is page-locked: never here."""
        return False

    def is_shared(self) -> builtins.bool:
        """Whether the memory is shared with other processes: never here."""
        return False

    def is_distributed(self) -> builtins.bool:
        """Always False."""
        return False

    def share_memory_(self) -> Any:
        """Accepted for PyTorch's sake; returns the tensor."""
        return self

    def new_tensor(
        self,
        data: Any,
        *,
        dtype: Any = None,
        device: Any = None,
        requires_grad: builtins.bool = False,
    ) -> Any:
        """A new tensor of ``data`` in this one's dtype and device."""
        dtype, device = self._defaults(dtype, device)
        return from_data.tensor(data, dtype=dtype, device=device, requires_grad=requires_grad)

    def _defaults(self, dtype: Any, device: Any) -> tuple[Any, Any]:
        return self.dtype if dtype is None else dtype, self.device if device is None else device

    def _new(self, make: Any, size: Any, dtype: Any, device: Any, options: dict[str, Any]) -> Any:
        dtype, device = self._defaults(dtype, device)
        return make(*size, dtype=dtype, device=device, **options)

    def new_zeros(self, *size: Any, dtype: Any = None, device: Any = None, **options: Any) -> Any:
        """Zeros in this tensor's dtype and device."""
        return self._new(creation.zeros, size, dtype, device, options)

    def new_ones(self, *size: Any, dtype: Any = None, device: Any = None, **options: Any) -> Any:
        """Ones in this tensor's dtype and device."""
        return self._new(creation.ones, size, dtype, device, options)

    def new_empty(self, *size: Any, dtype: Any = None, device: Any = None, **options: Any) -> Any:
        """An uninitialised tensor in this one's dtype and device."""
        return self._new(creation.empty, size, dtype, device, options)

    def new_full(
        self, size: Any, fill_value: Any, dtype: Any = None, device: Any = None, **options: Any
    ) -> Any:
        """``fill_value`` in this tensor's dtype and device."""
        return self._new(creation.full, (size, fill_value), dtype, device, options)

    def new_empty_strided(
        self, size: Any, stride: Any, dtype: Any = None, device: Any = None, **options: Any
    ) -> Any:
        """An uninitialised tensor of these strides in this one's dtype and device."""
        return self._new(creation.empty_strided, (size, stride), dtype, device, options)

    def new(self, *data: Any, device: Any = None) -> Any:
        """As ``FloatTensor(...)``, in this tensor's dtype and device."""
        return legacy_tensor(data, self.dtype, device or self.device)

    def apply_(self, callable: Callable[[Any], Any]) -> Any:
        """Replace each element by ``callable`` of it, in Python: for a few elements, on the CPU."""
        values = [callable(x) for x in self.numpy().reshape(-1).tolist()]
        return self.copy_(from_data.tensor(values, dtype=self.dtype).reshape(self.shape))

    def map_(self, tensor: Any, callable: Callable[[Any, Any], Any]) -> Any:
        """Replace each element ``a`` by ``callable(a, b)`` with the element ``b`` of ``tensor``, in
        Python: for a few elements, on the CPU.
        """
        pairs = zip(
            self.numpy().reshape(-1).tolist(),
            tensor.expand(self.shape).detach().numpy().reshape(-1).tolist(),
            strict=True,
        )
        values = [callable(a, b) for a, b in pairs]
        return self.copy_(from_data.tensor(values, dtype=self.dtype).reshape(self.shape))

    def to_dense(self, dtype: Any = None, *, masked_grad: Any = None) -> Any:
        """This tensor, which is dense already."""
        return self if dtype is None else movement.to(self, dtype)

    clone = movement.clone

    def copy_(self, src: Any, non_blocking: builtins.bool = False) -> Any:
        """Overwrite this tensor with ``src``, broadcast and converted."""
        src = movement.to(src, self.dtype, self.device) if isinstance(src, TensorBase) else src
        return _copy_(self, src)

    def fill_(self, value: Any) -> Any:
        """Set every element to ``value``, a number or a 0-d tensor."""
        if isinstance(value, TensorBase) and value.array.ndim:
            raise RuntimeError(
                "fill_ only supports 0-dimension value tensor but got tensor with "
                f"{value.array.ndim} dimensions."
            )
        if isinstance(value, (int, float)):
            value = dtypes.element(value, self.array.dtype)
        return _fill_(self, value)

    def zero_(self) -> Any:
        """Set every element to 0."""
        return _zero_(self, 0)

    # -- Python's protocols ------------------------------------------------------------------------

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return printing.represent(self)

    def __format__(self, spec: str) -> str:
        if self.array.ndim == 0 and not current_is_recorded(self):
            return format(self.item(), spec)
        if self.array.ndim == 0 and spec:
            return format(self.item(), spec)
        return object.__format__(self, spec)

    def __bool__(self) -> builtins.bool:
        if self.array.size > 1:
            raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
        if self.array.size == 0:
            raise RuntimeError("Boolean value of Tensor with no values is ambiguous")
        return builtins.bool(self.item())

    def __float__(self) -> builtins.float:
        return builtins.float(self._real_item())

    def __int__(self) -> builtins.int:
        return builtins.int(self._real_item())

    def _real_item(self) -> Any:
        value = self.item()
        if isinstance(value, complex):
            if value.imag:
                raise RuntimeError(
                    f"value cannot be converted to a real number without overflow: {value}"
                )
            return value.real
        return value

    def __index__(self) -> builtins.int:
        if self.dtype.kind > dtypes.INTEGER or self.array.size != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return builtins.int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __len__(self) -> builtins.int:
        if self.array.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return self.array.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if self.array.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __contains__(self, element: Any) -> builtins.bool:
        if isinstance(element, (TensorBase, int, float, builtins.bool, complex)):
            return builtins.bool(ops.eq(self, element).any().item())
        raise RuntimeError(
            "Tensor.__contains__ only supports Tensor or scalar, but you passed in a "
            f"{type(element)}."
        )

    def __hash__(self) -> builtins.int:
        return id(self)

    def __deepcopy__(self, memo: dict[builtins.int, Any]) -> Any:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment."
            )
        if id(self) in memo:
            return memo[id(self)]
        new: Any = object.__new__(type(self))
        memo[id(self)] = new
        new.array = self.array.copy()
        new.grad = copy.deepcopy(self.grad, memo)
        new._view = None
        new._node = None if self._node is None else AccumulateGrad(new)
        new.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return new

    def __reduce_ex__(self, protocol: Any) -> Any:
        return (
            _rebuild,
            (type(self), to_host(self.array), str(self.device), self.requires_grad),
            self.__dict__ or None,
        )


def current_is_recorded(tensor: Any) -> builtins.bool:
    """Whether the tensor has a history, which its text then shows."""
    return current_node(tensor) is not None


def _rebuild(cls: type, array: np.ndarray, where: str, requires_grad: builtins.bool) -> Any:
    """A tensor from its pickled parts."""
    t: Any = object.__new__(cls)
    t.array = from_data.to_array(array, device=where)
    t.grad = t._view = None
    t._node = AccumulateGrad(t) if requires_grad else None
    return t
