"""What a Tensor is and what it can be turned into: its shape, dtype and device, and conversions."""

from __future__ import annotations

import builtins
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.base import as_class
from ..autograd.errors import no_tensor
from ..autograd.inplace import inplace, overwrite
from ..autograd.modes import GRAD, state
from ..autograd.node_names import as_one
from ..autograd.primitive import TensorBase
from ..autograd.torch_function import LIVE, call_override
from ..backend import device, device_of, dtypes, layouts, to_host
from ..backend.inplace_kernels import INPLACE_KERNELS
from ..ops import creation, from_data, movement
from ..ops.storage import TypedStorage
from ..size import Size, size_of
from . import printing

if TYPE_CHECKING:
    from . import Tensor

LEGACY_DTYPES = {legacy: dtypes.as_dtype(name) for name, legacy in dtypes.LEGACY_NAMES.items()}

_copy_ = inplace(as_one("CopyBackwards")(overwrite), "copy_", INPLACE_KERNELS["fill"])
_fill_ = inplace(as_one("FillBackward2")(overwrite), "fill_", INPLACE_KERNELS["fill"])
_zero_ = inplace(as_one("ZeroBackward0")(overwrite), "zero_", INPLACE_KERNELS["fill"])


def legacy_tensor(data: tuple[Any, ...], dtype: Any, device: Any = None) -> Any:
    """What PyTorch's old constructors make of their arguments: sizes give an uninitialised tensor,
    a tensor of the dtype is shared, other data is copied."""
    if len(data) == 1 and not isinstance(data[0], (int, np.integer, Size)):
        value = data[0]
        same = isinstance(value, Convertible) and value.dtype is dtype
        if same and (device is None or device == value.device):
            return value.detach()
        if isinstance(value, Convertible) and value.dtype is not dtype:
            raise TypeError(f"expected a tensor of {dtype}, got one of {value.dtype}: use .to()")
        if isinstance(value, TypedStorage):
            return creation.empty(0, dtype=dtype, device=device).set_(value)
        return from_data.tensor(value, dtype=dtype, device=device)
    return creation.empty(*(data or (0,)), dtype=dtype, device=device)


def _sparse() -> Any:
    """The sparse tensors, which few programs use: a layer above, imported when asked for."""
    return importlib.import_module("..sparse", __package__)


def _of_sparse(name: str) -> Callable[[Any], Any]:
    """A method that only sparse tensors have."""

    def refuse(self: Any) -> Any:
        own = getattr(type(self), name)
        if own is not refuse:
            return own(self)
        raise RuntimeError(
            f"{name} expected sparse tensor layout but got {self.layout}. Make a sparse tensor "
            "with .to_sparse() or .to_sparse_csr()"
        )

    refuse.__name__, refuse.__doc__ = name, "Refused: this tensor has no such places or entries."
    return refuse


