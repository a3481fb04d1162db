"""The Tensor: an array that remembers how it was computed.

Every method is one line into ``ops``; what a method does is documented there.
"""

from __future__ import annotations

import builtins
import copy
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import ops, printing
from .autograd.backward import backward
from .autograd.inplace import inplace, overwrite
from .autograd.node import AccumulateGrad, Output, RemovableHandle
from .autograd.primitive import TensorBase, View, current_node, register_result_class
from .autograd.structural import cast
from .autograd.versions import version_of
from .backend import device, device_of, dtypes, to_host
from .ops import creation, elementwise, movement, random
from .ops import layout as layout_ops
from .ops import rearranging
from .ops import shape as shape_ops


class Size(tuple):
    """A tensor's shape: a tuple of sizes that prints as PyTorch's."""

    __slots__ = ()

    def numel(self) -> int:
        """The number of elements of a tensor of this shape."""
        n = 1
        for size in self:
            n *= size
        return n

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def __add__(self, other: Any) -> Size:
        return Size(tuple.__add__(self, tuple(other)))

    def __getitem__(self, index: Any) -> Any:
        item = tuple.__getitem__(self, index)
        return Size(item) if isinstance(index, slice) else item


def reflected(operator: Callable[..., Any]) -> Callable[..., Any]:
    """The operator with its operands swapped, for a left operand that is no Tensor."""
    return lambda self, other: operator(other, self)


def comparison_operator(function: Callable[..., Any]) -> Callable[..., Any]:
    """The operator of a comparison; what is neither a tensor nor a number is left to Python (``x == None`` is False)."""

    def operator(self: Any, other: Any) -> Any:
        if other is None:
            return NotImplemented
        try:
            return function(self, other)
        except TypeError:
            if isinstance(other, (TensorBase, np.ndarray, np.generic, builtins.int, builtins.float)):
                raise
            return NotImplemented

    return operator


