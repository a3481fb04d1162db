"""The words of a Mersenne Twister (Matsumoto and Nishimura, 1998), read ahead of the draws.

A call of NumPy's generator, and each step from words to numbers, takes a microsecond however few
there are; so what small draws need is made for the next few thousand words in one go.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np

from .box_muller import polar

__all__ = ["WORDS", "Twister", "floats"]

WORDS = 624  # the twister's state
_LEAST, _MOST = 1024, 16384  # words read ahead: twice as many each time
_NONE = np.empty(0, np.uint32)


@cache
def _no_words() -> Any:
    """What a twister starts from that is seeded at once: to mix words for it would take 100 us."""

    class Zeros(np.random.bit_generator.ISeedSequence):
        def generate_state(self, n_words: int, dtype: Any = np.uint32) -> Any:
            return [0] * n_words  # read one by one, faster than from an array

    return Zeros()


def floats(words: np.ndarray) -> np.ndarray:
    """Uniform float32 on [0, 1) from uint32 words: multiples of 2^-24."""
    x = (words & np.uint32((1 << 24) - 1)).view(np.int32).astype(np.float32)
    x *= np.float32(2.0**-24)
    return x


class Twister:
    """A stream of 32-bit words."""

    SMALL = 1024
    """Words of a draw; more of them are not read ahead, but for normals, which take longer."""
    SMALL_NORMALS = 4096

    def __init__(self, seed: int) -> None:
        source = np.random.MT19937(_no_words())
        self._words = source.random_raw
        self._pairs = np.random.Generator(source).integers
        self._reseed = np.random.RandomState(source).seed
        # NumPy tells where its state is, the words and the place of the next one; its own methods
        # take 25 us to copy it.
        size = (WORDS + 1) * ctypes.c_uint32
        state = memoryview(size.from_address(source.ctypes.state_address))
        self._state = np.frombuffer(state, np.uint32)
        self.seed(seed)

    def seed(self, seed: int) -> None:
        """Restart from the low 32 bits of `seed`."""
        self._reseed(seed & 0xFFFFFFFF)
        self._reach = _LEAST
        self._hold(_NONE)

    def _hold(self, ahead: np.ndarray) -> None:
        """Hand out these words, which NumPy's generator has just drawn, before any others."""
        self._ahead, self._place = ahead, 0
        self._floats: np.ndarray | None = None
        self._polar: np.ndarray | None = None

    def _return(self) -> None:
        """Let NumPy's generator go back to where the stream stands."""
        if self._ahead.size:
            self._state[:] = self._before
            self._words(self._place)
            self._hold(_NONE)

    @property
    def state(self) -> np.ndarray:
        """The 624 words of the state, and the place of the next one among them."""
        self._return()
        return self._state.copy()

    @state.setter
    def state(self, state: np.ndarray) -> None:
        self._state[:] = state
        self._hold(_NONE)

    @property
    def place(self) -> tuple[np.ndarray, int, np.ndarray]:
        """Where the stream stands, cheaper than `state`: the words ahead, the place of the next one
        among them, and the state before them."""
        before = self._before if self._ahead.size else self._state.copy()
        return self._ahead, self._place, before

    @place.setter
    def place(self, place: tuple[np.ndarray, int, np.ndarray]) -> None:
        ahead, start, before = place
        if ahead is not self._ahead or not ahead.size:
            self.state = before
            self._words(start)
        else:
            self._place = start

    def _next(self, n: int, most: int = SMALL) -> slice | None:
        """Where the next `n` words are among those ahead; None: they are more than `most`."""
        start, stop = self._place, self._place + n
        if stop > len(self._ahead):
            self._return()
            if n > most:
                return None
            self._before = self._state.copy()
            self._hold(self._words(max(self._reach, n)).astype(np.uint32))
            self._reach = min(2 * self._reach, _MOST)
            start, stop = 0, n
        self._place = stop
        return slice(start, stop)

    def give_back(self, n: int) -> None:
        """Let the last `n` words of a small draw be the next ones again."""
        self._place -= n

    def words(self, n: int) -> np.ndarray:
        """The next `n` words, uint32, not to be written to: they may be those ahead."""
        part = self._next(n)
        return self._words(n).astype(np.uint32) if part is None else self._ahead[part]

    def pairs(self, n: int) -> np.ndarray:
        """The next `n` pairs of words as uint64, the first word of a pair high."""
        part = self._next(2 * n)
        if part is None:
            return self._pairs(0, 1 << 64, n, np.uint64)
        return self._ahead[part].reshape(n, 2)[:, ::-1].copy().view(np.uint64).ravel()

    def floats(self, n: int) -> np.ndarray:
        """`floats` of the next `n` words."""
        part = self._next(n)
        if part is None:
            return floats(self._words(n).astype(np.uint32))
        if self._floats is None:
            self._floats = floats(self._ahead)
        return self._floats[part].copy()

    def polar(self, n: int) -> np.ndarray | None:
        """`polar` of the `floats` of the next `n` words, (3, n), not to be written to; None, and
        nothing drawn, if they are more than `SMALL_NORMALS`."""
        part = self._next(n, self.SMALL_NORMALS)
        if part is None:
            return None
        if self._polar is None:
            self._polar = polar(floats(self._ahead))
        return self._polar[:, part]
