"""Covariances and correlations."""

from __future__ import annotations

from typing import Any

from ..autograd.engine_ops import is_complex
from ..autograd.node_names import as_one
from ..backend import anywhere, check_all
from ..backend.warning import warn
from .complex_numbers import complex, imaginary_part, real_part
from .powers import sqrt
from .reductions import sum_p
from .selection import clamp
from .shape import adjoint, squeeze, unsqueeze

__all__ = ["corrcoef", "cov"]


@as_one("SqueezeBackward0")
def cov(input: Any, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
    """The covariances of variables (rows) over observations (columns):
    ``sum_k w_k (x_ik - m_i)(x_jk - m_j) / norm`` with the weighted means ``m``.

    Args:
        input: (V, N), or (N,) for a single variable.
        correction: subtracted from the number of observations in ``norm``.
        fweights: (N,) integers: how often each observation was seen.
        aweights: (N,) floats: how much each observation counts.

    Returns:
        (V, V); 0-d for a single variable.

    >>> import minitorch_dl as torch
    >>> torch.cov(torch.tensor([[0.0, 2.0, 4.0], [4.0, 2.0, 0.0]]))
    tensor([[ 4., -4.],
            [-4.,  4.]])
    """
    if input.array.ndim > 2:
        raise RuntimeError(
            "cov(): expected input to have two or fewer dimensions but got an input with "
            f"{input.array.ndim} dimensions"
        )
    if input.array.dtype.kind == "b":
        raise RuntimeError("cov(): bool dtype is not supported for input")
    x = input.reshape(1, -1) if input.array.ndim < 2 else input
    w = _weights(x, fweights, aweights)
    if w is None:
        total: Any = x.array.shape[1]
        mean = sum_p(x, dims=(1,), keepdim=True) / total
        norm = max(total - correction, 0)
    else:
        total = sum_p(w, dims=(0,), keepdim=False)
        mean = sum_p(x * w, dims=(1,), keepdim=True) / total
        norm = total - correction
        if correction and aweights is not None:
            norm = total - correction * sum_p(w * aweights, dims=(0,), keepdim=False) / total
        norm = clamp(norm, min=0)
    if norm == 0 if w is None else anywhere(norm.array == 0):
        warn(
            "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number "
            "of observations."
        )
    centered = x - mean  # (V, N)
    weighted = centered if w is None else centered * w
    y = weighted @ adjoint(centered) / norm
    return squeeze(y)


def _weights(x: Any, fweights: Any, aweights: Any) -> Any:
    """The product of both kinds of weights, checked; None without any."""
    for name, w, kinds in (("fweights", fweights, "iu"), ("aweights", aweights, "fV")):
        if w is None:
            continue
        if w.array.ndim > 1:
            raise RuntimeError(
                f"cov(): expected {name} to have one or fewer dimensions but got {name} with "
                f"{w.array.ndim} dimensions"
            )
        if w.array.dtype.kind not in kinds:
            wanted = "integral" if kinds == "iu" else "floating point"
            raise RuntimeError(f"cov(): expected {name} to have {wanted} dtype but got {w.dtype}")
        if w.array.size != x.array.shape[1]:
            raise RuntimeError(
                f"cov(): expected {name} to have the same numel as there are observations (columns "
                f"of the input), got {w.array.size} != {x.array.shape[1]}"
            )
        check_all(w.array >= 0, RuntimeError, f"cov(): {name} cannot be negative")
    if fweights is None or aweights is None:
        w = aweights if fweights is None else fweights
    else:
        w = fweights * aweights
    if w is None:
        return None
    check_all(w.array.sum() != 0, RuntimeError, "cov(): weights sum to zero, can't be normalized")
    return w.reshape(-1)


def corrcoef(input: Any) -> Any:
    """The correlations of variables (rows) over observations (columns): covariances over the
    product of both standard deviations, within [-1, 1].

    >>> import minitorch_dl as torch
    >>> torch.corrcoef(torch.tensor([[0.0, 1.0, 2.0], [4.0, 2.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    if input.array.ndim > 2:
        raise RuntimeError(
            "corrcoef(): expected input to have two or fewer dimensions but got an input with "
            f"{input.array.ndim} dimensions"
        )
    c = cov(input)
    if c.array.ndim == 0:
        return c / c
    s = sqrt(c.diagonal())
    y = c / unsqueeze(s, 1) / unsqueeze(s, 0)
    if is_complex(y):
        return complex(clamp(real_part(y), -1, 1), clamp(imaginary_part(y), -1, 1))
    return clamp(y, -1, 1)
