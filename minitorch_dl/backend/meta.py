"""The device type ``meta``: arrays of a shape, strides and a dtype, and no elements.

A model on it takes no memory: its sizes can be asked, layers called for the shapes that they give,
and weights be loaded in its place later. An array stands on zeros that the operating system
promises and does not give, since nothing writes them. Elementwise functions and products compute
shape and dtype alone; the other functions run on those zeros, factorizations on identities, for
the shape of what comes out.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from .array_classes import around, arrays_in, converted

_SMALL = 1 << 16
_PROMISED: dict[str, int] = (
    {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0x4000)}
    if hasattr(mmap, "MAP_PRIVATE")
    else {}
)
"""How to ask for memory that is zeros until it is written, and taken only then."""


def promised(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Zeros that take no memory as long as nobody writes them.

    ``np.zeros`` may reuse, and then clear, memory that the process has.
    """
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    if size < _SMALL:
        return np.zeros(shape, dtype)
    return np.frombuffer(mmap.mmap(-1, size, **_PROMISED), dtype, math.prod(shape)).reshape(shape)


def _promised_like(a: np.ndarray) -> np.ndarray:
    """Such zeros in the order of the elements of ``a`` in memory."""
    order = sorted(range(a.ndim), key=lambda d: -abs(a.strides[d]))
    zeros = promised(tuple(a.shape[d] for d in order), a.dtype)
    return zeros.transpose(np.argsort(order))


def no_data(what: str) -> NotImplementedError:
    """The exception to raise for what needs the elements."""
    return NotImplementedError(
        f"Cannot copy out of meta tensor; no data! {what} needs the elements, which a tensor on "
        "device 'meta' does not have. Make the model with module.to_empty(device='cpu'), or load "
        "weights with load_state_dict(..., assign=True)"
    )


class MetaArray(NDArrayOperatorsMixin):
    """An array without elements. NumPy's functions and operators take it, and give such arrays."""

    __slots__ = ("__weakref__", "_zeros", "base")

    def __init__(self, zeros: np.ndarray, base: MetaArray | None = None) -> None:
        self._zeros, self.base = zeros, base

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if method == "at":
            return None
        given = [_zeros(x) for x in inputs]
        out = options.pop("out", None)
        if ufunc is np.matmul:
            made = _product(*given)
        elif method != "__call__" or ufunc.signature is not None:
            made = getattr(ufunc, method)(*given, **options)
        else:
            made = _elementwise(ufunc, given, options)
        if out is not None:
            return out if len(out) > 1 else out[0]
        return converted(made, lambda y: MetaArray(np.asarray(y)))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _called(function, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._zeros, name)
        if callable(value):
            return lambda *args, **kwargs: _called(value, args, kwargs, self)
        return _wrapped(value, [self])

    def __getitem__(self, index: Any) -> Any:
        if _has_mask(index):
            raise no_data("Picking by a mask")
        return _called(self._zeros.__getitem__, (index,), {}, self)

    def __setitem__(self, index: Any, value: Any) -> None:
        pass

    @property
    def flags(self) -> Any:
        return self._zeros.flags

    @property
    def real(self) -> Any:
        """The real part, a view; what is written there has no place."""
        return _wrapped(self._zeros.real, [self])

    @real.setter
    def real(self, value: Any) -> None:
        pass

    @property
    def imag(self) -> Any:
        """The imaginary part, a view; what is written there has no place."""
        return _wrapped(self._zeros.imag, [self])

    @imag.setter
    def imag(self, value: Any) -> None:
        pass

    @property
    def data(self) -> SimpleNamespace:
        """An address that belongs to no element."""
        return SimpleNamespace(ptr=0)

    def fill(self, value: Any) -> None:
        """Nothing: there are no elements."""

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse: there are no elements."""
        raise no_data("Reading it")

    item = tolist = tobytes = __bool__ = __int__ = __float__ = __index__ = __array__ = get

    def __len__(self) -> int:
        return len(self._zeros)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"meta(shape={self._zeros.shape}, dtype={self._zeros.dtype})"

    __hash__ = None  # type: ignore[assignment]


_WAITING = frozenset(
    "nonzero flatnonzero argwhere extract compress unique unique_values unique_counts "
    "unique_inverse unique_all bincount place array_equal allclose".split()
)
"""Functions that give what depends on the elements."""

_FACTORIZING = frozenset("cholesky inv solve".split())
"""Functions that refuse matrices of zeros."""

_WRITING = frozenset(
    "copyto put put_along_axis putmask fill_diagonal fill sort partition itemset setfield".split()
)
"""Functions that only write elements; ``sort`` and ``partition`` as methods."""


def _has_mask(index: Any) -> bool:
    keys = index if isinstance(index, tuple) else (index,)
    return any(str(getattr(key, "dtype", "")) == "bool" and key.ndim for key in keys)


def _inside(x: MetaArray) -> np.ndarray:
    return x._zeros


def _zeros(values: Any) -> Any:
    """Arguments with the zeros that stand for arrays of the device."""
    return converted(values, lambda x: x._zeros if isinstance(x, MetaArray) else x)


def _regular(values: Any) -> Any:
    """Arguments with matrices in place of those of the device that every factorization takes:
    identities."""

    def matrices(x: Any) -> Any:
        if not isinstance(x, MetaArray) or x.ndim < 2:
            return _zeros(x)
        return np.broadcast_to(np.eye(*x.shape[-2:], dtype=x.dtype), x.shape)

    return converted(values, matrices)


def _elementwise(ufunc: np.ufunc, given: list[Any], options: Any) -> Any:
    """Zeros of the ufunc's results, by the same call on one element of each operand."""
    few = [x.flat[:1].reshape((1,) * x.ndim) if _is_large(x) else x for x in given]
    made = ufunc(*few, **options)
    shape = np.broadcast_shapes(*(np.shape(x) for x in given))
    if isinstance(made, tuple):
        return tuple(promised(shape, y.dtype) for y in made)
    return promised(shape, made.dtype)


