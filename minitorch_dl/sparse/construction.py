"""Sparse tensors from places and entries, and from dense tensors."""

from __future__ import annotations

from typing import Any

from ..autograd.engine_ops import alias
from ..autograd.node_names import named
from ..autograd.primitive import TensorBase
from ..backend import array_module, check_all, dtypes, layouts
from ..ops import cat, reshape, stack, tensor, zeros
from ..tensor import Tensor
from .tensor import SparseTensor, implements

wrap = TensorBase.wrap


def values_of(values: Any, dtype: Any, device: Any) -> Any:
    """Values as a tensor."""
    given = values if isinstance(values, Tensor) else tensor(values, device=device)
    return given if dtype is None and device is None else given.to(device, dtype)


def places_of(indices: Any, device: Any, dtype: Any = dtypes.int64) -> Any:
    """Indices as a tensor of int64, or of their own dtype with None."""
    given = indices if isinstance(indices, Tensor) else tensor(indices)
    return given.to(device, dtype)


def attached(entries: Any, requires_grad: bool) -> Any:
    """Entries on the graph of the values they are made of, unless they are to be a leaf."""
    if requires_grad:
        return entries.detach().requires_grad_()
    # another tensor over the same memory, whose requires_grad is its own
    return named(alias(entries), "SparseCooTensorWithDimsAndTensorsBackward0")


def sparse_coo_tensor(
    indices: Any = None,
    values: Any = None,
    size: Any = None,
    *,
    dtype: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
    check_invariants: bool | None = None,
    is_coalesced: bool | None = None,
) -> SparseTensor:
    """The sparse tensor with ``values`` (nnz, *dense sizes) at ``indices`` (D, nnz); gradients flow
    to ``values``.

    Args:
        indices: or the size alone, of a tensor without entries.
        size: the smallest that holds all places, unless given.
        requires_grad: make the result a leaf that wants a gradient.
        is_coalesced: promise that the places are distinct and in ascending order.

    Raises:
        RuntimeError: parts that don't fit, or a place outside ``size``.

    >>> import minitorch_dl as torch
    >>> torch.sparse_coo_tensor([[0, 1], [2, 0]], [3.0, 4.0]).to_dense()
    tensor([[0., 0., 3.],
            [4., 0., 0.]])
    """
    op = "sparse_coo_tensor"
    if values is None:
        size = indices if size is None else size
        if size is None:
            raise TypeError(f"{op}(): give indices and values, or the size alone")
        size = tuple(size)
        entries = attached(values_of(zeros(0), dtype, device), requires_grad)
        places = zeros(len(size), 0, dtype=dtypes.int64, device=entries.device)
        return SparseTensor.make(places, entries, size, True)
    entries = attached(values_of(values, dtype, device), requires_grad)
    places = places_of(indices, entries.device)
    if not entries.ndim:
        entries = entries.reshape(1)
    if places.ndim != 2 or places.shape[1] != entries.shape[0]:
        raise RuntimeError(
            f"{op}(): indices and values must have same nnz: expected indices (sparse dims, nnz) "
            f"and values (nnz, ...), got {list(places.shape)} and {list(entries.shape)}"
        )
    a, depth = places.array, places.shape[0]
    if size is None:
        size = (*[int(n) + 1 for n in a.max(1, initial=-1)], *entries.shape[1:])
    size = tuple(size)
    if len(size) != depth + entries.ndim - 1 or size[depth:] != tuple(entries.shape[1:]):
        raise RuntimeError(
            f"{op}(): number of dimensions must be sparse_dim ({depth}) + dense_dim "
            f"({entries.ndim - 1}), or values has incorrect size: got size {list(size)} for values "
            f"{list(entries.shape)}"
        )
    limits = array_module(a).asarray(size[:depth]).reshape(depth, 1)
    check_all(
        (a >= 0) & (a < limits),
        RuntimeError,
        f"{op}(): size is inconsistent with indices: found an index outside size {list(size)}",
    )
    return SparseTensor.make(places, entries, size, bool(is_coalesced))


