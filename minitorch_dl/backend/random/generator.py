"""Random streams: PyTorch's CPU generator, and the default one of each device.

The generator is the Mersenne Twister plus one kept-back normal; its words, its state's bytes and
the order in which it hands out 64-bit values are PyTorch's.
"""

from __future__ import annotations

import itertools
import operator
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from ..devices import device
from .box_muller import normal_pair
from .twister import WORDS, Twister

__all__ = ["Generator", "default_generator", "initial_seed", "manual_seed", "seed"]

DEFAULT_SEED = 67280421310721  # of a Generator that nobody has seeded

# PyTorch's layout, 5056 bytes: states can be exchanged with it.
_STATE = np.dtype(
    [
        ("seed", "<u8"),
        ("left", "<i4"),
        ("seeded", "<i4"),
        ("next", "<u8"),
        ("state", "<u8", WORDS),
        ("unused", "<f8"),
        ("normal", "<f8"),
        ("unused2", "<f8"),
        ("normal_is_valid", "<i4"),
        ("unused3", "<i4", 3),
    ]
)


class Generator:
    """A stream of random numbers with its own state, as `torch.Generator`.

    Every function that draws takes one as ``generator=``; without it the device's default generator
    serves. A new one starts from the fixed seed 67280421310721.

    >>> import minitorch_dl as torch
    >>> g = torch.Generator().manual_seed(0)
    >>> torch.rand(2, generator=g)
    tensor([0.4963, 0.7682])
    """

    of_a_device: type[Generator]
    """The class of generators for other devices than the CPU."""
    as_state: Callable[[np.ndarray], Any] = staticmethod(lambda array: array)
    """What a state is given as: a tensor, once there are tensors."""

    def __new__(cls, device: Any = "cpu") -> Generator:
        if cls is Generator and _device(device).type != "cpu":
            cls = cls.of_a_device
        return super().__new__(cls)

    def __init__(self, device: Any = "cpu") -> None:
        self.device = _device(device)
        self.lock = threading.RLock()
        self._start(DEFAULT_SEED)

    def _start(self, seed: int) -> None:
        self._seed = seed
        self._kept_normal: float | None = None
        if "_twister" in self.__dict__:
            self._twister.seed(seed)

    @cached_property
    def _twister(self) -> Twister:
        """Made when first used: NumPy's random numbers are a tenth of the time of an import."""
        return Twister(self._seed)

    def manual_seed(self, seed: int) -> Generator:
        """Restart from `seed`, an integer in [-2^63, 2^64); a negative one counts as seed + 2^64.

        Only its low 32 bits choose the stream.

        Raises:
            RuntimeError: not an integer.
            ValueError: out of range.
        """
        with self.lock:
            self._start(_checked_seed(seed))
        return self

    def seed(self) -> int:
        """Restart from a seed of the operating system's, and return it."""
        seed = int.from_bytes(os.urandom(8), "little")
        with self.lock:
            self._start(seed)
        return seed

    def initial_seed(self) -> int:
        """The seed from which the stream started."""
        return self._seed

    def get_state(self) -> Any:
        """The state, a uint8 tensor; of the CPU's generators 5056 bytes in PyTorch's layout."""
        return self.as_state(self._bytes())

    def _bytes(self) -> np.ndarray:
        record = np.zeros((), _STATE)
        with self.lock:
            state, kept = self._twister.state, self._kept_normal
        words, position = state[:WORDS], int(state[WORDS])
        record["seed"], record["seeded"], record["state"] = self._seed, 1, words
        # A stream that has not been drawn from stands at its end, like one whose block is used up.
        unused = position == WORDS and words[0] == self._seed & 0xFFFFFFFF
        record["next"], record["left"] = 0 if unused else position, WORDS + 1 - position
        if kept is not None:
            record["normal"], record["normal_is_valid"] = kept, 1
        return np.frombuffer(record.tobytes(), np.uint8).copy()

    def set_state(self, state: Any) -> Generator:
        """Continue from what `get_state` returned.

        Raises:
            TypeError: not an array of bytes.
            RuntimeError: of another size, or no state of this generator.
        """
        state = bytes_of(state)
        if state.size != _STATE.itemsize:
            raise RuntimeError(
                f"set_state expected a generator state of {_STATE.itemsize} bytes, got "
                f"{state.size}; pass what get_state() returned"
            )
        record = np.frombuffer(state.tobytes(), _STATE)[0]
        left, position = int(record["left"]), int(record["next"])
        if left == 1:
            position = WORDS
        if record["seeded"] != 1 or not 1 <= position <= WORDS or left != WORDS + 1 - position:
            raise RuntimeError("Invalid mt19937 state: pass what get_state() returned")
        with self.lock:
            self._start(int(record["seed"]))
            self._twister.state = np.append(record["state"], np.uint64(position)).astype(np.uint32)
            self._kept_normal = float(record["normal"]) if record["normal_is_valid"] else None
        return self

    def mark(self) -> Any:
        """Where the stream stands, for `go_back` and `has_drawn_since`: cheaper than a state."""
        with self.lock:
            return self._seed, self._kept_normal, self._twister.place

    def go_back(self, mark: Any) -> None:
        """Continue from a `mark` of this generator."""
        with self.lock:
            self._seed, self._kept_normal, self._twister.place = mark

    def has_drawn_since(self, mark: Any) -> bool:
        """Whether the stream stands elsewhere than it did at the `mark`."""
        seed, kept, (ahead, place, before) = self.mark()
        if ahead is mark[2][0]:
            here = (seed, kept, place) == (*mark[:2], mark[2][1])
            return not (here and np.array_equal(before, mark[2][2]))
        state = self._bytes()
        self.go_back(mark)
        drawn = not np.array_equal(state, self._bytes())
        self.set_state(state)
        return drawn

    def clone_state(self) -> Generator:
        """A new generator that continues from this one's state."""
        clone = Generator(self.device)
        clone.set_state(self._bytes())
        return clone

    def __getstate__(self) -> tuple[device, np.ndarray]:
        return self.device, self._bytes()

    def __setstate__(self, state: tuple[device, np.ndarray]) -> None:
        self.device, self.lock = state[0], threading.RLock()
        self.set_state(state[1])

    def words(self, n: int) -> np.ndarray:
        """The next `n` 32-bit words, uint32, not to be written to."""
        return self._twister.words(n)

    def words64(self, n: int) -> np.ndarray:
        """The next `n` pairs of words as uint64, the first word of a pair high."""
        return self._twister.pairs(n)

    def uniforms(self, n: int, real: type[np.floating]) -> np.ndarray:
        """The next `n` uniforms on [0, 1): multiples of 2^-53 in float64, of 2^-24 in float32."""
        if real is np.float64:
            bits = self.words64(n)
            bits &= np.uint64((1 << 53) - 1)
            return bits.view(np.int64) * 2.0**-53
        return self._floats(n)

    def _floats(self, n: int) -> np.ndarray:
        return self._twister.floats(n)

    def _doubles(self, n: int) -> list[float]:
        """`uniforms` in float64 as a list: a few are made sooner one by one."""
        if n > 16:
            return self.uniforms(n, np.float64).tolist()
        words = self.words(2 * n).tolist()
        high, low = words[::2], words[1::2]
        return [((h & 0x1FFFFF) * 2.0**32 + w) * 2.0**-53 for h, w in zip(high, low)]

    def polar(self, n: int) -> np.ndarray | None:
        """`polar` of the next `n` float32 uniforms, not to be written to; None, and nothing drawn,
        if they are too many to know them ahead."""
        return self._twister.polar(n)

    def normals(self, n: int) -> np.ndarray:
        """The next `n` standard normals, float64, made a pair at a time; an odd one is kept."""
        z = [] if self._kept_normal is None or n == 0 else [self._kept_normal]
        u = self._doubles((n - len(z) + 1) // 2 * 2)
        for pair in map(normal_pair, u[::2], u[1::2]):
            z += pair
        if n:
            self._kept_normal = z.pop() if len(z) > n else None
        return np.array(z)

    @contextmanager
    def one_by_one(self, block: int) -> Iterator[tuple[Callable[[], float], Callable[[], float]]]:
        """Functions for the next uniform and the next normal, for loops with no known number.

        About `block` uniforms are drawn ahead; what is left goes back.
        """
        ahead: Iterator[float] = iter(())
        several = min(max(block, 64), Twister.SMALL // 2)

        def blocks() -> Iterator[Iterator[float]]:
            nonlocal ahead
            while True:
                ahead = iter(self.uniforms(several, np.float64).tolist())
                yield ahead

        uniform = itertools.chain.from_iterable(blocks()).__next__

        def normal() -> float:
            z, self._kept_normal = self._kept_normal, None
            if z is None:
                z, self._kept_normal = normal_pair(uniform(), uniform())
            return z

        try:
            yield uniform, normal
        finally:
            self._twister.give_back(2 * operator.length_hint(ahead))


def _device(d: Any) -> device:
    return d if isinstance(d, device) else device(d)


def bytes_of(state: Any) -> np.ndarray:
    """The array of a state, given as one or as a tensor."""
    array = getattr(state, "array", state)
    if not isinstance(array, np.ndarray) or array.dtype != np.uint8:
        raise TypeError(
            f"RNG state must be a torch.ByteTensor, got {getattr(array, 'dtype', type(array))}"
        )
    return array


def _checked_seed(seed: Any) -> int:
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise RuntimeError(f"manual_seed expected an integer, but got {type(seed).__name__}")
    seed = operator.index(seed)
    if not -(1 << 63) <= seed < 1 << 64:
        raise ValueError(f"manual_seed expected a seed in [-2^63, 2^64), but got {seed}")
    return seed % (1 << 64)


_defaults: dict[str, Generator] = {}
_defaults_lock = threading.RLock()
_last_seed: int | None = None  # for the default generators that are made later


def default_generator(device_type: str = "cpu") -> Generator:
    """The generator that serves a device type when a call names none.

    As in PyTorch it starts from a seed of the operating system's until `manual_seed` gives one.
    """
    generator = _defaults.get(device_type)
    if generator is None:
        with _defaults_lock:
            generator = Generator(device_type)
            if _last_seed is None:
                generator.seed()
            else:
                generator.manual_seed(_last_seed)
            generator = _defaults.setdefault(device_type, generator)
    return generator


def manual_seed(seed: int) -> Generator:
    """Seed the default generators of all devices; returns the CPU's. Takes what ``int()`` takes."""
    global _last_seed
    seed = _checked_seed(int(seed))
    with _defaults_lock:
        _last_seed = seed
        for generator in _defaults.values():
            generator.manual_seed(seed)
    return default_generator("cpu")


def seed() -> int:
    """Seed the default generators of all devices from the operating system; returns the seed."""
    seed = int.from_bytes(os.urandom(8), "little")
    manual_seed(seed)
    return seed


def initial_seed() -> int:
    """The seed of the CPU's default generator."""
    return default_generator("cpu").initial_seed()
