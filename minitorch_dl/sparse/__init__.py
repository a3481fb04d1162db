"""Sparse tensors under the names of ``torch.sparse``: entries at places, in coordinates or by rows.

A matrix of which most elements are 0, such as a graph's adjacency, times a dense one:

>>> import minitorch_dl as torch
>>> edges = torch.tensor([[0, 1, 1], [2, 0, 2]])  # rows, columns
>>> a = torch.sparse_coo_tensor(edges, torch.tensor([3.0, 4.0, 5.0]), (2, 3))
>>> torch.sparse.mm(a, torch.ones(3, 1))
tensor([[3.],
        [9.]])

``tensor.py`` says how they are made, ``compressed.py`` how those by rows, by columns and in blocks
are; ``functions.py`` and ``rearranging.py`` have the ops,
``writing.py`` their forms in place, and what isn't there is refused.
"""

from . import rearranging, writing  # register what they define
from .compressed import (
    BscTensor,
    BsrTensor,
    CscTensor,
    CsrTensor,
    sparse_bsc_tensor,
    sparse_bsr_tensor,
    sparse_compressed_tensor,
    sparse_csc_tensor,
    sparse_csr_tensor,
)
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
    spdiags,
    to_sparse,
)
from .functions import (
    addmm,
    log_softmax,
    matmul as spmm,
    mm,
    sampled_addmm,
    softmax,
    sparse_mask,
    sum,
)
from .semi_structured import SparseSemiStructuredTensor, to_sparse_semi_structured
from .tensor import SparseTensor

__all__ = [
    "BscTensor", "BsrTensor", "ByteTensor", "CharTensor", "CscTensor", "CsrTensor",
    "DoubleTensor", "FloatTensor", "HalfTensor", "IntTensor", "LongTensor", "ShortTensor",
    "SparseSemiStructuredTensor", "SparseTensor", "addmm", "check_sparse_tensor_invariants",
    "log_softmax", "mm", "sampled_addmm", "softmax", "sparse_bsc_tensor", "sparse_bsr_tensor",
    "sparse_compressed_tensor", "sparse_coo_tensor", "sparse_csc_tensor", "sparse_csr_tensor",
    "sparse_mask", "spdiags", "spmm", "sum", "to_sparse", "to_sparse_semi_structured",
]  # fmt: skip
