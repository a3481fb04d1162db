"""Transforms of the parts of a tensor, of matrices, and by a distribution's ``cdf``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..linalg import cholesky
from ..nn import functional as F
from ..ops import arange, cat, eye, finfo, stack
from ..tensor import Tensor
from . import constraints
from .distribution import Distribution, sum_rightmost
from .matrices import below_diagonal
from .transform_composition import Transform
from .transforms import LowerCholeskyTransform

__all__ = [
    "CatTransform", "CorrCholeskyTransform", "CumulativeDistributionTransform",
    "PositiveDefiniteTransform", "StackTransform",
]  # fmt: skip


class _Joined(Transform):
    """A transform for each part of a tensor."""

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        if not all(isinstance(t, Transform) for t in tseq):
            raise AssertionError("All elements of tseq must be Transform instances")
        super().__init__(cache_size)
        self.transforms = [t.with_cache(cache_size) if cache_size else t for t in tseq]
        self.dim = dim

    def _parts(self, x: Tensor) -> list[Tensor]:
        raise NotImplementedError

    def _join(self, parts: list[Tensor]) -> Tensor:
        raise NotImplementedError

    def _check(self, x: Tensor, n: int) -> None:
        if not -x.ndim <= self.dim < x.ndim or x.size(self.dim) != n:
            raise AssertionError(
                f"{type(self).__name__}: expected size {n} in dim {self.dim}, got {list(x.shape)}"
            )

    @property
    def bijective(self) -> bool:  # type: ignore[override]
        return all(t.bijective for t in self.transforms)

    def _call(self, x: Tensor) -> Tensor:
        return self._join([t(part) for t, part in zip(self.transforms, self._parts(x))])

    def _inverse(self, y: Tensor) -> Tensor:
        return self._join([t.inv(part) for t, part in zip(self.transforms, self._parts(y))])

    def _changes(self, x: Tensor, y: Tensor) -> list[Tensor]:
        parts = zip(self.transforms, self._parts(x), self._parts(y))
        return [t.log_abs_det_jacobian(a, b) for t, a, b in parts]


class CatTransform(_Joined):
    """A transform for each of the parts, of these ``lengths``, that ``cat`` joined along ``dim``.

    >>> import minitorch_dl as torch
    >>> D = torch.distributions
    >>> t = D.CatTransform([D.ExpTransform(), D.identity_transform], lengths=[1, 2])
    >>> t(torch.zeros(3))
    tensor([1., 0., 0.])
    """

    def __init__(
        self,
        tseq: Sequence[Transform],
        dim: int = 0,
        lengths: Sequence[int] | None = None,
        cache_size: int = 0,
    ) -> None:
        super().__init__(tseq, dim, cache_size)
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.transforms):
            raise AssertionError(
                f"lengths ({len(self.lengths)}) must match transforms ({len(self.transforms)})"
            )

    @property
    def event_dim(self) -> int:
        return max(t.event_dim for t in self.transforms)

    @property
    def length(self) -> int:
        """The size of all parts together."""
        return sum(self.lengths)

    @property
    def domain(self) -> Any:
        return constraints.cat([t.domain for t in self.transforms], self.dim, self.lengths)

    @property
    def codomain(self) -> Any:
        return constraints.cat([t.codomain for t in self.transforms], self.dim, self.lengths)

    def _parts(self, x: Tensor) -> list[Tensor]:
        self._check(x, self.length)
        return list(x.split(self.lengths, self.dim))

    def _join(self, parts: list[Tensor]) -> Tensor:
        return cat(parts, self.dim)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        events = self.event_dim
        changes = [
            sum_rightmost(change, events - t.event_dim)
            for t, change in zip(self.transforms, self._changes(x, y))
        ]
        dim = (self.dim - x.ndim if self.dim >= 0 else self.dim) + events
        if dim < 0:
            return cat(changes, dim)
        total = changes[0]
        for change in changes[1:]:
            total = total + change
        return total


class StackTransform(_Joined):
    """A transform for each of the slices that ``stack`` joined along ``dim``."""

    @property
    def domain(self) -> Any:
        return constraints.stack([t.domain for t in self.transforms], self.dim)

    @property
    def codomain(self) -> Any:
        return constraints.stack([t.codomain for t in self.transforms], self.dim)

    def _parts(self, x: Tensor) -> list[Tensor]:
        self._check(x, len(self.transforms))
        return list(x.unbind(self.dim))

    def _join(self, parts: list[Tensor]) -> Tensor:
        return stack(parts, self.dim)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return stack(self._changes(x, y), self.dim)


class CumulativeDistributionTransform(Transform):
    """``y = distribution.cdf(x)``, uniform for x of that distribution; of a normal vector it makes
    a copula."""

    bijective = True
    codomain = constraints.unit_interval
    sign = 1

    def __init__(self, distribution: Distribution, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.distribution = distribution

    @property
    def domain(self) -> Any:
        return self.distribution.support

    def _call(self, x: Tensor) -> Tensor:
        return self.distribution.cdf(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return self.distribution.icdf(y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return self.distribution.log_prob(x)


class PositiveDefiniteTransform(Transform):
    """A matrix to a positive definite one: ``L Lᵀ`` with the L of
    :class:`LowerCholeskyTransform`."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.positive_definite

    def _call(self, x: Tensor) -> Tensor:
        L = LowerCholeskyTransform()(x)
        return L @ L.mT

    def _inverse(self, y: Tensor) -> Tensor:
        return LowerCholeskyTransform().inv(cholesky(y))


