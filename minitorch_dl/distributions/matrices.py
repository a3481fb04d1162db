"""Distributions of matrices: covariances and correlations."""

from __future__ import annotations

import math
from typing import Any

from ..backend.warning import warn
from ..linalg import slogdet
from ..ops import (
    arange,
    broadcast_shapes,
    cat,
    cholesky_solve,
    digamma,
    finfo,
    lgamma,
    mvlgamma,
    randn,
)
from ..tensor import Tensor
from . import constraints
from .bounded import Beta
from .distribution import Distribution, ExponentialFamily, broadcast_all
from .matrix_transforms import below_diagonal
from .normal import _Covariance
from .positive import Chi2

__all__ = ["LKJCholesky", "Wishart"]


class Wishart(_Covariance, ExponentialFamily):
    """The sum of the outer products of ``df`` normal vectors with mean 0 and covariance Σ; ``df``
    is any number above n - 1. Samples by Bartlett's decomposition (Odell and Feiveson, 1966).

    Args:
        df: the degrees of freedom.
        covariance_matrix, precision_matrix, scale_tril: Σ, its inverse, or its Cholesky factor.

    >>> import minitorch_dl as torch
    >>> torch.distributions.Wishart(torch.tensor(3.0), torch.eye(2)).mean
    tensor([[3., 0.],
            [0., 3.]])
    """

    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure = 0
    df: Tensor

    @property
    def arg_constraints(self) -> Any:
        return {**self._matrices, "df": constraints.greater_than(self._event_shape[-1] - 1)}

    def __init__(
        self,
        df: Any,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        name, matrix = self._one_given(covariance_matrix, precision_matrix, scale_tril)
        n = matrix.shape[-1]
        if not isinstance(df, Tensor):
            df = matrix.new_tensor(df)
        batch = broadcast_shapes(tuple(matrix.shape[:-2]), tuple(df.shape))
        self.df = df.expand(batch)
        if (self.df <= n - 1).any():
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {n - 1}.")
        if (self.df < n).any():
            warn(
                "Low df values detected. Singular samples are highly likely to occur for ndim - 1 "
                "< df < ndim.",
            )
        self._keep_matrix(name, matrix, batch)
        super().__init__(batch, (n, n), validate_args=validate_args)
        self._factorize(name, matrix)

    def _by_df(self, matrices: Tensor, factor: Tensor) -> Tensor:
        return factor[..., None, None] * matrices

    @property
    def mean(self) -> Tensor:
        return self._by_df(self.covariance_matrix, self.df)

    @property
    def mode(self) -> Tensor:
        excess = self.df - self._event_shape[-1] - 1
        return self._by_df(self.covariance_matrix, excess.masked_fill(excess <= 0, math.nan))

    @property
    def variance(self) -> Tensor:
        V = self.covariance_matrix
        d = V.diagonal(dim1=-2, dim2=-1)
        return self._by_df(V.square() + d.unsqueeze(-1) * d.unsqueeze(-2), self.df)

    def _bartlett_sampling(self, sample_shape: Any = ()) -> Tensor:
        """``L A Aᵀ Lᵀ`` with a lower triangular A: roots of chi-squared numbers on the diagonal,
        normal ones below it."""
        n, dtype, device = (
            self._event_shape[-1],
            self._unbroadcasted_scale_tril.dtype,
            self._unbroadcasted_scale_tril.device,
        )
        chi2 = Chi2(self.df.unsqueeze(-1) - arange(n, dtype=dtype, device=device))
        roots = chi2.rsample(sample_shape).sqrt().clamp(min=finfo(dtype).eps)
        below = randn((*sample_shape, *self._batch_shape, n * (n - 1) // 2), dtype=dtype,
                      device=device)  # fmt: skip
        A = roots.diag_embed() + below_diagonal(below, n)
        factor = self._unbroadcasted_scale_tril @ A
        return factor @ factor.mT

    def rsample(self, sample_shape: Any = (), max_try_correction: int | None = None) -> Tensor:
        """Samples through which gradients flow.

        Args:
            max_try_correction: how often those that come out singular are drawn again; 10 times
                unless given.
        """
        tries = 10 if max_try_correction is None else max_try_correction
        self._bartlett_sampling(
            sample_shape
        )  # PyTorch drops its first draw too: the same numbers must follow
        count = math.prod(sample_shape)
        y = self._bartlett_sampling((count,))
        for _ in range(tries):
            valid = self.support.check(y.detach()).reshape(count, -1).all(1)
            again = (~valid).nonzero().flatten()
            if not len(again):
                break
            y = y.index_copy(0, again, self._bartlett_sampling((len(again),)))
        return y.reshape(self._extended_shape(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        nu, n = self.df, self._event_shape[-1]
        distance = (
            cholesky_solve(value, self._unbroadcasted_scale_tril).diagonal(dim1=-2, dim2=-1).sum(-1)
        )
        return (
            -nu * (n * math.log(2) / 2 + self._half_logdet())
            - mvlgamma(nu / 2, n)
            + (nu - n - 1) / 2 * slogdet(value).logabsdet
            - distance / 2
        )

    def entropy(self) -> Tensor:
        nu, n = self.df, self._event_shape[-1]
        return (
            (n + 1) * (n * math.log(2) / 2 + self._half_logdet())
            + mvlgamma(nu / 2, n)
            - (nu - n - 1) / 2 * self._mean_log_determinant()
            + nu * n / 2
        )

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return -self.precision_matrix / 2, (self.df - self._event_shape[-1] - 1) / 2

    def _log_normalizer(self, of_value: Tensor, of_logdet: Tensor) -> Tensor:
        n = self._event_shape[-1]
        half_df = of_logdet + (n + 1) / 2
        return mvlgamma(half_df, n) - half_df * slogdet(-of_value).logabsdet

    def _mean_log_determinant(self) -> Tensor:
        """Of a sample where Σ is half the identity: ``sum over i < n of digamma((ν - i) / 2)``."""
        steps = arange(self._event_shape[-1], dtype=self.df.dtype, device=self.df.device)
        return digamma((self.df.unsqueeze(-1) - steps) / 2).sum(-1)


class LKJCholesky(Distribution):
    """Cholesky factors of correlation matrices C: ``p(C) ∝ det(C)^(η-1)`` with ``concentration``
    η; uniform for 1. Samples by the onion method (Lewandowski, Kurowicka and Joe, 2009).

    >>> import minitorch_dl as torch
    >>> torch.distributions.LKJCholesky(3, 1.0).sample().norm(dim=-1).round(decimals=3)
    tensor([1., 1., 1.])
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky
    concentration: Tensor

    def __init__(
        self, dim: int, concentration: Any = 1.0, validate_args: bool | None = None
    ) -> None:
        if dim < 2:
            raise ValueError(
                f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}."
            )
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        super().__init__(self.concentration.shape, (dim, dim), validate_args=validate_args)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Row i: a random direction in its first i dims, as far as the root of a beta number, and
        what is left to length 1 on the diagonal."""
        eta = self.concentration.detach()
        steps = arange(self.dim - 1, dtype=eta.dtype, device=eta.device)
        offset = cat([steps[:1] * 0, steps])
        beta = Beta(offset + 0.5, (eta + 0.5 * (self.dim - 2)).unsqueeze(-1) - 0.5 * offset)
        y = beta.sample(sample_shape).unsqueeze(-1)
        normal = randn(self._extended_shape(sample_shape), dtype=y.dtype, device=y.device).tril(-1)
        length = normal.norm(dim=-1, keepdim=True)
        w = y.sqrt() * (normal / length.masked_fill(length == 0, 1.0))
        left = (1 - w.square().sum(-1)).clamp(min=finfo(w.dtype).tiny)
        return w + left.sqrt().diag_embed()

    def log_prob(self, value: Tensor) -> Tensor:
        self._check_sample(value)
        eta, below = self.concentration, self.dim - 1
        diagonal = value.diagonal(dim1=-1, dim2=-2)[..., 1:]
        order = self.dim - arange(2, self.dim + 1, dtype=eta.dtype, device=eta.device)
        score = ((2 * (eta - 1).unsqueeze(-1) + order) * diagonal.log()).sum(-1)
        alpha = eta + 0.5 * below
        norm = mvlgamma(alpha - 0.5, below) - lgamma(alpha) * below
        return score - (norm + 0.5 * below * math.log(math.pi))
