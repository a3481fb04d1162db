"""Transforms of the parts of a tensor, and by a distribution's ``cdf``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ops import cat, stack
from ..tensor import Tensor
from . import constraints
from .distribution import Distribution, sum_rightmost
from .transform_composition import Transform

__all__ = ["CatTransform", "CumulativeDistributionTransform", "StackTransform"]


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
