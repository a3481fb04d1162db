"""How hand-written GPU kernels are compiled, compared with their twins, and launched.

A kernel stands beside its *twin*, the array code that does the same: the twin serves every other
device, every case the kernel leaves out, and is what the kernel is compared with. That happens once
for each GPU and dtype, on small inputs, before the kernel is trusted; one that does not compile, or
gives other numbers, is left aside with a warning and the twin serves. The kernels have been
compiled, and run on the host thread by thread, but not yet run on a GPU.
``MINITORCH_DL_CUDA_KERNELS=0`` in the environment leaves them all aside.
"""

from __future__ import annotations

import functools
import math
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..graph_capture import may_wait
from ..precision import float32_products, set_float32_products
from ..warning import warn

THREADS = 256
"""Of a block, at most; a power of two."""
BLOCKS = 4096
"""Of a kernel whose threads loop, at most."""
MOST_BLOCKS = 2**31 - 1
"""Of any kernel: CUDA's limit."""

# dtype name: what arrays hold, in what is computed.
_TYPES = {
    "float16": ("half_t", "float"),
    "bfloat16": ("bfloat16_t", "float"),
    "float32": ("float", "float"),
    "float64": ("double", "double"),
    "int64": ("long long", "long long"),
    "int32": ("int", "int"),
    "uint32": ("unsigned", "unsigned"),
    "uint8": ("unsigned char", "int"),
}
REALS = frozenset(("float16", "bfloat16", "float32", "float64"))

Sample = tuple[tuple[Any, ...], dict[str, Any]]
"""The arguments of one call, with NumPy's arrays."""


class _State(threading.local):
    aside = os.environ.get("MINITORCH_DL_CUDA_KERNELS", "1") in ("", "0")


state = _State()


@contextmanager
def aside() -> Iterator[None]:
    """Leave the kernels aside inside the block: their twins serve."""
    before, state.aside = state.aside, True
    try:
        yield
    finally:
        state.aside = before


class Kernel:
    """A GPU's own version of an array function, called as that is.

    Args:
        name: in warnings.
        launch: ``(xp, *args, **params)`` gives the function's result; None, with nothing done,
            where there is no kernel for such arguments.
        samples: ``(random, dtype name)`` gives small inputs on which it is compared with its twin,
            by the result and by what becomes of the arguments.
        scratch: the arguments of which it does not matter what becomes.
    """

    def __init__(
        self,
        name: str,
        launch: Callable[..., Any],
        samples: Callable[[np.random.Generator, str], Iterable[Sample]],
        scratch: tuple[int, ...] = (),
    ) -> None:
        self.name = name
        self._launch, self._samples, self._scratch = launch, samples, scratch
        self._twin: Callable[..., Any] | None = None
        self._trusted: dict[tuple[Any, str], bool] = {}

    def twin(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A decorator: this array function is the twin."""
        self._twin = function
        function.gpu_kernel = self  # type: ignore[attr-defined]
        return function

    def __call__(self, xp: Any, *args: Any, **params: Any) -> Any:
        """The kernel's result; None where the twin must serve."""
        if state.aside or xp.__name__ != "cupy":
            return None
        first = args[0][0] if isinstance(args[0], list) else args[0]
        key = (getattr(first.device, "id", None), first.dtype.name)
        trusted = self._trusted.get(key)
        if trusted is None:
            if not may_wait():
                return None
            trusted = self._trusted[key] = self._examine(xp, key[1])
        return self._launch(xp, *args, **params) if trusted else None

    def _examine(self, xp: Any, dtype: str) -> bool:
        """Whether kernel and twin agree on the samples; a warning says why not."""
        products = float32_products()
        set_float32_products("highest")  # else both round to so many digits, each in its way
        try:
            problem = self._disagreement(xp, dtype)
        except Exception as error:  # of the compiler or the driver, each with classes of its own
            problem = f"fails: {error}"
        finally:
            set_float32_products(products)
        if problem:
            warn(
                f"the GPU kernel {self.name!r} for {dtype} is left aside, array code serves in its "
                f"place: it {problem}. Please report this",
                RuntimeWarning,
            )
        return not problem

    def _disagreement(self, xp: Any, dtype: str) -> str:
        assert self._twin is not None, f"the kernel {self.name} has no twin"
        for args, params in self._samples(np.random.default_rng(0), dtype):
            mine, theirs = _moved(xp, args), _moved(xp, args, wide=True)
            got = self._launch(xp, *mine, **params)
            if got is None:
                continue
            with aside():
                expected = self._twin(xp, *theirs, **params)
            kept = [i for i in range(len(args)) if i not in self._scratch]
            left = _arrays([got, *(mine[i] for i in kept)])
            right = _arrays([expected, *(theirs[i] for i in kept)])
            for a, b in zip(left, right, strict=True):
                a, b = _on_host(a), _on_host(b)
                if a.shape != b.shape or not _close(a, b, dtype):
                    return f"gives other numbers than {self._twin.__qualname__}"
        return ""


def _moved(xp: Any, value: Any, wide: bool = False) -> Any:
    """A copy of the arguments on the device; ``wide``: 16-bit floats as float32."""
    if isinstance(value, np.ndarray):
        half = wide and value.dtype.name in ("float16", "bfloat16")
        return xp.array(value, "float32" if half else value.dtype)
    if isinstance(value, (list, tuple)):
        return type(value)(_moved(xp, v, wide) for v in value)
    return value


def _arrays(value: Any) -> list[Any]:
    if hasattr(value, "dtype"):
        return [value]
    if isinstance(value, (list, tuple)):
        return [a for v in value for a in _arrays(v)]
    return []


def _on_host(a: Any) -> np.ndarray:
    a = a if isinstance(a, np.ndarray) else a.get()
    return a.astype(np.float64)


def _close(a: np.ndarray, b: np.ndarray, dtype: str) -> bool:
    eps = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23}.get(dtype, 2.0**-52)
    if not np.array_equal(np.isfinite(a), np.isfinite(b)):
        return False
    finite = np.isfinite(a)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return False
    scale = np.abs(b[finite]).max(initial=1.0)
    return bool((np.abs(a[finite] - b[finite]) <= 64 * eps * scale).all())


