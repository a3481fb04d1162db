"""Matrix products of groups of rows or columns, each with its own matrix, as in a mixture of
experts."""

from __future__ import annotations

from typing import Any

from ..autograd.engine_ops import cast
from ..autograd.node_names import as_one
from ..backend import dtypes, to_host
from .creation import zeros
from .joining import cat, stack
from .matmul import matmul

__all__: list[str] = []


@as_one("GroupedMmBackward0")
def grouped_mm(
    mat_a: Any, mat_b: Any, *, offs: Any = None, bias: Any = None, out_dtype: Any = None
) -> Any:
    """A product for each of G groups, which ``offs`` (G) ends along the dim that the 2-D operands
    share with no other group; what is beyond the last end gives zeros.

    ======================  ======================  ==================  =========================
    ``mat_a``               ``mat_b``               result              groups of
    ======================  ======================  ==================  =========================
    (M, K)                  (G, K, N)               (M, N)              rows of ``mat_a``
    (G, M, K)               (K, N)                  (M, N)              columns of ``mat_b``
    (M, K)                  (K, N)                  (G, M, N)           the dim K of both
    (G, M, K)               (G, K, N)               (G, M, N)           without ``offs``
    ======================  ======================  ==================  =========================

    >>> import minitorch_dl as torch
    >>> x, w = torch.ones(3, 2), torch.stack([torch.eye(2), 5 * torch.eye(2)])
    >>> torch.nn.functional.grouped_mm(x, w, offs=torch.tensor([1, 3]))
    tensor([[1., 1.],
            [5., 5.],
            [5., 5.]])
    """
    op = "grouped_mm"
    dims = mat_a.ndim, mat_b.ndim
    if not set(dims) <= {2, 3}:
        raise RuntimeError(f"{op}: expected matrices or batches of them, got {dims} dims")
    if bias is not None:
        raise RuntimeError(f"{op}: Bias not supported yet. Add it to the result")
    if (offs is None) != (dims == (3, 3)):
        raise RuntimeError(
            f"{op}: Have to provide offsets if there is a 2d matrix, or no offset if both matrices "
            "are 3d"
        )
    if mat_a.shape[-1] != mat_b.shape[-2]:
        raise RuntimeError(
            f"{op}: contraction dimension of mat_a and mat_b must match, got {list(mat_a.shape)} "
            f"and {list(mat_b.shape)}"
        )
    if dims == (3, 3):
        y = matmul(mat_a, mat_b)
    else:
        y = _grouped(mat_a, mat_b, [int(end) for end in to_host(offs.array)])
    return y if out_dtype is None else cast(y, dtype=dtypes.as_dtype(out_dtype).name)


def _grouped(a: Any, b: Any, ends: list[int]) -> Any:
    groups = list(enumerate(map(slice, [0, *ends[:-1]], ends)))
    last = ends[-1] if ends else 0
    if a.ndim == b.ndim:
        return stack([matmul(a[:, part], b[part]) for _, part in groups])
    if a.ndim == 2:
        parts = [matmul(a[part], b[i]) for i, part in groups]
        rest, dim = (a.shape[0] - last, b.shape[-1]), 0
    else:
        parts = [matmul(a[i], b[:, part]) for i, part in groups]
        rest, dim = (a.shape[-2], b.shape[1] - last), 1
    return cat([*parts, zeros(rest, dtype=a.dtype, device=a.device)], dim)