class Tensor(TensorBase):
    """An n-dimensional array with reverse-mode differentiation.

    ``Tensor(2, 3)`` is an uninitialised float tensor of that shape, ``Tensor([1, 2])`` a float copy
    of the data; ``minitorch_dl.tensor`` is the usual way to make one.

    >>> import minitorch_dl as torch
    >>> x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4., 6.])
    """

    __slots__ = ()
    __array_priority__ = 1000
    layout = "torch.strided"
    is_cpu = property(lambda self: device_of(self.array).type == "cpu")
    is_cuda = property(lambda self: device_of(self.array).type == "cuda")
    is_sparse = is_quantized = is_nested = is_mkldnn = is_meta = is_mps = False
    names = property(lambda self: (None,) * self.array.ndim)

    def __init__(self, *data: Any, device: Any = None) -> None:
        if len(data) == 1 and not isinstance(data[0], int):
            wanted = dtypes.get_default_dtype()
            value = data[0]
            if isinstance(value, Size):
                value = creation.empty(value, device=device)
            self.array = creation.tensor(value, dtype=wanted, device=device).array
        else:
            self.array = creation.empty(*(data or (0,)), device=device).array
        self.grad = None
        self._node = None
        self._view = None

    # -- what it is ----------------------------------------------------------------------------------------------------

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
                f"Dimension out of range (expected to be in range of [{low}, {high}], but got {dim})"
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
        """Always False: complex dtypes are not supported."""
        return False

    def is_signed(self) -> builtins.bool:
        """Whether the dtype can hold negative numbers."""
        return self.dtype.is_signed

    # -- conversion (ops/creation.py, ops/movement.py) -----------------------------------------------------------------

    def item(self) -> Any:
        """The value of a tensor of one element, as a Python number."""
        if self.array.size != 1:
            raise RuntimeError(
                f"a Tensor with {self.array.size} elements cannot be converted to Scalar"
            )
        value = to_host(self.array).item()
        return value if isinstance(value, (bool, int, float)) else float(value)

    def tolist(self) -> Any:
        """The values as a number or nested lists of numbers."""
        return printing._widen(self.array).tolist()

    def numpy(self, *, force: builtins.bool = False) -> np.ndarray:
        """The NumPy array that shares this tensor's memory (with ``force``: a copy where that is impossible)."""
        if force:
            return to_host(self.array)
        if self.requires_grad:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
            )
        if not isinstance(self.array, np.ndarray):
            raise TypeError(
                f"can't convert {self.device} device type tensor to numpy. "
                "Use Tensor.cpu() to copy the tensor to host memory first."
            )
        return self.array

    def __array__(self, dtype: Any = None, copy: builtins.bool | None = None) -> np.ndarray:
        array = self.numpy()
        return np.array(array, dtype=dtype, copy=copy if copy is not None or dtype is not None else None)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """NumPy's ufuncs on tensors give tensors: ``ndarray + tensor``, ``np.sin(tensor)``."""
        if method != "__call__" or kwargs:
            arrays = [x.numpy() if isinstance(x, Tensor) else x for x in inputs]
            return getattr(ufunc, method)(*arrays, **kwargs)
        name = {"power": "pow", "absolute": "abs", "invert": "bitwise_not"}.get(
            ufunc.__name__, ufunc.__name__
        )
        op = getattr(ops, name, None)
        if op is None:
            return NotImplemented
        return op(*[creation.as_tensor(x) if isinstance(x, np.ndarray) else x for x in inputs])

    def __dlpack__(self, **kwargs: Any) -> Any:
        if self.requires_grad:
            raise BufferError(
                "Can't export tensors that require gradient, use tensor.detach()"
            )
        return self.array.__dlpack__(**kwargs)

    def __dlpack_device__(self) -> Any:
        return self.array.__dlpack_device__()

    def to(self, *args: Any, **kwargs: Any) -> Tensor:
        """This tensor in another dtype or on another device: ``to(dtype)``, ``to(device)``, ``to(device, dtype)``, ``to(other)``."""
        wanted_device, wanted_dtype = kwargs.pop("device", None), kwargs.pop("dtype", None)
        copy_ = kwargs.pop("copy", False)
        kwargs.pop("non_blocking", None), kwargs.pop("memory_format", None)
        if kwargs:
            raise TypeError(f"to() got an unexpected keyword argument {next(iter(kwargs))!r}")
        rest = []
        for arg in args:
            if isinstance(arg, Tensor):
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
        return creation.to(self, wanted_dtype, wanted_device, copy_)

    def type(self, dtype: Any = None, non_blocking: builtins.bool = False) -> Any:
        """The type's name (``"torch.FloatTensor"``), or this tensor in another dtype."""
        if dtype is None:
            where = "torch." if self.is_cpu else "torch.cuda."
            return f"{where}{_LEGACY_NAMES[self.dtype.name]}Tensor"
        if isinstance(dtype, str) and dtype.endswith("Tensor"):
            dtype = _BY_LEGACY_NAME[dtype.split(".")[-1].removesuffix("Tensor")]
        elif getattr(dtype, "dtype", None) is not None and not isinstance(dtype, dtypes.dtype):
            dtype = dtype.dtype
        return creation.to(self, dtype)

    def type_as(self, other: Tensor) -> Tensor:
        """This tensor in the dtype and on the device of ``other``."""
        return creation.to(self, other.dtype, other.device)

    def cpu(self, memory_format: Any = None) -> Tensor:
        """This tensor in host memory; itself when it is there."""
        return creation.to(self, device="cpu")

    def cuda(self, device: Any = None, non_blocking: builtins.bool = False, memory_format: Any = None) -> Tensor:
        """This tensor on the GPU; itself when it is there."""
        return creation.to(self, device="cuda" if device is None else device)

    def float(self, memory_format: Any = None) -> Tensor:
        """To float32."""
        return creation.to(self, dtypes.float32)

    def double(self, memory_format: Any = None) -> Tensor:
        """To float64."""
        return creation.to(self, dtypes.float64)

    def half(self, memory_format: Any = None) -> Tensor:
        """To float16."""
        return creation.to(self, dtypes.float16)

    def bfloat16(self, memory_format: Any = None) -> Tensor:
        """To bfloat16."""
        return creation.to(self, dtypes.bfloat16)

    def long(self, memory_format: Any = None) -> Tensor:
        """To int64."""
        return creation.to(self, dtypes.int64)

    def int(self, memory_format: Any = None) -> Tensor:
        """To int32."""
        return creation.to(self, dtypes.int32)

    def short(self, memory_format: Any = None) -> Tensor:
        """To int16."""
        return creation.to(self, dtypes.int16)

    def char(self, memory_format: Any = None) -> Tensor:
        """To int8."""
        return creation.to(self, dtypes.int8)

    def byte(self, memory_format: Any = None) -> Tensor:
        """To uint8."""
        return creation.to(self, dtypes.uint8)

    def bool(self, memory_format: Any = None) -> Tensor:
        """To bool: True where nonzero."""
        return creation.to(self, dtypes.bool)

    def pin_memory(self, device: Any = None) -> Tensor:
        """Accepted for PyTorch's sake; returns the tensor."""
        return self

    def is_pinned(self, device: Any = None) -> builtins.bool:
        """Whether the memory is page-locked: never here."""
        return False

    def share_memory_(self) -> Tensor:
        """Accepted for PyTorch's sake; returns the tensor."""
        return self

    def new_tensor(self, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: builtins.bool = False) -> Tensor:
        """A new tensor of ``data`` in this one's dtype and device."""
        dtype, device = self._defaults(dtype, device)
        return creation.tensor(data, dtype=dtype, device=device, requires_grad=requires_grad)

    def _defaults(self, dtype: Any, device: Any) -> tuple[Any, Any]:
        return self.dtype if dtype is None else dtype, self.device if device is None else device

    def _new(self, make: Any, size: Any, dtype: Any, device: Any, options: dict[str, Any]) -> Tensor:
        dtype, device = self._defaults(dtype, device)
        return make(*size, dtype=dtype, device=device, **options)

    def new_zeros(self, *size: Any, dtype: Any = None, device: Any = None, **options: Any) -> Tensor:
        """Zeros in this tensor's dtype and device."""
        return self._new(creation.zeros, size, dtype, device, options)

    def new_ones(self, *size: Any, dtype: Any = None, device: Any = None, **options: Any) -> Tensor:
        """Ones in this tensor's dtype and device."""
        return self._new(creation.ones, size, dtype, device, options)

    def new_empty(self, *size: Any, dtype: Any = None, device: Any = None, **options: Any) -> Tensor:
        """An uninitialised tensor in this one's dtype and device."""
        return self._new(creation.empty, size, dtype, device, options)

    def new_full(self, size: Any, fill_value: Any, dtype: Any = None, device: Any = None, **options: Any) -> Tensor:
        """``fill_value`` in this tensor's dtype and device."""
        return self._new(creation.full, (size, fill_value), dtype, device, options)

    new = new_empty
    clone = movement.clone

    def copy_(self, src: Any, non_blocking: builtins.bool = False) -> Tensor:
        """Overwrite this tensor with ``src``, broadcast and converted."""
        src = creation.to(src, self.dtype, self.device) if isinstance(src, Tensor) else src
        return _copy_(self, src)

    # -- Python's protocols --------------------------------------------------------------------------------------------

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
        return builtins.float(self.item())

    def __int__(self) -> builtins.int:
        return builtins.int(self.item())

    def __index__(self) -> builtins.int:
        if self.dtype.is_floating_point or self.array.size != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return builtins.int(self.item())

    def __len__(self) -> builtins.int:
        if self.array.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return self.array.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if self.array.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __contains__(self, element: Any) -> builtins.bool:
        if isinstance(element, (Tensor, int, float, builtins.bool)):
            return builtins.bool((self == element).any().item())
        raise RuntimeError(
            f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}."
        )

    def __hash__(self) -> builtins.int:
        return id(self)

    def __deepcopy__(self, memo: dict[builtins.int, Any]) -> Any:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment."
            )
        if id(self) in memo:
            return memo[id(self)]
        new = object.__new__(type(self))
        memo[id(self)] = new
        new.array = self.array.copy()
        new.grad = copy.deepcopy(self.grad, memo)
        new._view = None
        new._node = None if self._node is None else AccumulateGrad(new)
        new.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return new

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _rebuild, (type(self), to_host(self.array), str(self.device), self.requires_grad), self.__dict__ or None

    # -- autograd ------------------------------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> builtins.bool:
        return current_node(self) is not None

    @requires_grad.setter
    def requires_grad(self, value: builtins.bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: builtins.bool = True) -> Tensor:
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
            if node is not None and (node.pre_hooks or node.post_hooks):
                self.__dict__["_hooked_node"] = node  # its hooks work again when gradients are wanted again
            self._node = None
        elif node is None:
            self._node = self.__dict__.pop("_hooked_node", None) or AccumulateGrad(self)
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
    def output_nr(self) -> builtins.int:
        """Which of the outputs of ``grad_fn`` this tensor is."""
        node = current_node(self)
        return node.index if type(node) is Output else 0

    @property
    def _version(self) -> builtins.int:
        return version_of(self.array)

    @property
    def grad(self) -> Any:
        """The gradient that ``backward`` accumulated for this leaf (or, after ``retain_grad``, non-leaf); None before."""
        g = self._grad
        if g is None and not self.is_leaf and not self.retains_grad:
            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't be "
                "populated during autograd.backward(). If you indeed want the .grad field to be populated for a non-leaf Tensor, "
                "use .retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor by mistake, make sure you access "
                "the leaf Tensor instead.",
                UserWarning,
                stacklevel=2,
            )
        return g

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None:
            if not isinstance(value, TensorBase):
                raise TypeError(
                    f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}"
                )
            if value is self:
                raise RuntimeError("can't assign Variable as its own grad")
            if value.array.shape != self.array.shape:
                raise RuntimeError(
                    f"attempting to assign a gradient of size '{list(value.array.shape)}' to a tensor of size "
                    f"'{list(self.array.shape)}'. Please ensure that the gradient and the tensor are the same size"
                )
            if value.array.dtype != self.array.dtype:
                raise RuntimeError(
                    f"attempting to assign a gradient with dtype '{value.array.dtype}' to a tensor with dtype "
                    f"'{self.array.dtype}'. The gradient must match the tensor's dtype"
                )
            if device_of(value.array) != device_of(self.array):
                raise RuntimeError(
                    f"attempting to assign a gradient located on device '{device_of(value.array)}' to a tensor located on "
                    f"device '{device_of(self.array)}'. Please ensure that the gradient and the tensor are on the same device"
                )
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    def backward(
        self, gradient: Any = None, retain_graph: builtins.bool | None = None, create_graph: builtins.bool = False, inputs: Any = None
    ) -> None:
        """Add the gradient of this tensor to the ``.grad`` of every leaf that it depends on; see ``autograd.backward``."""
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
        """Call ``hook(grad)`` when this tensor's gradient is known; a Tensor that it returns is used instead.

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
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        if node.post_hooks is None:
            node.post_hooks = OrderedDict()
        return RemovableHandle(node.post_hooks, hook)

    def detach(self) -> Tensor:
        """The same memory without history."""
        return TensorBase.wrap(self.array)

    def detach_(self) -> Tensor:
        """Forget this tensor's history; it becomes a leaf that requires no gradient."""
        if self._view is not None and self._view.frozen != "data":
            raise RuntimeError("Can't detach views in-place. Use detach() instead.")
        self._node = None
        return self

    def is_inference(self) -> builtins.bool:
        """False: tensors made under ``inference_mode`` are ordinary ones here."""
        return False

    @property
    def data(self) -> Tensor:
        """The same memory without history; PyTorch doesn't count writes to it."""
        out = TensorBase.wrap(self.array)
        out._view = View(TensorBase.wrap(self.array), None, {}, "data")
        return out

    @data.setter
    def data(self, value: Tensor) -> None:
        self.array = value.array

    # -- random numbers in place (ops/random.py) -----------------------------------------------------------------------

    uniform_, normal_, bernoulli_ = random.uniform_, random.normal_, random.bernoulli_
    random_, exponential_, geometric_ = random.random_, random.exponential_, random.geometric_
    log_normal_, cauchy_ = random.log_normal_, random.cauchy_
    bernoulli, multinomial = ops.bernoulli, ops.multinomial

    # -- shape (ops/shape.py) ------------------------------------------------------------------------------------------

    reshape, view, reshape_as, view_as = ops.reshape, ops.view, ops.reshape_as, ops.view_as
    flatten, unflatten, ravel = ops.flatten, ops.unflatten, ops.ravel
    squeeze, unsqueeze = ops.squeeze, ops.unsqueeze
    transpose, swapaxes, swapdims, t, adjoint = ops.transpose, ops.swapaxes, ops.swapdims, ops.t, ops.adjoint
    permute, movedim, moveaxis = ops.permute, ops.movedim, ops.moveaxis
    T, mT, H, mH = property(shape_ops.T), property(shape_ops.mT), property(shape_ops.H), property(shape_ops.mT)
    expand, expand_as, broadcast_to = ops.expand, ops.expand_as, ops.broadcast_to
    contiguous = ops.contiguous

    # -- memory layout (ops/layout.py) ---------------------------------------------------------------------------------

    as_strided, resize_, resize_as_ = ops.as_strided, layout_ops.resize_, layout_ops.resize_as_
    is_contiguous, stride = layout_ops.is_contiguous, layout_ops.stride
    storage_offset, data_ptr = layout_ops.storage_offset, layout_ops.data_ptr
    _base, _is_view = property(layout_ops.base), layout_ops.is_view
    squeeze_ = layout_ops.view_inplace(ops.squeeze, "squeeze_")
    unsqueeze_ = layout_ops.view_inplace(ops.unsqueeze, "unsqueeze_")
    transpose_ = layout_ops.view_inplace(ops.transpose, "transpose_")
    swapaxes_ = layout_ops.view_inplace(ops.transpose, "swapaxes_")
    swapdims_ = layout_ops.view_inplace(ops.transpose, "swapdims_")
    t_ = layout_ops.view_inplace(ops.t, "t_")

    # -- rearrangement (ops/rearranging.py) ----------------------------------------------------------------------------

    repeat, tile, repeat_interleave = rearranging.repeat, ops.tile, ops.repeat_interleave
    roll, flip, fliplr, flipud, rot90 = ops.roll, ops.flip, ops.fliplr, ops.flipud, ops.rot90
    tril, triu, tril_, triu_ = ops.tril, ops.triu, inplace(ops.tril, "tril_"), inplace(ops.triu, "triu_")
    diagonal, diag, diag_embed, diagflat = ops.diagonal, ops.diag, ops.diag_embed, ops.diagflat
    unfold, narrow_copy = rearranging.unfold, ops.narrow_copy
    sum_to_size, fill_diagonal_ = rearranging.sum_to_size, rearranging.fill_diagonal_
    slice_scatter, select_scatter, diagonal_scatter = ops.slice_scatter, ops.select_scatter, ops.diagonal_scatter

    # -- taking apart (ops/joining.py) ---------------------------------------------------------------------------------

    split, split_with_sizes, chunk, unbind = ops.split, ops.split_with_sizes, ops.chunk, ops.unbind
    tensor_split, hsplit, vsplit, dsplit = ops.tensor_split, ops.hsplit, ops.vsplit, ops.dsplit

    # -- indexing (ops/indexing.py) ------------------------------------------------------------------------------------

    __getitem__, __setitem__ = ops.getitem, ops.setitem
    select, narrow = ops.select, ops.narrow
    index_select, gather, take, take_along_dim = ops.index_select, ops.gather, ops.take, ops.take_along_dim
    index_add, index_add_ = ops.index_add, inplace(ops.index_add, "index_add_")
    index_copy, index_copy_ = ops.index_copy, inplace(ops.index_copy, "index_copy_")
    index_fill, index_fill_ = ops.index_fill, inplace(ops.index_fill, "index_fill_")
    index_put, index_put_ = ops.index_put, inplace(ops.index_put, "index_put_")
    index_reduce, index_reduce_ = ops.index_reduce, inplace(ops.index_reduce, "index_reduce_")
    put, put_ = ops.put, inplace(ops.put, "put_")
    scatter, scatter_ = ops.scatter, inplace(ops.scatter, "scatter_")
    scatter_add, scatter_add_ = ops.scatter_add, inplace(ops.scatter_add, "scatter_add_")
    scatter_reduce, scatter_reduce_ = ops.scatter_reduce, inplace(ops.scatter_reduce, "scatter_reduce_")
    masked_fill, masked_fill_ = ops.masked_fill, inplace(ops.masked_fill, "masked_fill_")
    masked_scatter, masked_scatter_ = ops.masked_scatter, inplace(ops.masked_scatter, "masked_scatter_")
    masked_select, nonzero, argwhere = ops.masked_select, ops.nonzero, ops.argwhere

    # -- pointwise (ops/elementwise.py, rounding.py, selection.py, comparison.py, special.py, activation.py) ----

    abs, absolute, neg = ops.abs, ops.absolute, ops.neg
    negative, positive, sign = ops.negative, ops.positive, ops.sign
    sgn, signbit = ops.sgn, ops.signbit
    add, sub, subtract = ops.add, ops.sub, ops.subtract
    mul, multiply, div = ops.mul, ops.multiply, ops.div
    divide, true_divide, floor_divide = ops.divide, ops.true_divide, ops.floor_divide
    remainder, fmod = ops.remainder, ops.fmod
    addcmul, addcdiv, lerp = ops.addcmul, ops.addcdiv, ops.lerp
    pow, float_power, square = ops.pow, ops.float_power, ops.square
    sqrt, rsqrt, reciprocal, hypot = ops.sqrt, ops.rsqrt, ops.reciprocal, ops.hypot
    exp, exp2, expm1, log, log2, log10 = ops.exp, ops.exp2, ops.expm1, ops.log, ops.log2, ops.log10
    log1p, logaddexp, logaddexp2 = ops.log1p, ops.logaddexp, ops.logaddexp2
    sin, cos, tan, asin, acos, atan = ops.sin, ops.cos, ops.tan, ops.asin, ops.acos, ops.atan
    atan2, sinh, cosh = ops.atan2, ops.sinh, ops.cosh
    tanh, asinh, acosh = ops.tanh, ops.asinh, ops.acosh
    atanh, deg2rad, rad2deg = ops.atanh, ops.deg2rad, ops.rad2deg
    arcsin, arccos, arctan = ops.arcsin, ops.arccos, ops.arctan
    arctan2, arcsinh, arccosh = ops.arctan2, ops.arcsinh, ops.arccosh
    arctanh = ops.arctanh
    floor, ceil, trunc = ops.floor, ops.ceil, ops.trunc
    fix, frac, round = ops.fix, ops.frac, ops.round
    copysign, nextafter, frexp = ops.copysign, ops.nextafter, ops.frexp
    ldexp, gcd, lcm = ops.ldexp, ops.gcd, ops.lcm
    clamp, clamp_min, clamp_max = ops.clamp, ops.clamp_min, ops.clamp_max
    clip, maximum, minimum = ops.clip, ops.maximum, ops.minimum
    fmax, fmin, heaviside, nan_to_num = ops.fmax, ops.fmin, ops.heaviside, ops.nan_to_num
    eq, ne, lt, le, gt, ge = ops.eq, ops.ne, ops.lt, ops.le, ops.gt, ops.ge
    not_equal, less, less_equal = ops.not_equal, ops.less, ops.less_equal
    greater, greater_equal, equal = ops.greater, ops.greater_equal, ops.equal
    isclose, allclose = ops.isclose, ops.allclose
    isnan, isinf, isfinite = ops.isnan, ops.isinf, ops.isfinite
    isposinf, isneginf, isreal = ops.isposinf, ops.isneginf, ops.isreal
    is_nonzero = ops.is_nonzero
    logical_and, logical_or = ops.logical_and, ops.logical_or
    logical_xor, logical_not = ops.logical_xor, ops.logical_not
    bitwise_and, bitwise_or, bitwise_xor = ops.bitwise_and, ops.bitwise_or, ops.bitwise_xor
    bitwise_not, bitwise_left_shift, bitwise_right_shift = ops.bitwise_not, ops.bitwise_left_shift, ops.bitwise_right_shift

    softmax, log_softmax = ops.softmax, ops.log_softmax
    sigmoid, logit, sinc, xlogy = ops.sigmoid, ops.logit, ops.sinc, ops.xlogy
    erf, erfc, erfinv, i0 = ops.erf, ops.erfc, ops.erfinv, ops.i0
    lgamma, digamma, polygamma, mvlgamma = ops.lgamma, ops.digamma, ops.polygamma, ops.mvlgamma
    relu, relu_, prelu, hardshrink = ops.relu, ops.relu_, ops.prelu, ops.hardshrink

    def where(self, condition: Tensor, other: Any) -> Tensor:
        """This tensor where ``condition`` is true, ``other`` elsewhere."""
        return ops.where(condition, self, other)

    def fill_(self, value: Any) -> Tensor:
        """Set every element to ``value``, a number or a 0-d tensor."""
        if isinstance(value, Tensor) and value.array.ndim:
            raise RuntimeError(
                f"fill_ only supports 0-dimension value tensor but got tensor with {value.array.ndim} dimensions."
            )
        return _fill_(self, value)

    def zero_(self) -> Tensor:
        """Set every element to 0."""
        return _zero_(self, 0)

    __add__ = __radd__ = elementwise._add
    __mul__ = __rmul__ = elementwise.mul
    __sub__, __truediv__, __pow__ = elementwise._sub, elementwise._div, elementwise._pow
    __floordiv__, __mod__ = elementwise.div_floor, elementwise.remainder
    __rsub__, __rtruediv__, __rpow__ = reflected(__sub__), reflected(__truediv__), reflected(__pow__)
    __rfloordiv__, __rmod__ = reflected(__floordiv__), reflected(__mod__)
    __neg__, __pos__, __abs__, __invert__ = ops.neg, ops.positive, ops.abs, ops.bitwise_not
    __eq__, __ne__ = comparison_operator(ops.eq), comparison_operator(ops.ne)
    __lt__, __le__ = comparison_operator(ops.lt), comparison_operator(ops.le)
    __gt__, __ge__ = comparison_operator(ops.gt), comparison_operator(ops.ge)
    __and__ = __rand__ = ops.bitwise_and
    __or__ = __ror__ = ops.bitwise_or
    __xor__ = __rxor__ = ops.bitwise_xor
    __lshift__, __rshift__ = ops.bitwise_left_shift, ops.bitwise_right_shift
    __rlshift__, __rrshift__ = reflected(__lshift__), reflected(__rshift__)

    # -- reductions (ops/reductions.py, ops/extrema.py) -----------------------------------------------------------------

    sum, mean, nansum, nanmean, prod = ops.sum, ops.mean, ops.nansum, ops.nanmean, ops.prod
    var, std, logsumexp = ops.var, ops.std, ops.logsumexp
    any, all, count_nonzero = ops.any, ops.all, ops.count_nonzero
    max, min, amax, amin, aminmax = ops.max, ops.min, ops.amax, ops.amin, ops.aminmax
    argmax, argmin = ops.argmax, ops.argmin

    # -- scans and sorting (ops/scans.py, ops/sorting.py, ops/counting.py) ----------------------------------------------------------------

    cumsum, cumprod, logcumsumexp = ops.cumsum, ops.cumprod, ops.logcumsumexp
    cummax, cummin, diff = ops.cummax, ops.cummin, ops.diff
    cumsum_, cumprod_ = inplace(ops.cumsum, "cumsum_"), inplace(ops.cumprod, "cumprod_")
    sort, argsort, msort, topk, kthvalue = ops.sort, ops.argsort, ops.msort, ops.topk, ops.kthvalue
    median, nanmedian, mode = ops.median, ops.nanmedian, ops.mode
    quantile, nanquantile = ops.quantile, ops.nanquantile
    unique, unique_consecutive = ops.unique, ops.unique_consecutive
    bincount, histc, histogram = ops.bincount, ops.histc, ops.histogram

    # -- matrix products (ops/matmul.py) ---------------------------------------------------------------------------------

    matmul, mm, bmm, mv, dot, vdot = ops.matmul, ops.mm, ops.bmm, ops.mv, ops.dot, ops.vdot
    addmm, addmv, addr, addbmm, baddbmm = ops.addmm, ops.addmv, ops.addr, ops.addbmm, ops.baddbmm
    addmm_, addmv_, addr_ = inplace(ops.addmm, "addmm_"), inplace(ops.addmv, "addmv_"), inplace(ops.addr, "addr_")
    addbmm_, baddbmm_ = inplace(ops.addbmm, "addbmm_"), inplace(ops.baddbmm, "baddbmm_")
    outer, ger, inner, kron, trace, cross = ops.outer, ops.ger, ops.inner, ops.kron, ops.trace, ops.cross
    __matmul__ = ops.matmul

    def __rmatmul__(self, other: Any) -> Tensor:
        return ops.matmul(ops.asarray(other), self)

    # -- linear algebra (ops/solving.py, ops/factorizations.py, ops/norms.py, ops/matrix_functions.py) -------------------

    norm, det, logdet, slogdet, inverse = ops.norm, ops.det, ops.logdet, ops.slogdet, ops.inverse
    cholesky, cholesky_solve, cholesky_inverse = ops.cholesky, ops.cholesky_solve, ops.cholesky_inverse
    qr, svd, triangular_solve, pinverse = ops.qr, ops.svd, ops.triangular_solve, ops.pinverse
    matrix_power, matrix_exp = ops.matrix_power, ops.matrix_exp

    # -- distances and statistics (ops/distances.py, ops/statistics.py) ---------------------------------------------------

    dist, cov, corrcoef = ops.dist, ops.cov, ops.corrcoef
    renorm, renorm_ = ops.renorm, inplace(ops.renorm, "renorm_")


