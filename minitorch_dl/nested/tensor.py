"""The classes of nested tensors: batches of tensors of unequal sizes.

The entries are those of all tensors, one after the other, as a vector; beside them stand the
tensors' sizes. What an op does to single elements it does to the entries at once; the other ops
take the tensors apart, and put the results together again (see ``functions.py``).

Of layout ``torch.strided`` any dim may differ. Of layout ``torch.jagged`` only one does, whose size
in ``shape`` is a :class:`RaggedSize`, the same object for all tensors with the same lengths.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

from ..autograd.node import AccumulateGrad
from ..autograd.primitive import TensorBase, current_node
from ..backend import array_module, layouts
from ..ops import cat, reshape, split
from ..ops.dims import wrap_dim
from ..size import size_of
from ..tensor import Tensor
from ..tensor.printing import contents
from ..tensor.wrapper_subclass import SHARED, Functions, WrapperSubclass

FUNCTIONS = Functions(SHARED)
"""What there is for nested tensors."""
implements = FUNCTIONS.implements


class NestedTensor(WrapperSubclass):
    """Tensors of unequal sizes, and as many dims, as one."""

    __slots__ = ("_sizes",)

    functions, kind = FUNCTIONS, "nested"
    instead = ".unbind(), or .to_padded_tensor(0)"
    layout = layouts.strided
    is_nested = True
    _sizes: tuple[tuple[int, ...], ...]

    ndim = property(lambda self: len(self._sizes[0]) + 1 if self._sizes else 1)

    @classmethod
    def make(cls, entries: Any, sizes: Sequence[tuple[int, ...]], *parts: Any) -> Any:
        """The tensor of the entries of tensors of these sizes."""
        t = object.__new__(cls)
        t._entries, t._sizes = entries, tuple(sizes)
        return t

    def _parts(self) -> tuple[Any, ...]:
        return self._entries, self._sizes

    def with_entries(self, entries: Any) -> Any:
        """The same sizes with other entries."""
        return self.make(entries, *self._parts()[1:])

    def with_rows(self, rows: Sequence[Any], ragged: int | None = None) -> Any:
        """A nested tensor of the layout of this one; ``ragged`` is where this one's ragged dim is
        in it."""
        return NestedTensor.make(joined(rows, self._entries), [tuple(r.shape) for r in rows])

    def rows(self) -> list[Any]:
        """The tensors."""
        counts = [math.prod(size) for size in self._sizes]
        parts = split(self._entries, counts) if counts else ()
        return [reshape(part, size) for part, size in zip(parts, self._sizes)]

    # -- sizes -------------------------------------------------------------------------------------

    @property
    def shape(self) -> Any:
        raise RuntimeError(
            "a nested tensor of layout torch.strided has no shape. Ask .size(dim) for one dim, or "
            "the tensors of .unbind()"
        )

    def size(self, dim: int | None = None) -> Any:
        """The size of a dim in which the tensors agree; of dim 0, their number."""
        if dim is None:
            return self.shape
        dim = wrap_dim(dim, self.ndim)
        sizes = {size[dim - 1] for size in self._sizes} if dim else {len(self._sizes)}
        if len(sizes) != 1:
            raise RuntimeError(f"Given dimension {dim} is irregular and does not have a size.")
        return sizes.pop()

    def dim(self) -> int:
        """The number of dims, that of the batch included."""
        return self.ndim

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        return self._entries.numel()

    nelement = numel

    def __len__(self) -> int:
        return len(self._sizes)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows())

    def values(self) -> Tensor:
        """All elements, one tensor after the other."""
        entries: Tensor = self._entries
        return entries

    def entries_of(self, gradient: Any) -> Any:
        """The elements of a nested gradient."""
        return gradient._entries if isinstance(gradient, NestedTensor) else gradient

    # -- printing ----------------------------------------------------------------------------------

    def _suffix(self) -> str:
        node = current_node(self)
        if node is None:
            return ""
        leaf = isinstance(node, AccumulateGrad)
        return ", requires_grad=True" if leaf else f", grad_fn=<{type(node).__name__}>"

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        rows = [f"tensor({contents(row.detach(), 7)})" for row in self.rows()]
        inside = ",\n".join(rows).replace("\n", "\n  ")
        return f"nested_tensor([\n{'  ' if rows else ''}{inside}\n]{self._suffix()})"


class RaggedSize:
    """The size of a jagged tensor's ragged dim, which stands for the lengths: ``j1``."""

    _made = itertools.count(1)

    def __init__(self) -> None:
        self.number = next(RaggedSize._made)

    def __repr__(self) -> str:
        return f"j{self.number}"