class Convertible(TensorBase):
    """The part of Tensor that describes it and turns it into something else."""

    __slots__ = ()

    if TYPE_CHECKING:  # what the other parts of Tensor have

        def __getattr__(self, name: str) -> Any: ...

    # -- what it is --------------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        """The size of each dimension."""
        return size_of(self.array.shape)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        if dim is None:
            return size_of(self.array.shape)
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
        """The data type of the elements."""
        return dtypes.from_numpy(self.array.dtype)

    @property
    def device(self) -> device:
        """Where the elements are: ``cpu``, ``cuda:0``, ..."""
        return device_of(self.array)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
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
        """The size of an element in bytes."""
        return self.array.dtype.itemsize

    def element_size(self) -> int:
        """The size of an element in bytes."""
        return self.array.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """The size of all elements in bytes."""
        return self.array.nbytes

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
        if state.flags & GRAD and self.requires_grad:
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

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """This tensor in another dtype or on another device: ``to(dtype)``, ``to(device)``,
        ``to(device, dtype)``, ``to(other)``."""
        if LIVE and state.function_modes:
            return call_override(Convertible.to, [], (self, *args), kwargs)
        wanted_device, wanted_dtype = kwargs.pop("device", None), kwargs.pop("dtype", None)
        copy_ = kwargs.pop("copy", False)
        kwargs.pop("non_blocking", None)
        memory_format = kwargs.pop("memory_format", None)
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
        return movement.to(self, wanted_dtype, wanted_device, copy_, memory_format)

    def type(self, dtype: Any = None, non_blocking: builtins.bool = False) -> Any:
        """The type's name (``"torch.FloatTensor"``), or this tensor in another dtype."""
        if dtype is None:
            where = "torch." if self.is_cpu else "torch.cuda."
            return f"{where}{dtypes.LEGACY_NAMES[self.dtype.name]}Tensor"
        wanted = None
        if isinstance(dtype, builtins.type) and issubclass(dtype, Convertible):
            dtype = dtypes.get_default_dtype()
        elif isinstance(dtype, str) and dtype.endswith("Tensor"):
            wanted = "cuda" if ".cuda." in dtype else "cpu"
            dtype = LEGACY_DTYPES[dtype.split(".")[-1].removesuffix("Tensor")]
        elif getattr(dtype, "dtype", None) is not None and not isinstance(dtype, dtypes.dtype):
            wanted, dtype = "cuda" if dtype.is_cuda else "cpu", dtype.dtype
        return movement.to(self, dtype, wanted)

    def type_as(self, other: Tensor) -> Any:
        """This tensor in the dtype and on the device of ``other``."""
        return movement.to(self, other.dtype, other.device)

    def cpu(self, memory_format: Any = None) -> Any:
        """This tensor in host memory; itself when it is there."""
        return movement.to(self, device="cpu", memory_format=memory_format)

    def cuda(
        self, device: Any = None, non_blocking: builtins.bool = False, memory_format: Any = None
    ) -> Any:
        """This tensor on the GPU; itself when it is there."""
        return movement.to(self, device="cuda" if device is None else device)

    def float(self, memory_format: Any = None) -> Any:
        """To float32."""
        return movement.to(self, dtypes.float32, memory_format=memory_format)

    def double(self, memory_format: Any = None) -> Any:
        """To float64."""
        return movement.to(self, dtypes.float64, memory_format=memory_format)

    def half(self, memory_format: Any = None) -> Any:
        """To float16."""
        return movement.to(self, dtypes.float16, memory_format=memory_format)

    def bfloat16(self, memory_format: Any = None) -> Any:
        """To bfloat16."""
        return movement.to(self, dtypes.bfloat16, memory_format=memory_format)

    def cfloat(self, memory_format: Any = None) -> Any:
        """To complex64."""
        return movement.to(self, dtypes.complex64, memory_format=memory_format)

    def cdouble(self, memory_format: Any = None) -> Any:
        """To complex128."""
        return movement.to(self, dtypes.complex128, memory_format=memory_format)

    def chalf(self, memory_format: Any = None) -> Any:
        """To complex numbers of float16 parts: refused, NumPy has none."""
        raise NotImplementedError(
            "Tensor.chalf: complex numbers of float16 parts are not supported: NumPy has no such "
            "dtype. Use .cfloat()"
        )

    def long(self, memory_format: Any = None) -> Any:
        """To int64."""
        return movement.to(self, dtypes.int64, memory_format=memory_format)

    def int(self, memory_format: Any = None) -> Any:
        """To int32."""
        return movement.to(self, dtypes.int32, memory_format=memory_format)

    def short(self, memory_format: Any = None) -> Any:
        """To int16."""
        return movement.to(self, dtypes.int16, memory_format=memory_format)

    def char(self, memory_format: Any = None) -> Any:
        """To int8."""
        return movement.to(self, dtypes.int8, memory_format=memory_format)

    def byte(self, memory_format: Any = None) -> Any:
        """To uint8."""
        return movement.to(self, dtypes.uint8, memory_format=memory_format)

    def bool(self, memory_format: Any = None) -> Any:
        """To bool: True where nonzero."""
        return movement.to(self, dtypes.bool, memory_format=memory_format)

    def pin_memory(self, device: Any = None) -> Any:
        """Accepted for PyTorch's sake; returns the tensor."""
        return self

    def is_pinned(self, device: Any = None) -> builtins.bool:
        """Whether the memory is page-locked: never here."""
        return False

    def is_distributed(self) -> builtins.bool:
        """Always False."""
        return False

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
        return from_data.new_leaf("tensor.new_tensor", data, dtype, device, requires_grad)

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

    def new(self, *data: Any, size: Any = None, device: Any = None) -> Any:
        """As ``FloatTensor(...)``, in this tensor's dtype and device."""
        given = data if size is None else tuple(size)
        return legacy_tensor(given, self.dtype, device or self.device)

    def apply_(self, callable: Callable[[Any], Any]) -> Any:
        """Replace each element by ``callable`` of it, in Python: for a few elements, on the CPU."""
        return self._mapped("apply_", callable)

    def map_(self, tensor: Any, callable: Callable[[Any, Any], Any]) -> Any:
        """Replace each element ``a`` by ``callable(a, b)`` with the element ``b`` of ``tensor``, in
        Python: for a few elements, on the CPU.
        """
        return self._mapped("map_", callable, tensor)

    def map2_(self, x: Any, y: Any, callable: Callable[[Any, Any, Any], Any]) -> Any:
        """``map_`` with the elements of two tensors: ``callable(a, b, c)``."""
        return self._mapped("map2_", callable, x, y)

    def _mapped(self, op: str, callable: Callable[..., Any], *tensors: Any) -> Any:
        if any(t.requires_grad for t in (self, *tensors)):
            raise RuntimeError(
                f"Can't call {op}() on Variable that requires grad. Use var.detach().{op}() "
                "instead."
            )
        columns = [t.expand(self.shape).numpy().reshape(-1).tolist() for t in (self, *tensors)]
        values = [callable(*row) for row in zip(*columns)]
        return self.copy_(from_data.tensor(values, dtype=self.dtype).reshape(self.shape))

    def to_dense(self, dtype: Any = None, *, masked_grad: Any = None) -> Any:
        """This tensor, which is dense already."""
        return self if dtype is None else movement.to(self, dtype)

    def to_sparse(
        self,
        sparse_dim: Any = None,
        *,
        layout: Any = None,
        blocksize: Any = None,
        dense_dim: Any = None,
    ) -> Any:
        """The elements that aren't 0, as a sparse tensor; see ``sparse.to_sparse``."""
        return _sparse().to_sparse(
            self, sparse_dim, layout=layout, blocksize=blocksize, dense_dim=dense_dim
        )

    def to_sparse_coo(self) -> Any:
        """This tensor as a sparse one in coordinates."""
        return self.to_sparse()

    def to_sparse_csr(self, dense_dim: Any = None) -> Any:
        """This matrix, or batch of them, as a sparse one by rows."""
        return self.to_sparse(layout=layouts.sparse_csr, dense_dim=dense_dim)

    def to_sparse_csc(self, dense_dim: Any = None) -> Any:
        """This matrix, or batch of them, as a sparse one by columns."""
        return self.to_sparse(layout=layouts.sparse_csc, dense_dim=dense_dim)

    def to_sparse_bsr(self, blocksize: Any, dense_dim: Any = None) -> Any:
        """This matrix, or batch of them, as a sparse one of blocks by rows."""
        return self.to_sparse(layout=layouts.sparse_bsr, blocksize=blocksize, dense_dim=dense_dim)

    def to_sparse_bsc(self, blocksize: Any, dense_dim: Any = None) -> Any:
        """This matrix, or batch of them, as a sparse one of blocks by columns."""
        return self.to_sparse(layout=layouts.sparse_bsc, blocksize=blocksize, dense_dim=dense_dim)

    def as_rows_of(self, size: Any, index: Any) -> Any:
        """The sparse tensor of this size whose rows at ``index`` (N) are these (N, *D), added up
        where a row is there twice."""
        return _sparse().SparseTensor.make(index.reshape(1, -1).long(), self, size, False)

    def sparse_mask(self, mask: Any) -> Any:
        """The elements at the places of the sparse tensor ``mask``."""
        return _sparse().sparse_mask(self, mask)

    coalesce, is_coalesced = _of_sparse("coalesce"), _of_sparse("is_coalesced")
    indices, values = _of_sparse("indices"), _of_sparse("values")
    crow_indices, col_indices = _of_sparse("crow_indices"), _of_sparse("col_indices")
    ccol_indices, row_indices = _of_sparse("ccol_indices"), _of_sparse("row_indices")

    def sparse_dim(self) -> builtins.int:
        """0: no dim is sparse."""
        return 0

    def dense_dim(self) -> builtins.int:
        """All dims."""
        return self.array.ndim

    clone = movement.clone

    def copy_(self, src: Any, non_blocking: builtins.bool = False) -> Any:
        """Overwrite this tensor with ``src``, broadcast and converted."""
        if isinstance(src, complex):
            src = from_data.tensor(src)
        elif src is None:
            raise no_tensor("copy_", "other", src)
        if isinstance(src, TensorBase):
            src = movement.to(src, self.dtype, self.device)
            if src.ndim > self.ndim:
                raise RuntimeError(
                    f"copy_: output with shape {list(self.shape)} doesn't match the broadcast "
                    f"shape {list(src.shape)}"
                )
        return _copy_(self, src)

    def module_load(self, other: Any, assign: builtins.bool = False) -> Any:
        """What a module that loads ``other`` for this tensor is to hold: another object than both.
        Asked under ``torch.__future__.set_swap_module_params_on_conversion``."""
        return other.detach() if assign else self.copy_(other).detach()

    def fill_(self, value: Any) -> Any:
        """Set every element to ``value``, a number or a 0-d tensor."""
        if isinstance(value, TensorBase) and value.array.ndim:
            raise RuntimeError(
                "fill_ only supports 0-dimension value tensor but got tensor with "
                f"{value.array.ndim} dimensions."
            )
        if isinstance(value, (int, float, complex)):
            value = dtypes.element(value, self.array.dtype)
        elif value is None:
            raise no_tensor("fill_", "value", value)
        return _fill_(self, value)

    def zero_(self) -> Any:
        """Set every element to 0."""
        return _zero_(self, 0)

    # -- subclasses --------------------------------------------------------------------------------

    def as_subclass(self, cls: builtins.type) -> Any:
        """The tensor as an instance of ``cls``, a subclass of Tensor, over the same memory and with
        its history."""
        if not (isinstance(cls, builtins.type) and issubclass(cls, TensorBase)):
            raise TypeError(f"as_subclass(): cls must be a subclass of Tensor, got {cls!r}")
        return as_class(self, cls)

    def _as_leaf(self, cls: builtins.type, requires_grad: builtins.bool = False) -> Any:
        """An instance of ``cls`` over the same memory, without history."""
        t: Any = object.__new__(cls)
        t.array, t._grad, t._node, t._view = self.array, None, None, None
        return t.requires_grad_() if requires_grad else t

    @staticmethod
    def _make_subclass(cls: builtins.type, data: Any, require_grad: builtins.bool = False) -> Any:
        """What classes derived from Tensor call in their ``__new__``."""
        return data._as_leaf(cls, require_grad)
