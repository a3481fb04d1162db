"""Products of Householder reflectors: the form in which LAPACK keeps the Q of a QR decomposition.

``Q = H_1 H_2 ... H_k`` with ``H_i = I - tau_i v_i v_i^H``, where ``v_i`` is column i of a matrix
``(..., M, N)`` with 1 on its diagonal and 0 above it.
"""

from __future__ import annotations

from typing import Any

from ...autograd.errors import require_one_dtype
from ...autograd.node_names import as_one
from ...autograd.primitive import TensorBase, primitive, write_out
from ...backend import array_module
from .. import return_types
from ..diagonals import tril_p
from ..movement import clone
from .solving import check_matrices, conjugated, mH, mul

__all__ = ["geqrf", "orgqr", "ormqr"]


@primitive(outputs=("factors", "tau"), complex=True)
def geqrf_p(xp: Any, a: Any) -> Any:
    factors, tau = xp.linalg.qr(a, mode="raw")
    return factors.swapaxes(-1, -2).copy(), tau


@geqrf_p.defvjp_joint
def _geqrf_gradients(g: Any, needs: Any) -> Any:
    raise NotImplementedError(
        "the derivative for 'geqrf' is not implemented. torch.linalg.qr, whose Q is a matrix, has "
        "one"
    )


@as_one()
def geqrf(input: Any, *, out: Any = None) -> return_types.geqrf:
    """``(a, tau)``: the QR decomposition as LAPACK keeps it, ``R`` in the upper triangle of ``a``
    and the reflectors of ``Q`` below it. It has no derivative.

    >>> import minitorch_dl as torch
    >>> x = torch.tensor([[3.0, 1.0], [4.0, 2.0]])
    >>> a, tau = torch.geqrf(x)
    >>> torch.allclose(torch.orgqr(a, tau) @ a.triu(), x)
    True
    """
    check_matrices("torch.geqrf", input=input)
    y = geqrf_p(input)
    return return_types.geqrf(*(y if out is None else write_out("geqrf", out, y)))


def _reflectors(op: str, A: Any, tau: Any) -> Any:
    """The columns ``v_i``, checked."""
    check_matrices(op, A=A)
    require_one_dtype(op, A.array, tau.array)
    if A.shape[-1] < tau.shape[-1]:
        raise RuntimeError(
            f"{op}: input.shape[-1] must be greater than or equal to tau.shape[-1], got "
            f"{tuple(A.shape)} and {tuple(tau.shape)}"
        )
    if A.shape[:-2] != tau.shape[:-1]:
        raise RuntimeError(
            f"{op}: Expected batch dimensions of tau to be equal to those of input, got "
            f"{tuple(A.shape)} and {tuple(tau.shape)}"
        )
    columns = A[..., : tau.shape[-1]]
    return tril_p(columns, diagonal=-1) + _unit(columns)


def _unit(A: Any) -> Any:
    """The first columns of the identity matrix."""
    return TensorBase.wrap(array_module(A.array).eye(*A.shape[-2:], dtype=A.array.dtype))


def _reflect(v: Any, tau: Any, y: Any, adjoint: bool = False) -> Any:
    """``Q y``, or ``Q^H y``."""
    steps = range(tau.shape[-1])
    tau = conjugated(tau) if adjoint else tau
    for i in steps if adjoint else reversed(steps):
        column = v[..., i : i + 1]
        y = y - tau[..., i, None, None] * mul(column, mul(column, y, ta=True))
    return y


@as_one("LinalgHouseholderProductBackward0")
def householder_product(A: Any, tau: Any, *, out: Any = None) -> Any:
    """The first N columns of ``Q``."""
    v = _reflectors("torch.linalg.householder_product", A, tau)
    if A.shape[-2] < A.shape[-1]:
        raise RuntimeError(
            "torch.linalg.householder_product: input.shape[-2] must be greater than or equal to "
            f"input.shape[-1], got {tuple(A.shape)}"
        )
    zeros = tril_p(A, diagonal=-A.shape[-2])  # of A's graph, also without a tau
    y = _reflect(v, tau, zeros + _unit(A))
    return y if out is None else write_out("linalg.householder_product", out, y)


def orgqr(input: Any, input2: Any, *, out: Any = None) -> Any:
    """The first N columns of ``Q``; see ``linalg.householder_product``."""
    return householder_product(input, input2, out=out)


@as_one("OrmqrBackward0")
def ormqr(
    input: Any,
    input2: Any,
    input3: Any,
    left: bool = True,
    transpose: bool = False,
    *,
    out: Any = None,
) -> Any:
    """``Q input3`` with the whole square ``Q`` of the reflectors ``input`` and the factors
    ``input2``.

    Args:
        left: False multiplies from the right: ``input3 Q``.
        transpose: multiply by ``Q^H``.
    """
    v = _reflectors("torch.ormqr", input, input2)
    check_matrices("torch.ormqr", input3=input3)
    require_one_dtype("torch.ormqr", input.array, input3.array)
    if input3.shape[-2 if left else -1] != input.shape[-2]:
        raise RuntimeError(
            f"torch.ormqr: other.shape[{-2 if left else -1}] must be equal to input.shape[-2], got "
            f"{tuple(input3.shape)} and {tuple(input.shape)}"
        )
    if input3.shape[:-2] != input.shape[:-2]:
        raise RuntimeError(
            "torch.ormqr: Expected batch dimensions of other to be equal to those of input, got "
            f"{tuple(input3.shape)} and {tuple(input.shape)}"
        )
    if left:
        y = _reflect(v, input2, input3, transpose)
    else:
        y = mH(_reflect(v, input2, mH(input3), not transpose))
    if not input2.shape[-1]:  # no reflector has made a new tensor
        y = clone(y)
    return y if out is None else write_out("ormqr", out, y, exact=True)