class JaggedTensor(NestedTensor):
    """Tensors that differ in the size of one dim only."""

    __slots__ = ("_length", "_ragged")

    layout = layouts.jagged
    _ragged: int
    _length: RaggedSize

    @classmethod
    def make(cls, entries: Any, sizes: Sequence[tuple[int, ...]], *parts: Any) -> Any:
        """The tensor of the entries of tensors of these sizes, whose ``ragged`` dim differs, and of
        its size."""
        t = super().make(entries, sizes)
        t._ragged, t._length = parts
        return t

    def _parts(self) -> tuple[Any, ...]:
        return self._entries, self._sizes, self._ragged, self._length

    def with_rows(self, rows: Sequence[Any], ragged: int | None = None) -> Any:
        """As of strided ones."""
        entries, sizes = joined(rows, self._entries), [tuple(r.shape) for r in rows]
        return self.make(entries, sizes, self._ragged if ragged is None else ragged, self._length)

    @property
    def shape(self) -> Any:
        sizes: list[Any] = [len(self._sizes), *self._sizes[0]]
        sizes[self._ragged] = self._length
        return size_of(sizes)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or one of its sizes."""
        return self.shape if dim is None else self.shape[wrap_dim(dim, self.ndim)]

    def _lengths(self) -> list[int]:
        return [size[self._ragged - 1] for size in self._sizes]

    def values(self) -> Tensor:
        """The tensors, joined along the ragged dim."""
        if self._ragged > 1:
            return cat(self.rows(), self._ragged - 1)
        values: Tensor = reshape(self._entries, (sum(self._lengths()), *self._sizes[0][1:]))
        return values

    def offsets(self) -> Tensor:
        """Where in ``values`` each tensor starts, and the last one's end: (B + 1)."""
        ends = itertools.accumulate(self._lengths(), initial=0)
        return TensorBase.wrap(array_module(self._entries.array).asarray(list(ends), "int64"))

    def lengths(self) -> None:
        """None: there is nothing between the tensors."""

    def __setstate__(self, state: Any) -> None:
        """Nothing: PyTorch's files repeat here what the tensor is made of."""

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return (
            f"NestedTensor(size={tuple(self.shape)}, offsets={self.offsets()}, contiguous=True"
            f"{self._suffix()})"
        )


def joined(rows: Sequence[Any], empty: Any) -> Any:
    """The elements of tensors as a vector; without any, of the dtype of ``empty``."""
    return cat([reshape(row, (-1,)) for row in rows]) if rows else empty[:0]


def of_rows(rows: Sequence[Any], layout: Any, empty: Any, ragged: int | None = None) -> Any:
    """The nested tensor of these; ``ragged`` is the dim in which they differ, in a batch, the first
    that does unless given."""
    sizes = [tuple(row.shape) for row in rows]
    if len({len(size) for size in sizes}) > 1:
        raise RuntimeError(
            "All Tensors given to nested_tensor must have the same dimension. Found dimensions "
            f"{' and '.join(map(str, sorted({len(size) for size in sizes})))}"
        )
    entries = joined(rows, empty)
    if layout in (None, layouts.strided):
        return NestedTensor.make(entries, sizes)
    if layout != layouts.jagged:
        raise RuntimeError(f"Specified layout is unsupported for nested tensors: {layout}")
    if not sizes or not sizes[0]:
        raise RuntimeError("Cannot construct a nested tensor of layout torch.jagged from no rows")
    differ = [d + 1 for d, n in enumerate(zip(*sizes)) if len(set(n)) > 1]
    if len(differ) > 1:
        raise RuntimeError(
            "When constructing a nested tensor of layout torch.jagged, all tensors must have the "
            f"same size in all dims but one, got {', '.join(str(list(size)) for size in sizes)}"
        )
    dim = ragged or (differ[0] if differ else 1)
    return JaggedTensor.make(entries, sizes, dim, RaggedSize())
