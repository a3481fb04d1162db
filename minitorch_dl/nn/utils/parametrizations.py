"""Ready-made parametrizations: weight, spectral and orthogonal normalisation."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from ...autograd import no_grad
from ...backend import to_host
from ...linalg import matrix_exp, qr, solve
from ...ops import add, cat, eye, finfo, from_numpy, mv, randn, sgn, vdot, zeros_like
from ...tensor import Tensor
from .. import functional as F
from ..module import Module
from .parametrize import register_parametrization
from .spectral_norm import as_matrix, default_dim
from .weight_norm import norm_except_dim, normalized

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]

M = TypeVar("M", bound=Module)


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return normalized(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm_except_dim(weight, self.dim), weight


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Learn a weight's length (``original0``) and direction (``original1``) apart.

    ``dim``: the axis along which each index has a length of its own; None: one length for all.
    ``w = g v / |v|``; Salimans and Kingma, 2016. ``dim``: the axis along which each index has a
    length of its own; None: one length for all. A state_dict with the older names ``<name>_g`` and
    ``<name>_v`` loads too.
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def rename(state_dict: Any, prefix: str, *rest: Any) -> None:
        old = [f"{prefix}{name}_g", f"{prefix}{name}_v"]
        if all(key in state_dict for key in old):
            for i, key in enumerate(old):
                state_dict[f"{prefix}parametrizations.{name}.original{i}"] = state_dict.pop(key)

    module._register_load_state_dict_pre_hook(rename)
    return module


class _SpectralNorm(Module):
    def __init__(
        self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        super().__init__()
        ndim = weight.ndim
        if not -ndim <= dim < ndim:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{ndim}, {ndim - 1}] but "
                f"got {dim})"
            )
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got "
                f"n_power_iterations={n_power_iterations}"
            )
        self.dim, self.eps = dim % ndim, eps
        if ndim > 1:  # the norm of a vector is its singular value
            self.n_power_iterations = n_power_iterations
            with no_grad():
                matrix = as_matrix(weight, self.dim)
                h, w = matrix.shape
                u, v = matrix.new_empty(h).normal_(0, 1), matrix.new_empty(w).normal_(0, 1)
                self.register_buffer("_u", F.normalize(u, dim=0, eps=eps))
                self.register_buffer("_v", F.normalize(v, dim=0, eps=eps))
            self._power_method(matrix, 15)

    @no_grad()
    def _power_method(self, matrix: Tensor, n_power_iterations: int) -> None:
        for _ in range(n_power_iterations):
            self._u.copy_(F.normalize(mv(matrix, self._v), dim=0, eps=self.eps))
            self._v.copy_(F.normalize(mv(matrix.mH, self._u), dim=0, eps=self.eps))

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        # The graph keeps copies: another forward pass may come before the backward one.
        u, v = self._u.clone(), self._v.clone()
        return weight / vdot(u, mv(matrix, v))

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


def _named_tensor(module: Module, name: str) -> Tensor:
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return weight


def spectral_norm(
    module: M,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> M:
    """Divide a weight by its largest singular value; Miyato et al., 2018.

    The value comes from power iteration, of which each reading in training mode does
    ``n_power_iterations`` steps. ``dim``: the output axis (default 0, for transposed
    convolutions 1).
    """
    weight = _named_tensor(module, name)
    dim = default_dim(module) if dim is None else dim
    register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim, eps))
    return module


class _Orthogonal(Module):
    """Orthogonal matrices from arbitrary ones, relative to ``base``; Lezcano-Casado, 2019."""

    base: Tensor | None

    def __init__(self, weight: Tensor, orthogonal_map: str, use_trivialization: bool) -> None:
        super().__init__()
        self.orthogonal_map = orthogonal_map
        self.shape = weight.shape
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Tensor:
        transposed = X.shape[-2] < X.shape[-1]
        if transposed:
            X = X.mT
        n, k = X.shape[-2:]
        if self.orthogonal_map == "householder":
            signs = X.diagonal(dim1=-2, dim2=-1).detach().trunc()
            Q = _householder_product(X.tril(-1)) * signs.unsqueeze(-2)
        else:
            A = X.tril()
            if n != k:
                A = F.pad(A, (0, n - k))  # (..., n, n)
            A = A - A.mH
            if self.orthogonal_map == "matrix_exp":
                Q = matrix_exp(A)
            else:
                identity = eye(n, dtype=A.dtype, device=A.device)
                Q = solve(add(identity, A, alpha=-0.5), add(identity, A, alpha=0.5))
            Q = Q[..., :k]
        if "base" in self._buffers:
            Q = self.base @ Q
        return Q.mT if transposed else Q

    @no_grad()
    def right_inverse(self, value: Tensor) -> Tensor:
        if value.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of "
                f"shape {value.shape}."
            )
        transposed = value.shape[-2] < value.shape[-1]
        Q = value.mT if transposed else value
        n, k = Q.shape[-2:]
        if "base" not in self._buffers:
            if self.orthogonal_map != "householder":
                raise NotImplementedError(
                    "It is not possible to assign to the matrix exponential or the Cayley "
                    "parametrizations when use_trivialization=False."
                )
            A = _reflectors(Q)
            return A.mT if transposed else A
        if n != k:  # random columns complete the basis
            Q = _make_orthogonal(
                cat([Q, randn(*Q.shape[:-1], n - k, dtype=Q.dtype, device=Q.device)], -1)
            )
        else:
            Q = Q.clone() if _is_orthogonal(Q) else _make_orthogonal(Q)
        self.base = Q
        start = zeros_like(value)  # every map sends -I to the identity
        start.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
        return start


def _householder_product(A: Tensor) -> Tensor:
    """The first columns of ``H1 ... Hk``, where ``Hi = I - 2 v vᵀ / |v|²``.

    v: column i of ``A``, which is zero down to the diagonal, with 1 on the diagonal.
    """
    n, k = A.shape[-2:]
    Q = identity = eye(n, k, dtype=A.dtype, device=A.device)
    for i in reversed(range(k)):
        v = (A[..., i] + identity[:, i]).unsqueeze(-1)  # (..., n, 1)
        Q = Q - 2.0 / (1.0 + (A[..., i] ** 2).sum(-1)[..., None, None]) * (v @ (v.mT @ Q))
    return Q


def _reflectors(Q: Tensor) -> Tensor:
    """The matrix that :func:`_householder_product` with its diagonal as signs maps to ``Q``."""
    matrices = to_host(Q.array).reshape(-1, *Q.shape[-2:])
    results = []
    for matrix in matrices:
        h, tau = np.linalg.qr(matrix, mode="raw")
        A = np.array(h.T, matrix.dtype)
        signs = np.sign(np.diagonal(A)) * np.where(tau == 0, -1, 1)
        np.fill_diagonal(A, signs)
        results.append(A)
    return from_numpy(np.stack(results).reshape(Q.shape)).to(Q.device)


def _is_orthogonal(Q: Tensor) -> bool:
    """Whether the columns are orthonormal to the dtype's precision."""
    n, k = Q.shape[-2:]
    identity = eye(k, dtype=Q.dtype, device=Q.device)
    return bool(((Q.mH @ Q - identity).abs() <= 10.0 * n * finfo(Q.dtype).eps).all())


