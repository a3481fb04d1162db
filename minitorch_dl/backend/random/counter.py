"""The random stream of a device: words that are a function of a seed and a counter.

Philox-4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): each word is
computed on its own, on the device, so that drawing neither copies nor waits. The state is the seed
and how many draws there were. PyTorch's GPU generator is one of this kind as well, but there the
GPU decides which element gets which word; the numbers differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import kernels
from ..graph_capture import capturing
from .box_muller import normal_pair
from .generator import Generator, bytes_of
from .twister import floats

__all__ = ["CounterGenerator", "bernoulli", "dropout", "integers", "normal", "uniform"]

_LOW = 0xFFFFFFFF
_FACTORS = 0xD2511F53, 0xCD9E8D57
_STEPS = 0x9E3779B9, 0xBB67AE85

Draw = tuple[int, int, Any]
"""The seed and the number of a draw; and None, or the array on the device that holds the seed and
the number from which to count, where a captured step looks for them."""


class CounterGenerator(Generator):
    """The generator of a device other than the CPU.

    >>> import minitorch_dl as torch
    >>> from minitorch_dl.testing import fake_gpu
    >>> fake_gpu.register()
    >>> g = torch.Generator("fakegpu").manual_seed(0)
    >>> torch.rand(2, generator=g, device="fakegpu").shape
    torch.Size([2])
    """

    _number: int
    _base: Any = None

    def _start(self, seed: int) -> None:
        self._seed, self._number = seed, 0
        self._kept_normal = None

    def draw(self) -> Draw:
        """What the next draw counts from."""
        with self.lock:
            number, self._number = self._number, self._number + 1
        return (self._seed, number, None) if self._base is None else (0, number, self._base)

    def _bytes(self) -> np.ndarray:
        """The seed and the number of draws, 16 bytes."""
        return np.array([self._seed, self._number], np.uint64).view(np.uint8)

    def set_state(self, state: Any) -> Generator:
        """Continue from what ``get_state`` returned."""
        state = bytes_of(state)
        if state.size != 16:
            raise RuntimeError(
                f"set_state expected a generator state of 16 bytes, got {state.size}; pass what "
                "get_state() returned for a generator of this device"
            )
        seed, number = state.copy().view(np.uint64).tolist()
        with self.lock:
            self._start(seed)
            self._number = number
        return self

    # -- what is drawn on the host: the rarer distributions ----------------------------------------

    def words(self, n: int) -> np.ndarray:
        if capturing():
            raise RuntimeError(
                "a step that draws random numbers on the host can't be captured: use dropout, "
                "uniform, normal, exponential, bernoulli or random integers, which the device draws"
            )
        return words(np, self.draw(), n)

    def words64(self, n: int) -> np.ndarray:
        pairs = self.words(2 * n).astype(np.uint64)
        return (pairs[0::2] << np.uint64(32)) | pairs[1::2]

    def _floats(self, n: int) -> np.ndarray:
        return floats(self.words(n))

    def normals(self, n: int) -> np.ndarray:
        z = super().normals(n)
        self._kept_normal = None
        return z

    @contextmanager
    def one_by_one(self, block: int) -> Iterator[tuple[Callable[[], float], Callable[[], float]]]:
        ahead: list[float] = []

        def uniform() -> float:
            if not ahead:
                ahead.extend(self.uniforms(max(block, 64), np.float64).tolist())
            return ahead.pop()

        def normal() -> float:
            return normal_pair(uniform(), uniform())[0]

        yield uniform, normal

    # -- captured steps ----------------------------------------------------------------------------

    @contextmanager
    def recording(self, base: Any) -> Iterator[list[int]]:
        """Let draws count from what ``base``, two uint64 on the device, will hold; gives a list
        that gets their number at the end."""
        before, self._number, self._base = self._number, 0, base
        drawn: list[int] = []
        try:
            yield drawn
        finally:
            drawn.append(self._number)
            self._number, self._base = before, None

    def replay(self, base: Any, drawn: int) -> None:
        """Have ``base`` hold where the stream stands, and pass by what a captured step draws."""
        with self.lock:
            base[:1].fill(np.uint64(self._seed))
            base[1:].fill(np.uint64(self._number))
            self._number += drawn


Generator.of_a_device = CounterGenerator


# -- words -----------------------------------------------------------------------------------------


def words(xp: Any, draw: Draw, n: int) -> Any:
    """The first ``n`` 32-bit words of a draw, uint32."""
    return _words(xp, xp.empty(n, "uint32"), draw)


@kernels.random_words.twin
def _words(xp: Any, out: Any, draw: Draw) -> Any:
    if xp is not np and kernels.random_words(xp, out, draw) is not None:
        return out
    seed, number, base = draw
    if base is not None:
        seed, number = base[0], base[1] + number
    group = xp.arange(-(-out.size // 4), dtype="uint64")
    c0, c1, c2, c3 = number & _LOW, number >> 32, group & _LOW, group >> 32
    k0, k1 = seed & _LOW, seed >> 32
    for _ in range(10):
        p0, p1 = c0 * _FACTORS[0], c2 * _FACTORS[1]
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & _LOW, (p0 >> 32) ^ c3 ^ k1, p0 & _LOW
        k0, k1 = (k0 + _STEPS[0]) & _LOW, (k1 + _STEPS[1]) & _LOW
    out[...] = xp.stack((c0, c1, c2, c3), axis=1).reshape(-1)[: out.size].astype("uint32")
    return out


def _uniforms(xp: Any, draw: Draw, n: int, dtype: np.dtype) -> Any:
    """On [0, 1): multiples of 2^-53 in float64, of 2^-24 in float32."""
    if dtype == np.float64:
        pairs = words(xp, draw, 2 * n).reshape(n, 2)
        bits = pairs[:, 0].astype("uint64") << 21
        return (bits | (pairs[:, 1] >> 11)).astype(dtype) * 2.0**-53
    return (words(xp, draw, n) >> 8).astype("float32") * 2.0**-24


def _computed(dtype: np.dtype) -> np.dtype:
    return np.dtype("float64" if dtype == np.float64 else "float32")


# -- distributions ---------------------------------------------------------------------------------


def uniform(
    xp: Any, shape: tuple[int, ...], low: float, high: float, dtype: np.dtype, g: CounterGenerator
) -> Any:
    """Uniform on [low, high)."""
    x = _uniforms(xp, g.draw(), math.prod(shape), _computed(dtype))
    if (low, high) != (0, 1):
        x *= high - low
        x += low
    x = x.astype(dtype, copy=False)
    x = xp.where(x >= high, xp.full((), low, dtype), x)  # rounding may have reached it
    return x.reshape(shape)


def normal(xp: Any, shape: tuple[int, ...], dtype: np.dtype, g: CounterGenerator) -> Any:
    """Standard normals, of pairs of uniforms (Box and Muller, 1958)."""
    n, real = math.prod(shape), _computed(dtype)
    pairs = -(-n // 2)
    u = _uniforms(xp, g.draw(), 2 * pairs, real).reshape(2, pairs)
    radius = xp.sqrt(-2 * xp.log1p(-u[0]))
    angle = u[1] * (2 * math.pi)
    z = xp.concatenate((radius * xp.cos(angle), radius * xp.sin(angle)))[:n]
    return z.astype(dtype, copy=False).reshape(shape)


def exponential(
    xp: Any, shape: tuple[int, ...], lambd: float, dtype: np.dtype, g: CounterGenerator
) -> Any:
    """Exponential with rate ``lambd``."""
    x = xp.log1p(-_uniforms(xp, g.draw(), math.prod(shape), _computed(dtype)))
    x *= -1 / lambd
    return x.astype(dtype, copy=False).reshape(shape)


def bernoulli(
    xp: Any, shape: tuple[int, ...], p: float, dtype: np.dtype, g: CounterGenerator
) -> Any:
    """1 with probability ``p``, to 32 bits, else 0."""
    kept = _bernoulli(xp, xp.empty(math.prod(shape), _mask_type(dtype)), g.draw(), p)
    return kept.astype(dtype, copy=False).reshape(shape)


def _mask_type(dtype: np.dtype) -> Any:
    return dtype if dtype.name in kernels.REALS else np.dtype("float32")


@kernels.bernoulli.twin
def _bernoulli(xp: Any, out: Any, draw: Draw, p: float) -> Any:
    if xp is not np and kernels.bernoulli(xp, out, draw, p) is not None:
        return out
    bound = round(p * 2**32)
    out[...] = words(xp, draw, out.size).astype("uint64") < bound
    return out


@kernels.dropout.twin
def dropout(xp: Any, a: Any, draw: Draw, p: float) -> Any:
    """Each element zero with probability ``p``, to 32 bits, else divided by ``1 - p``."""
    if xp is not np and (done := kernels.dropout(xp, a, draw, p)) is not None:
        return done
    real = _computed(a.dtype)
    kept = _bernoulli(xp, xp.empty(a.size, real), draw, 1 - p).reshape(a.shape)
    kept *= 1 / (1 - p)
    kept *= a
    return kept.astype(a.dtype, copy=False)


def integers(xp: Any, shape: tuple[int, ...], low: int, span: int, g: CounterGenerator) -> Any:
    """int64, uniform on ``low`` to ``low + span - 1``; ``span`` at most 2^64."""
    n, draw = math.prod(shape), g.draw()
    if span >= 1 << 28:  # a single word would favour small values
        pairs = words(xp, draw, 2 * n).reshape(n, 2).astype("uint64")
        x = (pairs[:, 0] << 32) | pairs[:, 1]
        x = x % xp.full((), span, "uint64") if span < 1 << 64 else x
    else:
        x = words(xp, draw, n) % xp.full((), span, "uint32")
    x = x.astype("int64")
    x += low
    return x.reshape(shape)
