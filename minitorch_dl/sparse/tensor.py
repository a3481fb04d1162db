"""The class of sparse tensors.

A :class:`SparseTensor` is no array but two dense tensors: the places of the entries, whole numbers
(D, nnz), and the entries themselves, (nnz, *dense sizes), whose graph is the sparse tensor's graph.
Every op on it is composed from differentiable ops on the entries: gathering rows at places and
adding rows up at places, which are each other's derivative. So there are no rules of its own, and
nothing in the dense ops knows of sparse ones: the class takes functions over by
``__torch_function__``, and what ``functions.py`` doesn't list is refused. The gradient of a sparse
leaf is sparse, at the leaf's places. The gradient of a dense tensor is dense always.

The compressed layouts, by rows or columns and in blocks, are subclasses: see ``compressed.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from ..autograd.modes import GRAD, state
from ..autograd.node import AccumulateGrad
from ..autograd.primitive import TensorBase, current_node
from ..backend import array_module, dtypes, layouts
from ..ops import masked_reductions, reshape, zeros_like
from ..ops.embedding import add_rows
from ..size import Size
from ..tensor import Tensor, printing
from ..tensor.wrapper_subclass import SHARED, Functions, WrapperSubclass

FUNCTIONS = Functions(SHARED)
"""What there is for sparse tensors."""
implements = FUNCTIONS.implements

LAYOUTS: dict[layouts.layout, type[SparseTensor]] = {}
"""The class of each layout."""


def _under_mask(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of ``torch.masked`` whose input or mask is sparse: that of the dense ones, in the
    input's layout."""

    def apply(input: Any, *args: Any, **options: Any) -> Any:
        if isinstance(options.get("mask"), SparseTensor):
            options["mask"] = options["mask"].to_dense()
        if not isinstance(input, SparseTensor):
            return function(input, *args, **options)
        return function(input.to_dense(), *args, **options).to_sparse(layout=input.layout)

    return apply


for _name in masked_reductions.__all__:
    _function = getattr(masked_reductions, _name)
    implements(_function)(_under_mask(_function))


