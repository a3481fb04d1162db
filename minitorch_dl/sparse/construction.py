"""Sparse tensors from places and entries, and from dense tensors."""

from __future__ import annotations

from typing import Any

from ..autograd.base import late
from ..autograd.names import named
from ..autograd.primitive import TensorBase
from ..backend import array_module, check_all, dtypes, layouts
from ..ops import cat, reshape, stack, tensor, zeros
from ..tensor import Tensor
from .tensor import CsrTensor, SparseTensor, implements

wrap = TensorBase.wrap


def _parts(indices: Any, values: Any, dtype: Any, device: Any, requires_grad: bool) -> Any:
    """Places and entries as tensors, the entries attached to the graph of ``values`` unless they
    are to be a leaf."""
    given = isinstance(values, Tensor)
    entries = values if given else tensor(values, device=device)
    if dtype is not None or device is not None:
        entries = entries.to(device, dtype)
    places = indices if isinstance(indices, Tensor) else tensor(indices)
    places = places.to(entries.device, dtypes.int64)
    if requires_grad:
        entries = entries.detach().requires_grad_()
    else:  # another tensor over the same memory, whose requires_grad is its own
        entries = named(late.alias(entries), "SparseCooTensorWithDimsAndTensorsBackward0")
    return places, entries


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
        places, entries = zeros(len(size), 0, dtype=dtypes.int64), zeros(0)
        places, entries = _parts(places, entries, dtype, device, requires_grad)
        return SparseTensor.make(places, entries, size, True)
    places, entries = _parts(indices, values, dtype, device, requires_grad)
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


def sparse_csr_tensor(
    crow_indices: Any,
    col_indices: Any,
    values: Any,
    size: Any = None,
    *,
    dtype: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
    check_invariants: bool | None = None,
) -> CsrTensor:
    """The sparse matrix whose row r has the ``values`` from ``crow_indices[r]`` to
    ``crow_indices[r + 1]``, in the columns ``col_indices``.

    >>> import minitorch_dl as torch
    >>> torch.sparse_csr_tensor([0, 1, 2], [1, 0], [3.0, 4.0]).to_dense()
    tensor([[0., 3.],
            [4., 0.]])
    """
    starts, entries = _parts(crow_indices, values, dtype, device, requires_grad)
    columns = col_indices if isinstance(col_indices, Tensor) else tensor(col_indices)
    columns = columns.to(entries.device, dtypes.int64)
    if starts.ndim != 1 or columns.ndim != 1 or columns.shape != entries.shape:
        raise RuntimeError(
            "sparse_csr_tensor(): expected vectors, values as long as col_indices, got "
            f"{list(starts.shape)}, {list(columns.shape)} and {list(entries.shape)}"
        )
    xp, n = array_module(columns.array), len(starts) - 1
    if size is None:
        size = (n, int(columns.array.max()) + 1 if len(columns) else 0)
    ends = starts.array
    check_all(
        xp.append((ends[1:] >= ends[:-1]), (ends[0] == 0) & (ends[-1] == len(columns))),
        RuntimeError,
        "sparse_csr_tensor(): crow_indices must ascend from 0 to the number of values",
    )
    check_all(
        (columns.array >= 0) & (columns.array < size[1]),
        RuntimeError,
        f"sparse_csr_tensor(): found a column index outside size {list(size)}",
    )
    rows = xp.searchsorted(ends, xp.arange(len(columns)), side="right") - 1
    # not merged: the columns of a row may come in any order, and twice
    return CsrTensor.make(stack([wrap(rows), columns]), entries, tuple(size), False)


@implements("new", "new_empty", "new_zeros")
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


def to_sparse(input: Any, sparse_dim: int | None = None, *, layout: Any = None) -> Any:
    """A dense tensor as a sparse one, with its elements that aren't 0; in coordinates, or as rows
    with ``layout=torch.sparse_csr``. Gradients flow to them.

    Args:
        sparse_dim: how many dims get places; the others stay dense. All, unless given.
    """
    layouts.check_sparse("to_sparse", layout)
    a = input.array
    depth = a.ndim if sparse_dim is None else sparse_dim
    if not min(a.ndim, 1) <= depth <= a.ndim:
        raise RuntimeError(
            f"to_sparse: sparse_dim must be from 1 to the {a.ndim} dims of the input, got {depth}"
        )
    filled = (a != 0).reshape(*a.shape[:depth], -1).any(-1) if depth < a.ndim else a != 0
    xp, sizes = array_module(a), a.shape[:depth]
    at = xp.flatnonzero(filled)
    places = xp.stack(xp.unravel_index(at, sizes)) if depth else xp.zeros((0, len(at)), "int64")
    entries = reshape(input, (filled.size, *a.shape[depth:]))[wrap(at)]
    y = SparseTensor.make(wrap(places.astype("int64")), entries, a.shape, True)
    return y.to_sparse_csr() if layout == CsrTensor.layout else y


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
    return y.to_sparse_csr() if layout == CsrTensor.layout else y


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