class CorrCholeskyTransform(Transform):
    """``n (n - 1) / 2`` numbers to the Cholesky factor of a correlation matrix (n, n): the tanh of
    each is a share of the length that is left of its row, which ends at 1 on the diagonal."""

    domain, codomain = constraints.real_vector, constraints.corr_cholesky
    bijective = True

    def _call(self, x: Tensor) -> Tensor:
        eps = finfo(x.dtype).eps
        n = self.forward_shape(x.shape)[-1]
        shares = below_diagonal(x.tanh().clamp(min=-1 + eps, max=1 - eps), n)
        left = (1 - shares.square()).sqrt().cumprod(-1)
        whole = shares + eye(n, dtype=x.dtype, device=x.device)
        return whole * F.pad(left[..., :-1], (1, 0), value=1.0)

    def _inverse(self, y: Tensor) -> Tensor:
        left = F.pad((1 - y.square().cumsum(-1))[..., :-1], (1, 0), value=1.0)
        share = _below(y, -1) / _below(left, -1).sqrt()
        return (share.log1p() - (-share).log1p()) / 2

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        left = _below(1 - y.square().cumsum(-1), -2)
        slopes = x + F.softplus(-2 * x) - math.log(2.0)
        return 0.5 * left.log().sum(-1) - 2 * slopes.sum(-1)

    def forward_shape(self, shape: Any) -> Any:
        if len(shape) < 1:
            raise ValueError("Too few dimensions on input")
        count = shape[-1]
        n = round((0.25 + 2 * count) ** 0.5 + 0.5)
        if n * (n - 1) // 2 != count:
            raise ValueError(
                f"Input is not a flattened lower-diagonal number: {count} entries fill no triangle"
            )
        return (*shape[:-1], n, n)

    def inverse_shape(self, shape: Any) -> Any:
        if len(shape) < 2:
            raise ValueError("Too few dimensions on input")
        if shape[-2] != shape[-1]:
            raise ValueError("Input is not square")
        return (*shape[:-2], shape[-1] * (shape[-1] - 1) // 2)


def _below(x: Tensor, diagonal: int) -> Tensor:
    """The entries up to this diagonal, row by row."""
    n = x.shape[-1]
    places = arange(n * n, device=x.device)
    at = places[places % n <= places // n + diagonal]
    return x.reshape(*x.shape[:-2], n * n).index_select(-1, at)