def current_is_recorded(tensor: Tensor) -> builtins.bool:
    """Whether the tensor has a history, which its text then shows."""
    return current_node(tensor) is not None


def _rebuild(cls: type, array: np.ndarray, where: str, requires_grad: builtins.bool) -> Any:
    """A tensor from its pickled parts."""
    t: Any = object.__new__(cls)
    t.array = creation.to_array(array, device=where)
    t.grad = t._view = None
    t._node = AccumulateGrad(t) if requires_grad else None
    return t


_copy_, _fill_, _zero_ = (inplace(overwrite, name) for name in ("copy_", "fill_", "zero_"))

_IN_PLACE = """
    abs absolute neg negative sign sgn add sub subtract mul multiply div divide true_divide floor_divide remainder fmod
    addcmul addcdiv lerp pow float_power square sqrt rsqrt reciprocal hypot exp exp2 expm1 log log2 log10 log1p
    sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh deg2rad rad2deg
    arcsin arccos arctan arctan2 arcsinh arccosh arctanh floor ceil trunc fix frac round copysign nextafter ldexp gcd lcm
    clamp clamp_min clamp_max clip heaviside nan_to_num eq ne lt le gt ge not_equal less less_equal greater greater_equal
    logical_and logical_or logical_xor logical_not
    bitwise_and bitwise_or bitwise_xor bitwise_not bitwise_left_shift bitwise_right_shift
    sigmoid logit sinc xlogy erf erfc erfinv i0 lgamma digamma polygamma mvlgamma
"""
for _name in _IN_PLACE.split():
    setattr(Tensor, f"{_name}_", inplace(getattr(ops, _name), f"{_name}_"))