def _make_orthogonal(A: Tensor) -> Tensor:
    """The orthonormal factor of A whose triangular one has a positive diagonal."""
    Q, R = qr(A)
    return Q * sgn(R.diagonal(dim1=-2, dim2=-1)).unsqueeze(-2)


def orthogonal(
    module: M,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> M:
    """Keep a matrix (or batch of them) orthogonal; the shorter side's vectors are orthonormal.

    Args:
        orthogonal_map: "matrix_exp" (the default of square matrices), "cayley" or "householder"
            (the default of others).
        use_trivialization: parametrize relative to the first value, which then can be assigned to.

    Raises:
        ValueError: an unknown map, or a tensor with fewer than two dimensions.
    """
    weight = _named_tensor(module, name)
    if weight.ndim < 2:
        raise ValueError(
            f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions."
        )
    square = weight.shape[-2] == weight.shape[-1]
    chosen = orthogonal_map or ("matrix_exp" if square else "householder")
    if chosen not in ("matrix_exp", "cayley", "householder"):
        raise ValueError(
            'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". '
            f"Got: {orthogonal_map}"
        )
    if chosen == "householder" and weight.is_complex():
        raise ValueError("The householder parametrization does not support complex tensors.")
    made = _Orthogonal(weight, chosen, use_trivialization)
    register_parametrization(module, name, made, unsafe=True)
    return module
