"""Writing to sparse tensors in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..autograd.inplace import write
from ..backend import dtypes
from ..ops import zeros
from ..tensor import Tensor
from .tensor import FUNCTIONS, SparseTensor, implements

_OTHER_SIZE = "t_ transpose_ swapaxes_ swapdims_ unsqueeze_".split()


def _in_place(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that writes its result to its first argument, which may be dense."""

    def call(input: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(input, SparseTensor):
            return write(name, input, lambda: function(input, *args, **kwargs).to_dense())
        result = function(input, *args, **kwargs)
        if name in _OTHER_SIZE:
            input._size = result._size
        return input.take_over(name, result)

    return call


FUNCTIONS.add_in_place_forms(_in_place)


def sparse_resize_and_clear_(
    self: Any, size: Sequence[int], sparse_dim: int, dense_dim: int
) -> Any:
    """Give the tensor another size and drop its entries."""
    if sparse_dim + dense_dim != len(size):
        raise RuntimeError(
            f"number of dimensions must be sparse_dim ({sparse_dim}) + dense_dim ({dense_dim}), "
            f"but got {len(size)}"
        )
    self._places = zeros(sparse_dim, 0, dtype=dtypes.int64, device=self.device)
    self._entries = zeros(0, *size[sparse_dim:], dtype=self.dtype, device=self.device)
    self._size, self._merged = tuple(size), True
    return self


def sparse_resize_(self: Any, size: Sequence[int], sparse_dim: int, dense_dim: int) -> Any:
    """Give the tensor another size; one that has entries keeps them, and may only grow in its
    sparse dims."""
    if not self._nnz():
        return sparse_resize_and_clear_(self, size, sparse_dim, dense_dim)
    split, have = self.sparse_dim(), self._size
    if (sparse_dim, dense_dim) != (split, self.dense_dim()) or len(size) != len(have):
        raise RuntimeError(
            f"sparse_resize_(): changing the number of sparse dimensions (from {split} to "
            f"{sparse_dim}) or of dense ones is not supported on a non-empty sparse tensor"
        )
    if any(n < m for n, m in zip(size, have)) or tuple(size[split:]) != have[split:]:
        raise RuntimeError(
            f"sparse_resize_(): shrinking the size of sparse dimensions (from {list(have)} to "
            f"{list(size)}), or changing that of dense ones, is not supported on a non-empty "
            "sparse tensor"
        )
    self._size = tuple(size)
    return self


@implements(Tensor.resize_as_)
def resize_as_(self: Any, the_template: Any, *, memory_format: Any = None) -> Any:
    """``sparse_resize_`` to the size and dims of another sparse tensor."""
    sizes = the_template.sparse_dim(), the_template.dense_dim()
    return sparse_resize_(self, the_template.shape, *sizes)


for _function in (sparse_resize_, sparse_resize_and_clear_):
    setattr(SparseTensor, _function.__name__, _function)