for _operator, _name in {
    "add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "floordiv": "floor_divide", "mod": "remainder",
    "pow": "pow", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor", "lshift": "bitwise_left_shift",
    "rshift": "bitwise_right_shift",
}.items():  # fmt: skip
    setattr(Tensor, f"__i{_operator}__", getattr(Tensor, f"{_name}_"))

_LEGACY_NAMES = {
    "float32": "Float", "float64": "Double", "float16": "Half", "bfloat16": "BFloat16", "uint8": "Byte",
    "int8": "Char", "int16": "Short", "int32": "Int", "int64": "Long", "bool": "Bool",
}  # fmt: skip
_BY_LEGACY_NAME = {legacy: dtypes.as_dtype(name) for name, legacy in _LEGACY_NAMES.items()}



class _LegacyType(type):
    """The type of ``FloatTensor`` and its siblings: a call makes a Tensor of the dtype, isinstance asks for it."""

    dtype: dtypes.dtype

    def __instancecheck__(cls, instance: Any) -> builtins.bool:
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype

    def __call__(cls, *data: Any) -> Tensor:
        if len(data) == 1 and not isinstance(data[0], int):
            return creation.tensor(data[0], dtype=cls.dtype)
        return creation.empty(*(data or (0,)), dtype=cls.dtype)


def _legacy(name: str) -> Any:
    dtype = _BY_LEGACY_NAME[name]
    doc = f"PyTorch's old name for making a {dtype.name} tensor."
    return _LegacyType(f"{name}Tensor", (), {"dtype": dtype, "__doc__": doc})


FloatTensor, DoubleTensor, HalfTensor = _legacy("Float"), _legacy("Double"), _legacy("Half")
BFloat16Tensor, ByteTensor, CharTensor = _legacy("BFloat16"), _legacy("Byte"), _legacy("Char")
ShortTensor, IntTensor, LongTensor = _legacy("Short"), _legacy("Int"), _legacy("Long")
BoolTensor = _legacy("Bool")

register_result_class(Tensor)
