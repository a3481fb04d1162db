"""Sparse tensors under the names of ``torch.sparse``: entries at places, in coordinates or by rows.

A matrix of which most elements are 0, such as a graph's adjacency, times a dense one:

>>> import minitorch_dl as torch
>>> edges = torch.tensor([[0, 1, 1], [2, 0, 2]])  # rows, columns
>>> a = torch.sparse_coo_tensor(edges, torch.tensor([3.0, 4.0, 5.0]), (2, 3))
>>> torch.sparse.mm(a, torch.ones(3, 1))
tensor([[3.],
        [9.]])

``tensor.py`` says how they are made; ``functions.py`` and ``rearranging.py`` have the ops,
``writing.py`` their forms in place, and what isn't there is refused.
Compressed columns and blocks are not here: a transposed CSR matrix is in coordinates.
"""

from . import rearranging, writing  # register what they define
from .construction import (
    ByteTensor,
    CharTensor,
    DoubleTensor,
    FloatTensor,
    HalfTensor,
    IntTensor,
    LongTensor,
    ShortTensor,
    check_sparse_tensor_invariants,
    sparse_coo_tensor,
    sparse_csr_tensor,
    spdiags,
    to_sparse,
)
from .functions import addmm, log_softmax, mm, sampled_addmm, softmax, sparse_mask, sum
from .functions import matmul as spmm
from .tensor import CsrTensor, SparseTensor

__all__ = [
    "ByteTensor", "CharTensor", "CsrTensor", "DoubleTensor", "FloatTensor", "HalfTensor",
    "IntTensor", "LongTensor", "ShortTensor", "SparseTensor", "addmm",
    "check_sparse_tensor_invariants", "log_softmax", "mm", "sampled_addmm", "softmax",
    "sparse_coo_tensor", "sparse_csr_tensor", "sparse_mask", "spdiags", "spmm", "sum",
    "to_sparse",
]  # fmt: skip
