"""Ready-made parametrizations: weight, spectral and orthogonal normalisation."""

from __future__ import annotations

from typing import Any, TypeVar

from ...autograd import no_grad
from ...linalg import matrix_exp, qr, solve
from ...ops import add, dot, eye, finfo, mv, sign, zeros_like
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
    """Learn a weight's length (``original0``) and direction (``original1``) apart: ``w = g v / |v|``.

    ``dim``: the axis along which each index has a length of its own; None: one length for all.
    A state_dict with the older names ``<name>_g`` and ``<name>_v`` loads too. Salimans and Kingma,
    2016.
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

    @no_grad
    def _power_method(self, matrix: Tensor, n_power_iterations: int) -> None:
        for _ in range(n_power_iterations):
            self._u.copy_(F.normalize(mv(matrix, self._v), dim=0, eps=self.eps))
            self._v.copy_(F.normalize(mv(matrix.mT, self._u), dim=0, eps=self.eps))

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        # The graph keeps copies: another forward pass may come before the backward one.
        u, v = self._u.clone(), self._v.clone()
        return weight / dot(u, mv(matrix, v))

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


def _named_tensor(module: Module, name: str) -> Tensor:
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(
            f"Module '{module}' has no parameter or buffer with name '{name}'"
        )
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
    """Orthogonal matrices from skew-symmetric ones, relative to ``base``; Lezcano-Casado, 2019."""

    base: Tensor | None

    def __init__(self, weight: Tensor, orthogonal_map: str, use_trivialization: bool) -> None:
        super().__init__()
        self.orthogonal_map = orthogonal_map
        self.shape = weight.shape
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Tensor:
        n, k = X.shape[-2:]
        transposed = n < k
        if transposed:
            X, n, k = X.mT, k, n
        A = X.tril(-1)
        if n != k:  # n by n, with zeros to the right
            A = F.pad(A, (0, n - k))
        A = A - A.mT
        if self.orthogonal_map == "matrix_exp":
            Q = matrix_exp(A)
        else:
            identity = eye(n, dtype=A.dtype, device=A.device)
            Q = solve(add(identity, A, alpha=-0.5), add(identity, A, alpha=0.5))
        base = getattr(self, "base", None)
        Q = Q[..., :k] if base is None else base @ Q[..., :k]
        return Q.mT if transposed else Q

    @no_grad
    def right_inverse(self, Q: Tensor) -> Tensor:
        if Q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of "
                f"shape {Q.shape}."
            )
        if "base" not in self._buffers:
            raise NotImplementedError(
                "It is not possible to assign to the matrix exponential or the Cayley "
                "parametrizations when use_trivialization=False."
            )
        n, k = Q.shape[-2:]
        transposed = n < k
        A = Q.mT if transposed else Q
        full = _orthogonal_basis(A if _is_orthogonal(A) else _make_orthogonal(A))
        self.base = full
        return zeros_like(Q)


def _is_orthogonal(Q: Tensor) -> bool:
    """Whether the columns are orthonormal to the dtype's precision."""
    n, k = Q.shape[-2:]
    identity = eye(k, dtype=Q.dtype, device=Q.device)
    eps = 10.0 * n * finfo(Q.dtype).eps
    return bool(((Q.mT @ Q - identity).abs() <= eps).all())


def _make_orthogonal(A: Tensor) -> Tensor:
    """The orthonormal factor of A whose triangular one has a positive diagonal."""
    Q, R = qr(A)
    return Q * sign(R.diagonal(dim1=-2, dim2=-1)).unsqueeze(-2)


def _orthogonal_basis(A: Tensor) -> Tensor:
    """Orthonormal columns completed to a square orthogonal matrix."""
    n, k = A.shape[-2:]
    if n == k:
        return A.clone()
    Q, R = qr(A, mode="complete")
    first = Q[..., :k] * sign(R.diagonal(dim1=-2, dim2=-1)).unsqueeze(-2)
    Q = Q.clone()
    Q[..., :k] = first
    return Q


def orthogonal(
    module: M,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> M:
    """Keep a matrix (or batch of them) orthogonal; the shorter side's vectors are orthonormal.

    Args:
        orthogonal_map: "matrix_exp" (the default) or "cayley".
        use_trivialization: parametrize relative to the first value, which then can be assigned to.

    Raises:
        ValueError: an unknown map, or a tensor with fewer than two dimensions.
    """
    weight = _named_tensor(module, name)
    if weight.ndim < 2:
        raise ValueError(
            "Expected a matrix or batch of matrices. "
            f"Got a tensor of {weight.ndim} dimensions."
        )
    chosen = "matrix_exp" if orthogonal_map is None else orthogonal_map
    if chosen not in ("matrix_exp", "cayley"):
        raise ValueError(
            f'orthogonal_map has to be one of "matrix_exp", "cayley". Got: {orthogonal_map}'
        )
    made = _Orthogonal(weight, chosen, use_trivialization)
    register_parametrization(module, name, made, unsafe=True)
    return module
