"""Sparse matrices whose entries lie row by row or column by column, one by one or in blocks.

Their places are kept as in coordinates, one for each element, in the order of the layout. So what
is written for coordinates serves these layouts too, and the indices that users see, where each row
(or column) of blocks starts and which column (or row) each block is in, are computed.

============  ==========  ======  =======================================
Layout        In          Blocks  Indices
============  ==========  ======  =======================================
sparse_csr    rows        1 x 1   ``crow_indices``, ``col_indices``
sparse_csc    columns     1 x 1   ``ccol_indices``, ``row_indices``
sparse_bsr    rows        any     ``crow_indices``, ``col_indices``
sparse_bsc    columns     any     ``ccol_indices``, ``row_indices``
============  ==========  ======  =======================================

Dims before the matrix's two are a batch, whose matrices have the same number of blocks; dims after
them are dense.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from ..autograd.primitive import TensorBase
from ..backend import array_module, check_all, layouts
from ..ops import reshape
from ..ops.embedding import add_rows
from ..tensor import Tensor
from .construction import attached, places_of, values_of
from .tensor import LAYOUTS, SparseTensor

wrap = TensorBase.wrap


class CompressedTensor(SparseTensor):
    """A sparse matrix, or a batch of them, by rows or by columns."""

    __slots__ = ("blocksize",)

    is_sparse = False
    by_columns = blocked = False
    blocksize: tuple[int, int]
    """The rows and columns of a block."""

    @classmethod
    def make(
        cls,
        places: Any,
        entries: Any,
        size: Iterable[int],
        merged: bool,
        block: tuple[int, int] = (1, 1),
    ) -> Any:
        """As in coordinates; ``merged``: no place is there twice, and they are in the order of the
        layout."""
        t = super().make(places, entries, size, merged)
        t.blocksize = block
        return t

    @classmethod
    def arrange(cls, coo: SparseTensor, block: Sequence[int] | None = None) -> Any:
        """The tensor ``coo``, which is in coordinates, in this layout."""
        size, depth = coo._size, coo.sparse_dim()
        h, w = cls._checked(size[:depth], block)
        merged = coo.coalesce()
        places = merged._places.array
        xp, batch, (r, c) = array_module(places), places[:-2], places[-2:]
        grid, at = [size[depth - 2] // h, size[depth - 1] // w], [r // h, c // w]
        if cls.by_columns:
            grid.reverse()
            at.reverse()
        grid = [*size[: depth - 2], *grid]
        key = _flat([*batch, *at], grid)
        if cls.by_columns or cls.blocked:
            blocks, inverse = xp.unique(key, return_inverse=True)
            *batch, r, c = xp.unravel_index(blocks, grid)
            places = _elements([*batch, c, r] if cls.by_columns else [*batch, r, c], (h, w))
            inside = (inverse * h + merged._places.array[-2] % h) * w
            inside += merged._places.array[-1] % w
            entries = add_rows(merged._entries, wrap(inside), rows=len(blocks) * h * w)
        else:  # the order is that of coordinates
            blocks, entries = key, merged._entries
        each = xp.bincount(blocks // math.prod(grid[-2:]), minlength=math.prod(grid[:-2]))
        check_all(
            each == len(blocks) // max(1, len(each)),
            RuntimeError,
            f"to_{str(cls.layout)[6:]}(): Expect the same number of specified elements per batch.",
        )
        places = wrap(places.astype(coo._places.array.dtype))
        return cls.make(places, entries, size, True, (h, w))

    @classmethod
    def _checked(cls, size: Sequence[int], block: Sequence[int] | None) -> tuple[int, int]:
        """The size of the blocks, by which that of the matrix must be divisible."""
        op = f"to_{str(cls.layout)[6:]}()"
        if len(size) < 2:
            raise RuntimeError(f"{op}: expected a matrix or a batch of them, got {list(size)}")
        if cls.blocked and (block is None or len(block) != 2):
            raise RuntimeError(f"{op}: expected the blocksize, two numbers, got {block}")
        if not cls.blocked and block not in (None, (1, 1)):
            raise RuntimeError(
                f"{op}: conversion to {cls.layout} with blocksize argument given is not supported"
            )
        (m, n), (h, w) = size[-2:], block or (1, 1)
        if h < 1 or w < 1 or m % h or n % w:
            raise RuntimeError(
                f"{op}: tensor sparse size ({m},{n}) must be divisible by given blocksize ({h},{w})"
            )
        return h, w

    def _parts(self) -> tuple[Any, ...]:
        return (*super()._parts(), self.blocksize)

    def _ascending(self) -> bool:
        return self._merged and not self.by_columns and self.blocksize == (1, 1)

    def coalesce(self) -> Any:
        """The same tensor with the entries at each place added up, in the order of the layout."""
        return self if self._merged else self.to_sparse().coalesce().arranged_as(self)

    # -- its indices -------------------------------------------------------------------------------

    def _block_places(self) -> Any:
        """The place of each block, as an array (D, blocks), counted in blocks."""
        h, w = self.blocksize
        places = self._places.array[:, :: h * w].copy()
        places[-2] //= h
        places[-1] //= w
        return places

    def _starts(self) -> Tensor:
        """Where the blocks of each row, or column, start, and where the last one's end:
        (*batch, n + 1)."""
        places = self._block_places()
        xp, batch = array_module(places), self._size[: len(places) - 2]
        n = self._size[len(batch) + self.by_columns] // self.blocksize[self.by_columns]
        matrices = math.prod(batch)
        line = _flat([*places[:-2], places[-1 if self.by_columns else -2]], [*batch, n])
        starts = xp.searchsorted(line, xp.arange(matrices * n + 1))
        matrix = xp.arange(matrices)[:, None]
        starts = starts[matrix * n + xp.arange(n + 1)] - matrix * self._nnz()
        return wrap(starts.reshape(*batch, n + 1).astype(places.dtype))

    def _across(self) -> Tensor:
        """The column, or row, of each block: (*batch, nnz)."""
        places = self._block_places()
        batch = self._size[: len(places) - 2]
        return wrap(places[-2 if self.by_columns else -1].reshape(*batch, self._nnz()))

    def line_indices(self) -> tuple[Tensor, Tensor]:
        """The compressed indices and the plain ones."""
        return self._starts(), self._across()

    def _of(self, name: str, line: str, by_columns: bool) -> None:
        if self.by_columns != by_columns:
            raise RuntimeError(
                f"{name} expected sparse {line} compressed tensor layout but got {self.layout}"
            )

    def indices(self) -> Tensor:
        """Refused: the places are in two tensors of indices."""
        raise RuntimeError(
            f"indices expected sparse coordinate tensor layout but got {self.layout}. Use "
            ".to_sparse().indices()"
        )

    def crow_indices(self) -> Tensor:
        """Where each row's blocks start, and the last one's end: (*batch, rows + 1)."""
        self._of("crow_indices", "row", False)
        return self._starts()

    def col_indices(self) -> Tensor:
        """The column of each block: (*batch, nnz)."""
        self._of("col_indices", "row", False)
        return self._across()

    def ccol_indices(self) -> Tensor:
        """Where each column's blocks start, and the last one's end: (*batch, columns + 1)."""
        self._of("ccol_indices", "column", True)
        return self._starts()

    def row_indices(self) -> Tensor:
        """The row of each block: (*batch, nnz)."""
        self._of("row_indices", "column", True)
        return self._across()

    def values(self) -> Tensor:
        """The entries (*batch, nnz, *dense sizes), or the blocks
        (*batch, nnz, *block, *dense sizes)."""
        batch = self._size[: self.sparse_dim() - 2]
        block = self.blocksize if self.blocked else ()
        values: Tensor = reshape(
            self._entries, (*batch, self._nnz(), *block, *self._entries.shape[1:])
        )
        return values

    def _nnz(self) -> int:
        """The number of blocks of each matrix."""
        depth, (h, w) = self.sparse_dim(), self.blocksize
        return self._places.shape[1] // (h * w * max(1, math.prod(self._size[: depth - 2])))

    def _named_parts(self) -> list[tuple[str, Any]]:
        parts = *self.line_indices(), self.values()
        return list(zip((*_names(self.by_columns), "values"), parts, strict=True))


def _names(by_columns: bool) -> tuple[str, str]:
    return ("ccol_indices", "row_indices") if by_columns else ("crow_indices", "col_indices")


def _flat(at: Sequence[Any], grid: Sequence[int]) -> Any:
    """Places in a grid as numbers, counted along its last dim first."""
    key = at[0].astype("int64")
    for place, n in zip(at[1:], grid[1:], strict=True):
        key = key * n + place
    return key


def _elements(blocks: Sequence[Any], block: tuple[int, int]) -> Any:
    """The places (D, elements) of the elements of blocks at these batches, rows and columns, each
    counted in blocks."""
    *batch, r, c = blocks
    xp = array_module(r)
    inner = xp.indices(block).reshape(2, 1, -1)
    rows, columns = (at[:, None] * n + i for at, n, i in zip((r, c), block, inner))
    places = [xp.repeat(b, math.prod(block)) for b in batch]
    return xp.stack([*places, rows.ravel(), columns.ravel()])


class CsrTensor(CompressedTensor):
    """By rows: ``layout`` ``torch.sparse_csr``."""

    __slots__ = ()
    layout, is_sparse_csr = layouts.sparse_csr, True


class CscTensor(CompressedTensor):
    """By columns: ``layout`` ``torch.sparse_csc``."""

    __slots__ = ()
    layout, by_columns = layouts.sparse_csc, True


class BsrTensor(CompressedTensor):
    """Blocks by rows: ``layout`` ``torch.sparse_bsr``."""

    __slots__ = ()
    layout, blocked = layouts.sparse_bsr, True


class BscTensor(CompressedTensor):
    """Blocks by columns: ``layout`` ``torch.sparse_bsc``."""

    __slots__ = ()
    layout, by_columns, blocked = layouts.sparse_bsc, True, True


TRANSPOSED = {
    layouts.sparse_csr: layouts.sparse_csc,
    layouts.sparse_csc: layouts.sparse_csr,
    layouts.sparse_bsr: layouts.sparse_bsc,
    layouts.sparse_bsc: layouts.sparse_bsr,
}
"""The layout of a transposed matrix, whose entries stay where they are."""


# -- construction ----------------------------------------------------------------------------------


def sparse_compressed_tensor(
    compressed_indices: Any,
    plain_indices: Any,
    values: Any,
    size: Any = None,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
    check_invariants: bool | None = None,
) -> Any:
    """The sparse matrix of a compressed layout whose row (or column) i has the ``values`` from
    ``compressed_indices[i]`` to ``compressed_indices[i + 1]``, in the columns (or rows)
    ``plain_indices``.

    Args:
        compressed_indices: (*batch, n + 1), from 0 to nnz, ascending.
        plain_indices: (*batch, nnz).
        values: (*batch, nnz, *dense sizes), with the sizes of the blocks after nnz where the layout
            has blocks; gradients flow to them.
        size: the smallest that holds all entries, unless given.
        layout: ``torch.sparse_csr``, ``sparse_csc``, ``sparse_bsr`` or ``sparse_bsc``.

    Raises:
        RuntimeError: parts that don't fit, or a place outside ``size``.

    >>> import minitorch_dl as torch
    >>> s = torch.sparse_compressed_tensor([0, 1, 2], [1, 0], [3.0, 4.0], layout=torch.sparse_csc)
    >>> s.to_dense()
    tensor([[0., 4.],
            [3., 0.]])
    """
    cls = LAYOUTS.get(layout)
    if cls is None or not issubclass(cls, CompressedTensor):
        raise RuntimeError(
            f"sparse_compressed_tensor expected sparse compressed tensor layout but got {layout}"
        )
    return _compressed(
        cls, compressed_indices, plain_indices, values, size, dtype, device, requires_grad
    )


def _compressed(
    cls: type[CompressedTensor],
    starts: Any,
    across: Any,
    values: Any,
    size: Any,
    dtype: Any,
    device: Any,
    requires_grad: bool,
) -> Any:
    op = f"{str(cls.layout)[6:]}_tensor"
    values = values_of(values, dtype, device)
    starts, across = (places_of(x, values.device, None).array for x in (starts, across))
    depth, sizes = across.ndim, tuple(values.shape)
    fit = depth and starts.shape[:-1] == across.shape[:-1] and sizes[:depth] == across.shape
    if not fit or (cls.blocked and len(sizes) < depth + 2):
        raise RuntimeError(
            f"{op}(): expected compressed indices (*batch, n + 1), plain indices (*batch, nnz) and "
            f"values (*batch, nnz, {'*block, ' if cls.blocked else ''}*dense sizes), got "
            f"{list(starts.shape)}, {list(across.shape)} and {list(sizes)}"
        )
    block = sizes[depth : depth + 2] if cls.blocked else (1, 1)
    dense = sizes[depth + 2 :] if cls.blocked else sizes[depth:]
    batch, n = across.shape[:-1], starts.shape[-1] - 1
    if size is None:
        grid = n, int(across.max(initial=-1)) + 1
        rows, columns = grid[::-1] if cls.by_columns else grid
        size = (*batch, rows * block[0], columns * block[1], *dense)
    size = tuple(size)
    if size[: depth - 1] != batch or len(size[depth - 1 :]) < 2 or size[depth + 1 :] != dense:
        raise RuntimeError(
            f"{op}(): expected a size with batch {list(batch)} and dense sizes {list(dense)}, got "
            f"{list(size)}"
        )
    places, merged = _places_of_lines(op, cls, starts, across, size, block)
    entries = reshape(values, (places.shape[1], *dense))
    return cls.make(wrap(places), attached(entries, requires_grad), size, merged, block)


def _places_of_lines(
    op: str, cls: type[CompressedTensor], starts: Any, across: Any, size: Any, block: Any
) -> tuple[Any, bool]:
    """The places of the elements, and whether they are in the order of the layout, each once."""
    xp, batch, n = array_module(starts), across.shape[:-1], starts.shape[-1] - 1
    grid = [s // b for s, b in zip(size[len(batch) :], block)]
    lines, others = grid[::-1] if cls.by_columns else grid
    if lines != n:
        raise RuntimeError(
            f"{op}(): expected {lines + 1} compressed indices for size {list(size)}, got {n + 1}"
        )
    ends = [starts[..., :1] == 0, starts[..., -1:] == across.shape[-1]]
    check_all(
        xp.concatenate([starts[..., 1:] >= starts[..., :-1], *ends], -1),
        RuntimeError,
        f"{op}(): compressed indices must ascend from 0 to the number of values",
    )
    check_all(
        (across >= 0) & (across < others),
        RuntimeError,
        f"{op}(): found an index outside size {list(size)}",
    )
    counts = (starts[..., 1:] - starts[..., :-1]).ravel()
    *matrix, line = xp.unravel_index(xp.repeat(xp.arange(len(counts)), counts), (*batch, max(n, 1)))
    across = across.ravel()
    key = _flat([*matrix, line, across], [*batch, n, others])
    at = (across, line) if cls.by_columns else (line, across)
    places = _elements([*matrix, *at], block).astype(across.dtype)
    return places, bool((key[1:] > key[:-1]).all())


def _constructor(cls: type[CompressedTensor]) -> Any:
    """The function that makes tensors of one compressed layout."""
    names = _names(cls.by_columns)

    def make(*parts: Any, **options: Any) -> Any:
        given = [options.pop(name) for name in names[len(parts) :] if name in options]
        return sparse_compressed_tensor(*parts, *given, layout=cls.layout, **options)

    make.__name__ = make.__qualname__ = f"{str(cls.layout)[6:]}_tensor"
    make.__doc__ = f"``sparse_compressed_tensor`` of layout {cls.layout}: of ``{names[0]}``, "
    make.__doc__ += f"``{names[1]}``, ``values`` and, if given, ``size``."
    return make


sparse_csr_tensor, sparse_csc_tensor = _constructor(CsrTensor), _constructor(CscTensor)
sparse_bsr_tensor, sparse_bsc_tensor = _constructor(BsrTensor), _constructor(BscTensor)
