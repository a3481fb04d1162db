"""Sobol sequences."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ..backend import dtypes
from ..backend.random import Generator
from ..ops import from_numpy, randint
from ..ops.layout import resize_as_

_DATA_FILE = Path(__file__).with_name("directions.npz")


class SobolEngine:
    """Draws the points of a Sobol sequence in the cube ``[0, 1)^dimension``, of which the first
    ``2**m`` are spread evenly.

    Coordinate ``j`` of point ``n`` is ``v[j, c(1)] ^ v[j, c(2)] ^ ... ^ v[j, c(n)]`` over
    ``2**30``, where ``c(i)`` is the place of the lowest 1 bit of ``i`` (Gray code), and ``v``
    are direction numbers (I. M. Sobol, 1967; S. Joe and F. Y. Kuo, 2008).

    Args:
        dimension: from 1 to 1111.
        scramble: multiply the bits by a random triangular matrix and shift them at random, which
            leaves the points as evenly spread (J. Matousek, 1998).
        seed: of the scrambling; without one, torch's generator gives it.

    >>> import minitorch_dl as torch
    >>> torch.quasirandom.SobolEngine(dimension=2).draw(4)
    tensor([[0.0000, 0.0000],
            [0.5000, 0.5000],
            [0.7500, 0.2500],
            [0.2500, 0.7500]])
    """

    MAXBIT = 30
    MAXDIM = 1111

    quasi: Any
    num_generated: int

    def __init__(self, dimension: int, scramble: bool = False, seed: int | None = None) -> None:
        if not 1 <= dimension <= self.MAXDIM:
            raise ValueError(
                f"Supported range of dimensionality for SobolEngine is [1, {self.MAXDIM}], got "
                f"{dimension}"
            )
        self.dimension, self.scramble, self.seed = dimension, scramble, seed
        directions = _directions(self.MAXBIT)[:dimension]
        shift = np.zeros(dimension, np.int64)
        if scramble:
            directions, shift = self._scrambled(directions)
        self.sobolstate, self.shift = from_numpy(directions.copy()), from_numpy(shift)
        self.reset()

    def _scrambled(self, directions: Any) -> tuple[Any, Any]:
        bits, generator = self.MAXBIT, None
        if self.seed is not None:
            generator = Generator().manual_seed(self.seed)
        weights = 1 << np.arange(bits)
        digits = randint(2, (self.dimension, bits), generator=generator).array
        shift = digits @ weights
        matrices = randint(2, (self.dimension, bits, bits), generator=generator).array
        matrices = np.tril(matrices, -1) | np.eye(bits, dtype=np.int64)
        highest_first = directions[..., None] >> np.arange(bits)[::-1] & 1  # (dim, number, bit)
        mixed = np.einsum("drb,dnb->dnr", matrices, highest_first) & 1
        return mixed @ weights[::-1], shift

    def draw(self, n: int = 1, out: Any = None, dtype: Any = None) -> Any:
        """The next ``n`` points, ``(n, dimension)``."""
        dtype = dtype or dtypes.get_default_dtype()
        points = np.bitwise_xor.accumulate(
            np.concatenate([self.quasi.numpy()[None], self._changes(n)]), axis=0
        )
        if self.num_generated:
            points = points[1:]  # without the one that was drawn last
        self.quasi, self.num_generated = from_numpy(points[-1].copy()), self.num_generated + n
        drawn = from_numpy(points).to(dtype) / 2**self.MAXBIT
        return drawn if out is None else resize_as_(out, drawn).copy_(drawn)

    def draw_base2(self, m: int, out: Any = None, dtype: Any = None) -> Any:
        """The next ``2**m`` points, which together with those drawn must be a power of 2."""
        total = self.num_generated + 2**m
        if total & (total - 1):
            raise ValueError(
                "The balance properties of Sobol' points require n to be a power of 2. "
                f"{self.num_generated} points have been previously generated, then: "
                f"n={self.num_generated}+2**{m}={total}. If you still want to do this, please use "
                "'SobolEngine.draw()' instead."
            )
        return self.draw(2**m, out, dtype)

    def reset(self) -> SobolEngine:
        """Start again from the first point."""
        self.quasi, self.num_generated = self.shift.clone(), 0
        return self

    def fast_forward(self, n: int) -> SobolEngine:
        """Pass over the next ``n`` points."""
        change = np.bitwise_xor.reduce(self._changes(n), axis=0)
        self.quasi, self.num_generated = self.quasi ^ from_numpy(change), self.num_generated + n
        return self

    def _changes(self, n: int) -> Any:
        """By what the next ``n`` points differ from the ones before, ``(n, dimension)``; there is
        none before the first.
        """
        i = np.arange(max(self.num_generated, 1), self.num_generated + n)
        return self.sobolstate.numpy().T[np.log2(i & -i).astype(int)]

    def __repr__(self) -> str:
        options = [f"dimension={self.dimension}"]
        options += ["scramble=True"] if self.scramble else []
        options += [] if self.seed is None else [f"seed={self.seed}"]
        return f"SobolEngine({', '.join(options)})"


@cache
def _directions(bits: int) -> Any:
    """The direction numbers ``v``, ``(1111, bits)``.

    ``v[j, k] = m[k] << bits - k - 1``. In the first dimension ``m`` is 1. In another one, with the
    polynomial ``x^s + a_1 x^(s-1) + ... + a_(s-1) x + 1``, the first ``s`` of ``m`` are given, and
    ``m[k] = 2 a_1 m[k-1] ^ ... ^ 2^(s-1) a_(s-1) m[k-s+1] ^ 2^s m[k-s] ^ m[k-s]``.
    """
    with np.load(_DATA_FILE) as file:
        polynomials, starts = file["polynomials"].astype(int), file["starts"].astype(int)
    degrees = np.log2(polynomials).astype(int)
    m = np.ones((len(starts) + 1, bits), np.int64)
    for s in range(1, starts.shape[1] + 1):
        rows = np.flatnonzero(degrees == s)
        of_degree = np.empty((len(rows), bits), np.int64)
        of_degree[:, :s] = starts[rows, :s]
        for k in range(s, bits):
            new = of_degree[:, k - s]
            for i in range(1, s + 1):
                a = polynomials[rows] >> s - i & 1
                new = new ^ (a * of_degree[:, k - i] << i)
            of_degree[:, k] = new
        m[rows + 1] = of_degree
    return m << np.arange(bits)[::-1]