@implements(Tensor.new, Tensor.new_empty, Tensor.new_zeros)
def _new(
    self: Any, *parts: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> SparseTensor:
    """A sparse tensor of this one's dtype: of these places and values, or of this size without
    entries."""
    if parts and isinstance(parts[0], int):
        parts = (parts,)
    return sparse_coo_tensor(
        *(parts or ((0,),)),
        dtype=self.dtype if dtype is None else dtype,
        device=self.device if device is None else device,
        requires_grad=requires_grad,
    )


def _whole_blocks(filled: Any, h: int, w: int) -> Any:
    """Where there is any True in the block (h, w) of the last two dims."""
    *batch, m, n = filled.shape
    if m % h or n % w:
        return filled
    blocks = filled.reshape(*batch, m // h, h, n // w, w)
    any_in_block = blocks.any(-3, keepdims=True).any(-1, keepdims=True)
    return (blocks | any_in_block).reshape(filled.shape)


def to_sparse(
    input: Any,
    sparse_dim: int | None = None,
    *,
    layout: Any = None,
    blocksize: Any = None,
    dense_dim: int | None = None,
) -> Any:
    """A dense tensor as a sparse one, with its elements that aren't 0; in coordinates, or in
    another sparse ``layout``. Gradients flow to them.

    Args:
        sparse_dim: how many dims get places; the others stay dense. All, unless given.
        blocksize: the rows and columns of a block, or one number for both, of a layout that has
            blocks.
        dense_dim: how many dims stay dense, in place of ``sparse_dim``.
    """
    layouts.check_sparse("to_sparse", layout)
    blocksize = layouts.block_of(blocksize)
    a = input.array
    depth = a.ndim - (dense_dim or 0) if sparse_dim is None else sparse_dim
    if not min(a.ndim, 1) <= depth <= a.ndim:
        raise RuntimeError(
            f"to_sparse: sparse_dim must be from 1 to the {a.ndim} dims of the input, got {depth}"
        )
    filled = (a != 0).any(tuple(range(depth, a.ndim)))
    if blocksize is not None and depth > 1:
        filled = _whole_blocks(filled, *blocksize)
    xp, sizes = array_module(a), a.shape[:depth]
    at = xp.flatnonzero(filled)
    places = xp.stack(xp.unravel_index(at, sizes)) if depth else xp.zeros((0, len(at)), "int64")
    entries = reshape(input, (filled.size, *a.shape[depth:]))[wrap(at)]
    y = SparseTensor.make(wrap(places.astype("int64")), entries, a.shape, True)
    return y.to_sparse(layout=layout, blocksize=blocksize)


def spdiags(diagonals: Any, offsets: Any, shape: Any, layout: Any = None) -> Any:
    """A sparse matrix of this shape with the rows of ``diagonals`` on its diagonals ``offsets``:
    element j of a row stands in column j."""
    rows = diagonals if diagonals.ndim == 2 else diagonals[None]
    shifts = offsets.reshape(-1)
    if len(rows) != len(shifts):
        raise RuntimeError(
            f"spdiags(): expected one offset for each diagonal, got {len(shifts)} for {len(rows)}"
        )
    if len(set(shifts.tolist())) < len(shifts):
        raise RuntimeError(f"spdiags(): Offset tensor contains duplicate values: {shifts.tolist()}")
    places, entries = [zeros(2, 0, dtype=dtypes.int64, device=rows.device)], [rows.new_zeros(0)]
    xp = array_module(rows.array)
    for row, shift in zip(rows, shifts.tolist()):
        first, last = max(0, shift), min(rows.shape[1], shape[1], shape[0] + shift)
        columns = wrap(xp.arange(first, max(first, last)))
        places.append(stack([columns - shift, columns]))
        entries.append(row[columns])
    y = SparseTensor.make(cat(places, 1), cat(entries), tuple(shape), False)
    return y.to_sparse(layout=layout)


class _LegacyType(type):
    """The type of ``FloatTensor`` and its siblings: a call makes a sparse tensor of the dtype."""

    dtype: dtypes.dtype
    is_cuda = False

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, SparseTensor) and instance.dtype is cls.dtype

    def __call__(cls, *data: Any, device: Any = None) -> Any:
        if not data or isinstance(data[0], int):
            return sparse_coo_tensor(data, dtype=cls.dtype, device=device)
        return sparse_coo_tensor(*data, dtype=cls.dtype, device=device)


def _legacy(name: str, dtype: dtypes.dtype) -> Any:
    doc = f"PyTorch's old name for making a sparse {dtype.name} tensor."
    return _LegacyType(f"{name}Tensor", (), {"dtype": dtype, "__doc__": doc})


FloatTensor, DoubleTensor = _legacy("Float", dtypes.float32), _legacy("Double", dtypes.float64)
HalfTensor, ByteTensor = _legacy("Half", dtypes.float16), _legacy("Byte", dtypes.uint8)
CharTensor, ShortTensor = _legacy("Char", dtypes.int8), _legacy("Short", dtypes.int16)
IntTensor, LongTensor = _legacy("Int", dtypes.int32), _legacy("Long", dtypes.int64)


class check_sparse_tensor_invariants:
    """Accepted for PyTorch's sake: places are always checked."""

    def __init__(self, enable: bool = True) -> None:
        pass

    def __call__(self, function: Any) -> Any:
        """As a decorator: the function as it is."""
        return function

    def __enter__(self) -> check_sparse_tensor_invariants:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    @staticmethod
    def is_enabled() -> bool:
        """True."""
        return True

    @staticmethod
    def enable() -> None:
        """Without effect."""

    @staticmethod
    def disable() -> None:
        """Without effect."""
