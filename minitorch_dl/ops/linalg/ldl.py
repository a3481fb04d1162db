"""The factorization ``A = L D L^T`` of symmetric matrices that need not be definite.

``D`` has blocks of one or two rows on its diagonal: J. Bunch and L. Kaufman, "Some stable methods
for calculating inertia and solving symmetric linear systems" (1977). The results are laid out as
LAPACK's ``sytrf`` does it: a positive ``pivots[k] = p`` says that step k swapped the rows k and p
(from 1), two equal negative ones that a block of two swapped its second row with ``-p``. The
pivots depend on the values, so the work is done in host memory, one matrix at a time; there is no
derivative, as in PyTorch.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...autograd.no_derivative import PYTORCH_NAME, no_derivative
from ...autograd.primitive import primitive, write_out
from ...backend import to_host
from .. import return_types
from .solving import LinAlgError, attempt, check_matrices, check_system

__all__: list[str] = []

_GROWTH = (1 + math.sqrt(17)) / 8
"""The share of its column that a pivot must have: it bounds the growth of a block of two as that of
two single ones."""


def _factorize(a: np.ndarray, hermitian: bool) -> tuple[np.ndarray, np.ndarray, int]:
    """``(LD, pivots, info)`` of one matrix, of which the lower triangle counts."""
    n = len(a)
    lower = np.tril(a, -1)
    ld, rest = np.zeros_like(a), lower + _mirrored(lower, hermitian)
    rest[range(n), range(n)] = a.diagonal().real if hermitian else a.diagonal()
    pivots, info, k = np.zeros(n, "int32"), 0, 0
    while k < n:
        p, width = _choose(rest[k:, k:])
        if p < 0:  # a column of zeros
            p, info = 0, info or k + 1
        kk, p = k + width - 1, k + p
        if p != kk:
            rest[[kk, p]] = rest[[p, kk]]
            rest[:, [kk, p]] = rest[:, [p, kk]]
        pivots[k : kk + 1] = p + 1 if width == 1 else -(p + 1)
        block, below = rest[k : kk + 1, k : kk + 1], rest[kk + 1 :, k : kk + 1]
        ld[k : kk + 1, k : kk + 1] = np.tril(block)
        if block.any():
            ld[kk + 1 :, k : kk + 1] = below @ np.linalg.inv(block)
        rest[kk + 1 :, kk + 1 :] -= ld[kk + 1 :, k : kk + 1] @ _mirrored(below, hermitian)
        k += width
    return ld, pivots, info


def _mirrored(a: np.ndarray, hermitian: bool) -> np.ndarray:
    return a.conj().T if hermitian else a.T


def _size(a: np.ndarray) -> np.ndarray:
    return abs(a.real) + abs(a.imag)


def _choose(a: np.ndarray) -> tuple[int, int]:
    """Which row becomes the (last) one of the next block, and how wide the block is; -1 where the
    first column is zero."""
    size = _size(a)
    first = size[0, 0]
    if len(a) == 1:
        return (0 if first else -1), 1
    r = 1 + int(size[1:, 0].argmax())
    largest = size[r, 0]
    if max(first, largest) == 0:
        return -1, 1
    if first >= _GROWTH * largest:
        return 0, 1
    across = np.delete(size[r], r).max()
    if first >= _GROWTH * largest * (largest / across):
        return 0, 1
    return r, 1 if size[r, r] >= _GROWTH * across else 2


@primitive(outputs=("LD", "pivots", "info"), constant=("pivots", "info"),
           complex=True, grad_fn=PYTORCH_NAME)  # fmt: skip
def ldl_factor_p(xp: Any, a: Any, *, hermitian: bool) -> Any:
    a = to_host(a)
    ld = np.empty_like(a)
    pivots, info = np.empty(a.shape[:-1], "int32"), np.empty(a.shape[:-2], "int32")
    for at in np.ndindex(info.shape):
        ld[at], pivots[at], info[at] = _factorize(a[at], hermitian)
    return xp.asarray(ld), xp.asarray(pivots), xp.asarray(info)


def _solve(ld: np.ndarray, pivots: np.ndarray, b: np.ndarray, hermitian: bool) -> np.ndarray:
    """``x`` of one system, block by block: ``L``, then ``D``, then the mirrored ``L``."""
    b, blocks, k = b.copy(), [], 0
    while k < len(ld):
        end, p = (k + 1, pivots[k] - 1) if pivots[k] > 0 else (k + 2, -pivots[k] - 1)
        b[[end - 1, p]] = b[[p, end - 1]]
        b[end:] -= ld[end:, k:end] @ b[k:end]
        block = ld[k:end, k:end]
        below = np.tril(block, -1)
        b[k:end] = np.linalg.solve(block + _mirrored(below, hermitian), b[k:end])
        blocks.append((k, end, p))
        k = end
    for k, end, p in reversed(blocks):
        b[k:end] -= _mirrored(ld[end:, k:end], hermitian) @ b[end:]
        b[[end - 1, p]] = b[[p, end - 1]]
    return b


@primitive(complex=True, grad_fn=PYTORCH_NAME)
def ldl_solve_p(xp: Any, ld: Any, pivots: Any, b: Any, *, hermitian: bool) -> Any:
    batch = np.broadcast_shapes(ld.shape[:-2], b.shape[:-2])
    factors = np.broadcast_to(to_host(ld), (*batch, *ld.shape[-2:]))
    swaps = np.broadcast_to(to_host(pivots), (*batch, ld.shape[-1]))
    y = np.array(np.broadcast_to(to_host(b), (*batch, *b.shape[-2:])))
    for at in np.ndindex(batch):
        why = "a block of D is singular"
        y[at] = attempt(
            "linalg.ldl_solve", _solve, factors[at], swaps[at], y[at], hermitian, why=why
        )
    return xp.asarray(y)


_CURE = "torch.linalg.solve and eigh have one"
ldl_factor_p.defvjp(a=no_derivative("linalg_ldl_factor_ex", _CURE))
_refusal = no_derivative("linalg_ldl_solve", _CURE)
ldl_solve_p.defvjp(ld=_refusal, b=_refusal)


def ldl_factor_ex(
    A: Any, *, hermitian: bool = False, check_errors: bool = False, out: Any = None
) -> return_types.linalg_ldl_factor_ex:
    """``ldl_factor``, and ``info``: 0, or the place (from 1) of the first block of ``D`` that is
    zero."""
    check_matrices("torch.linalg.ldl_factor_ex", square=True, A=A)
    y = ldl_factor_p(A, hermitian=hermitian)
    if check_errors and (to_host(y[2].array) > 0).any():
        raise LinAlgError(
            f"torch.linalg.ldl_factor_ex: D[{int(to_host(y[2].array).max())}] is zero, and using "
            "it in ldl_solve would divide by it"
        )
    return return_types.linalg_ldl_factor_ex(
        *(y if out is None else write_out("linalg.ldl_factor_ex", out, y, exact=True))
    )


def ldl_factor(
    A: Any, *, hermitian: bool = False, out: Any = None
) -> return_types.linalg_ldl_factor:
    """``(LD, pivots)`` of the symmetric ``A = L D L^T`` ``(..., N, N)``, of which the lower
    triangle counts; ``L`` and the blocks of ``D`` are kept in one matrix.

    Args:
        hermitian: ``A = L D L^H`` of complex matrices that equal their adjoint.

    >>> import minitorch_dl as torch
    >>> LD, pivots = torch.linalg.ldl_factor(torch.tensor([[0.0, 2.0], [2.0, 0.0]]))
    >>> torch.linalg.ldl_solve(LD, pivots, torch.tensor([[2.0], [4.0]]))
    tensor([[2.],
            [1.]])
    """
    y = ldl_factor_ex(A, hermitian=hermitian)[:2]
    return return_types.linalg_ldl_factor(
        *(y if out is None else write_out("linalg.ldl_factor", out, y, exact=True))
    )


def ldl_solve(LD: Any, pivots: Any, B: Any, *, hermitian: bool = False, out: Any = None) -> Any:
    """``X`` of ``A X = B`` for the ``A`` that ``ldl_factor`` factorized."""
    check_matrices("torch.linalg.ldl_solve", square=True, LD=LD)
    check_matrices("torch.linalg.ldl_solve", B=B)
    check_system("torch.linalg.ldl_solve", LD, B, True)
    if pivots.array.dtype.kind not in "iu" or pivots.shape != LD.shape[:-1]:
        raise RuntimeError(
            "torch.linalg.ldl_solve: expected pivots of integers and of shape "
            f"{list(LD.shape[:-1])}, got {pivots.dtype} {list(pivots.shape)}"
        )
    y = ldl_solve_p(LD, pivots, B, hermitian=hermitian)
    return y if out is None else write_out("linalg.ldl_solve", out, y, exact=True)