def _product(a: Any, b: Any) -> Any:
    """Zeros of the shape of ``a @ b``, from the first of the terms that it sums."""
    rows = -2 if b.ndim > 1 else -1
    if a.shape[-1] == b.shape[rows]:
        a, b = a[..., :1], b[..., :1, :] if b.ndim > 1 else b[:1]
    return np.matmul(a, b)


def _is_large(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.size > 1


def _called(function: Callable[..., Any], args: Any, kwargs: Any, owner: Any = None) -> Any:
    name = getattr(function, "__name__", "")
    if name in _WAITING or (name == "where" and len(args) == 1):
        raise no_data(f"{name}()")
    writes = name in _WRITING and (owner is not None or name not in ("sort", "partition"))
    if writes:
        return None
    out = kwargs.pop("out", None)
    stands_for = _regular if name in _FACTORIZING else _zeros
    made = function(*stands_for(args), **_zeros(kwargs))
    if out is not None:
        return out
    sources = arrays_in(args, MetaArray)
    return _wrapped(made, sources if owner is None else [owner, *sources])


def _wrapped(made: Any, sources: list[Any]) -> Any:
    """A result as arrays of the device: a view of a source, or one on zeros of its own."""
    return around(made, sources, _inside, lambda array: MetaArray(_promised_like(array)))


def _making(function: Callable[..., Any]) -> Callable[..., Any]:
    def make(*args: Any, **kwargs: Any) -> Any:
        return _called(function, args, kwargs)

    return make


def _filled(shape: Any, dtype: Any) -> MetaArray:
    return MetaArray(promised((shape,) if isinstance(shape, int) else tuple(shape), dtype))


def module() -> Any:
    """NumPy's functions for arrays of the device."""
    xp: Any = ModuleType("meta")
    made = "arange array asarray ascontiguousarray eye identity indices linspace tri"
    xp.__dict__.update(
        {n: getattr(np, n) for n in dir(np) if not n.startswith("__")}, ndarray=MetaArray
    )
    xp.__dict__.update({n: _making(getattr(np, n)) for n in made.split()})
    xp.empty = xp.zeros = xp.ones = lambda shape, dtype=float, **options: _filled(shape, dtype)
    strided = np.lib.stride_tricks.as_strided
    xp.lib = SimpleNamespace(
        stride_tricks=SimpleNamespace(as_strided=lambda *args: _called(strided, args, {}))
    )
    xp.full = lambda shape, value, dtype=None, **options: _filled(
        shape, np.asarray(value).dtype if dtype is None else dtype
    )
    return xp