class SparseTensor(WrapperSubclass):
    """A tensor of which only some entries are kept; all others are 0. Entries at the same place
    add up; ``coalesce`` does so.

    Made by ``sparse_coo_tensor`` and ``Tensor.to_sparse``. As in PyTorch it is a Tensor, with
    ``layout`` ``torch.sparse_coo``.
    """

    __slots__ = ("_merged", "_places", "_size")

    layout = layouts.sparse_coo
    is_sparse = True
    blocksize: tuple[int, int] | None = None
    functions, kind = FUNCTIONS, "sparse"
    instead = ".to_dense(), or .coalesce().values()"
    _places: Any
    shape = property(lambda self: Size(self._size))
    ndim = property(lambda self: len(self._size))
    T = property(lambda self: self.t())
    mT = property(lambda self: self.transpose(-2, -1))

    def __init_subclass__(cls) -> None:
        if "layout" in vars(cls):
            LAYOUTS[cls.layout] = cls

    @classmethod
    def make(cls, places: Any, entries: Any, size: Iterable[int], merged: bool) -> Any:
        """The tensor of these parts, unchecked; ``merged``: no place is there twice, and they are
        in ascending order."""
        t = object.__new__(cls)
        t._places, t._entries, t._size = places, entries, tuple(size)
        t._merged = merged or places.shape[1] < 2
        return t

    def with_entries(self, entries: Any) -> Any:
        """The same places with other entries."""
        places, _, *others = self._parts()
        return self.make(places, entries, *others)

    def _parts(self) -> tuple[Any, ...]:
        """What ``make`` makes the tensor of."""
        return self._places, self._entries, self._size, self._merged

    def arranged_as(self, other: Any) -> Any:
        """This tensor in the layout of another sparse one."""
        return self.to_sparse(layout=other.layout, blocksize=other.blocksize)

    # -- its parts ---------------------------------------------------------------------------------

    def _indices(self) -> Tensor:
        return self._places

    def _values(self) -> Tensor:
        return self._entries

    def _nnz(self) -> int:
        return self._places.shape[1]

    def indices(self) -> Tensor:
        """The places (D, nnz) of a coalesced tensor."""
        self._require_coalesced("indices")
        return self._places

    def values(self) -> Tensor:
        """The entries (nnz, *dense sizes) of a coalesced tensor."""
        self._require_coalesced("values")
        return self._entries

    def _require_coalesced(self, name: str) -> None:
        if not self._merged:
            raise RuntimeError(
                f"Cannot get {name} on an uncoalesced tensor, please call .coalesce() first"
            )

    def sparse_dim(self) -> int:
        """How many of the dims have places."""
        return self._places.shape[0]

    def dense_dim(self) -> int:
        """How many dims each entry has."""
        return self._entries.ndim - 1

    def is_coalesced(self) -> bool:
        """Whether it is known that no place is there twice."""
        return self._merged

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dim."""
        return Size(self._size) if dim is None else self._size[dim]

    def dim(self) -> int:
        """The number of dims."""
        return len(self._size)

    ndimension = dim

    def numel(self) -> int:
        """The number of elements, zeros included."""
        return math.prod(self._size)

    nelement = numel

    def __len__(self) -> int:
        return self._size[0]

    def __bool__(self) -> bool:
        return bool(self.to_dense())

    def keys(self, dims: Iterable[int] | None = None) -> Any:
        """The place of each entry as one number, counted over the sparse dims, or some of them; an
        array (nnz)."""
        places = self._places.array
        key = array_module(places).zeros(places.shape[1], "int64")
        for dim in range(len(places)) if dims is None else dims:
            key = key * self._size[dim] + places[dim]
        return key

    # -- conversions -------------------------------------------------------------------------------

    def coalesce(self) -> Any:
        """The same tensor with the entries at each place added up, in the order of the places."""
        if self._merged:
            return self
        key = self.keys()
        xp = array_module(key)
        distinct, inverse = xp.unique(key, return_inverse=True)
        entries = add_rows(self._entries, TensorBase.wrap(inverse), rows=len(distinct))
        sizes = self._size[: self.sparse_dim()]
        places = xp.stack(xp.unravel_index(distinct, sizes)) if sizes else self._places.array[:, :1]
        return type(self).make(TensorBase.wrap(places.astype("int64")), entries, self._size, True)

    def to_dense(self, dtype: Any = None, *, masked_grad: bool | None = None) -> Tensor:
        """The dense tensor with these entries."""
        sizes = self._size[: self.sparse_dim()]
        y = add_rows(self._entries, TensorBase.wrap(self.keys()), rows=math.prod(sizes))
        y = reshape(y, self._size)
        return y if dtype is None else y.to(dtype)

    def to_sparse(
        self,
        sparse_dim: int | None = None,
        *,
        layout: Any = None,
        blocksize: Any = None,
        dense_dim: int | None = None,
    ) -> Any:
        """This tensor in coordinates, or in another sparse ``layout``, with blocks of
        ``blocksize``."""
        layouts.check_sparse("to_sparse", layout)
        layout, blocksize = layout or SparseTensor.layout, layouts.block_of(blocksize)
        if layout == self.layout and blocksize in (None, self.blocksize):
            return self
        cls = LAYOUTS[layout]
        places = self._places.to(dtypes.int64) if cls is SparseTensor else self._places
        coo = SparseTensor.make(places, self._entries, self._size, self._ascending())
        return cls.arrange(coo, blocksize)

    to_sparse_coo, to_sparse_csr = Tensor.to_sparse_coo, Tensor.to_sparse_csr
    to_sparse_csc, to_sparse_bsr = Tensor.to_sparse_csc, Tensor.to_sparse_bsr
    to_sparse_bsc = Tensor.to_sparse_bsc

    @classmethod
    def arrange(cls, coo: Any, block: Any = None) -> Any:
        """The tensor ``coo``, which is in coordinates, in the layout of this class."""
        return coo

    def _ascending(self) -> bool:
        """Whether no place is there twice, and they are in ascending order."""
        return self._merged

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """This tensor in another dtype or on another device."""
        t = super().to(*args, **kwargs)
        t._places = self._places.to(t.device)
        return t

    def type(self, dtype: Any = None, non_blocking: bool = False) -> Any:
        """The type's name, or this tensor in another dtype."""
        if dtype is None:
            return self._entries.type().replace("torch.", "torch.sparse.", 1)
        return self.to(self._entries.type(dtype).dtype)

    def tolist(self) -> Any:
        """The elements, zeros included, as nested lists."""
        return self.to_dense().tolist()

    def item(self) -> Any:
        """The value of a tensor of one element."""
        return self.to_dense().item()

    # -- autograd ----------------------------------------------------------------------------------

    @property
    def data(self) -> Any:
        return self.with_entries(self._entries.data)

    @data.setter
    def data(self, value: Any) -> None:
        self._places, self._size, self._merged = value._places, value._size, value._merged
        self._entries.data = value._entries

    def clone(self, *, memory_format: Any = None) -> Any:
        """A copy."""
        t = super().clone()
        t._places = self._places.clone()
        return t

    def entries_of(self, gradient: Any) -> Any:
        """The elements of a gradient at this tensor's places."""
        dense = gradient.to_dense() if isinstance(gradient, SparseTensor) else gradient
        return dense[tuple(self._places)]

    # -- writing -----------------------------------------------------------------------------------

    def copy_(self, src: Any, non_blocking: bool = False) -> Any:
        """Take the places and entries of ``src``, a sparse tensor of this size."""
        if isinstance(src, SparseTensor) and src.layout != self.layout:
            raise RuntimeError(
                f"copy_(): copy of sparse compressed tensors having different layouts is not "
                f"supported: got {self.layout} and {src.layout}"
            )
        if not isinstance(src, SparseTensor) or src._size != self._size:
            raise RuntimeError(
                f"copy_(): expected a sparse tensor of size {list(self._size)}, got "
                f"{list(src.shape)} of layout {src.layout}"
            )
        entries = src._entries.detach().to(self.device, self.dtype, copy=True)
        if self.requires_grad:
            entries.requires_grad_()
        self._places, self._merged = src._places.to(self.device, copy=True), src._merged
        self._entries = entries
        return self

    def zero_(self) -> Any:
        """Drop every entry."""
        return self.take_over("zero_", FUNCTIONS[zeros_like](self))

    def take_over(self, op: str, result: Any) -> Any:
        """Hold ``result``, a sparse tensor of this size, from now on."""
        if not isinstance(result, SparseTensor) or result._size != self._size:
            raise RuntimeError(
                f"{op}(): a sparse tensor of size {list(self._size)} can't hold the result, of "
                f"size {list(result.shape)} and layout {result.layout}"
            )
        if not dtypes.can_cast(result.dtype, self.dtype):
            raise RuntimeError(
                f"{op}(): result type {result.dtype.name} can't be cast to the desired output type "
                f"{self.dtype.name}"
            )
        leaf = isinstance(self._node, AccumulateGrad)
        if leaf and state.flags & GRAD:
            raise RuntimeError(
                f"{op}(): a sparse leaf Variable that requires grad is being used in an in-place "
                "operation. Do it under no_grad(), or on a copy"
            )
        result = result.arranged_as(self)
        entries = result._entries.to(self.dtype)
        if leaf:
            self._entries.data = entries
        else:
            self._entries = entries
        self._places, self._merged = result._places, result._merged
        return self

    def _coalesced_(self, coalesced: bool) -> Any:
        """Say whether the places are known to be distinct and in ascending order."""
        self._merged = coalesced
        return self

    # -- protocols ---------------------------------------------------------------------------------

    def _named_parts(self) -> list[tuple[str, Any]]:
        return [("indices", self._places), ("values", self._entries)]

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        parts = [_part(name, part) for name, part in self._named_parts()]
        suffixes = [f"size={tuple(self._size)}", f"nnz={self._nnz()}"]
        if self.device.type != "cpu":
            suffixes.append(f"device='{self.device}'")
        if self.dtype.to_real() is not dtypes.get_default_dtype() and self.dtype not in (
            dtypes.int64,
            dtypes.bool,
        ):
            suffixes.append(f"dtype={self.dtype}")
        suffixes.append(f"layout={self.layout}")
        node = current_node(self)
        if isinstance(node, AccumulateGrad):
            suffixes.append("requires_grad=True")
        elif node is not None:
            suffixes.append(f"grad_fn=<{type(node).__name__}>")
        text = "tensor(" + ",\n       ".join(parts)
        return printing.with_suffixes(text, suffixes, 7, break_first=self.is_sparse) + ")"


LAYOUTS[SparseTensor.layout] = SparseTensor


def _part(name: str, tensor: Any) -> str:
    prefix = f"{name}=tensor("
    size = "" if tensor.numel() else f", size={tuple(tensor.shape)}"
    return f"{prefix}{printing.contents(tensor.detach(), 7 + len(prefix))}{size})"


@implements()
def _stride(self: Any, dim: int | None = None) -> Any:
    return (0,) * self.ndim if dim is None else 0


@implements()
def _is_contiguous(self: Any, memory_format: Any = None) -> bool:
    return False