# -- compiling and launching -----------------------------------------------------------------------


def source(family: str, dtype: str) -> str:
    """The CUDA source of one file of kernels for arrays of one dtype."""
    from importlib import resources  # 10 ms, which a machine without a GPU need not wait

    files = resources.files(__package__)
    held, computed = _TYPES[dtype]
    parts = (
        files.joinpath("prelude.cuh").read_text(encoding="utf-8"),
        f"typedef {held} T;\ntypedef {computed} A;\n",
        files.joinpath(f"{family}.cu").read_text(encoding="utf-8"),
    )
    return "\n".join(parts)


@functools.cache
def _module(xp: Any, family: str, dtype: str) -> Any:
    return xp.RawModule(code=source(family, dtype), options=("-std=c++17",))


@functools.cache  # CuPy makes another one, which looks for its binary again, whenever it is asked
def _function(xp: Any, family: str, dtype: str, name: str) -> Any:
    return _module(xp, family, dtype).get_function(name)


def launch(
    xp: Any, family: str, name: str, dtype: Any, blocks: int, args: Iterable[Any], threads: int = 0
) -> None:
    """Run a kernel of a file, with room in shared memory for one number per thread."""
    threads = threads or THREADS
    held = dtype.name
    _function(xp, family, held, name)((blocks,), (threads,), tuple(args), shared_mem=8 * threads)


_LINES = np.dtype(
    [("count", np.int64), ("columns", np.int64), ("inner", np.int64), ("width", np.uint32)],
    align=True,
)


def launch_lines(
    xp: Any, family: str, name: str, dtype: Any, shape: tuple[int, ...], axis: int,
    args: Iterable[Any],
) -> None:  # fmt: skip
    """Run a kernel that takes the lines along an axis of contiguous arrays of this shape."""
    columns, inner = shape[axis], math.prod(shape[axis:]) // shape[axis]
    count = math.prod(shape) // columns
    width = 1
    while width < min(inner, 32):
        width *= 2
    lines = np.array([(count, columns, inner, width)], _LINES)
    blocks = min(-(-count // width), MOST_BLOCKS)
    launch(xp, family, name, dtype, blocks, (*args, lines), row_threads(columns * width))


def launch_each(
    xp: Any, family: str, name: str, dtype: Any, size: int, args: Iterable[Any]
) -> None:
    """Run a kernel whose threads loop over ``size`` results."""
    launch(xp, family, name, dtype, min(-(-size // THREADS), BLOCKS), args)


def row_threads(columns: int) -> int:
    """Threads of a block that takes a row of so many elements."""
    threads = 32
    while threads < min(columns, THREADS):
        threads *= 2
    return threads


def number(dtype: Any, value: float) -> Any:
    """A number as a kernel for such arrays takes it."""
    return np.float64(value) if dtype.name == "float64" else np.float32(value)
