"""A GPU without a GPU: the device type ``standin``.

Its arrays live in ordinary memory, but behave as CuPy's do towards a program: they refuse to mix
with NumPy arrays and to turn into them unasked, their module has only the functions that CuPy has,
and reductions give 0-d arrays. What would stall a real device (reading a value, copying to the
host) is counted. So every dispatch path runs, and is checked, on a machine without a GPU.

>>> import minitorch_dl as torch
>>> from minitorch_dl.testing import standin
>>> standin.register()
>>> x = torch.ones(3, device="standin", requires_grad=True)
>>> (x * 2).sum().backward()
>>> x.grad
tensor([2., 2., 2.], device='standin')
"""

from __future__ import annotations

import functools
import operator
from collections import Counter
from collections.abc import Callable
from importlib import resources
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..backend.devices import Backend, device, register_backend

counts: Counter[str] = Counter()
"""How often the host asked for a value ("synchronisation") and arrays were copied to and from
it."""


@functools.cache
def _offered() -> dict[str, frozenset[str]]:
    """The names that CuPy offers, per namespace."""
    text = resources.files(__package__).joinpath("cupy_names.txt").read_text(encoding="utf-8")
    lines = (line.split(":") for line in text.splitlines() if line and not line.startswith("#"))
    return {namespace: frozenset(names.split()) for namespace, names in lines}


class StandInArray:
    """An array of the stand-in device."""

    __slots__ = ("__weakref__", "_array", "base")
    __array_ufunc__ = None  # NumPy's operators leave the work to ours, which refuse

    def __init__(self, array: np.ndarray, base: StandInArray | None = None) -> None:
        self._array = array
        self.base = base

    @property
    def data(self) -> SimpleNamespace:
        """Where the elements lie, as CuPy tells it."""
        return SimpleNamespace(ptr=self._array.__array_interface__["data"][0])

    def get(self) -> np.ndarray:
        """A copy in host memory."""
        counts["copy to host"] += 1
        return self._array.copy()

    def item(self, *args: Any) -> Any:
        counts["synchronisation"] += 1
        return self._array.item(*args)

    def tolist(self) -> Any:
        counts["copy to host"] += 1
        return self._array.tolist()

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            "Implicit conversion of a stand-in array to a NumPy array is not allowed: use .get()"
        )

    def __getattr__(self, name: str) -> Any:
        if name not in _offered()["ndarray"]:
            raise AttributeError(f"CuPy's ndarray has no attribute {name!r}")
        value = getattr(self._array, name)
        return _wrap_call(value, (self,)) if callable(value) else _wrap(value, (self,))

    def diagonal(self, *args: Any) -> Any:
        """CuPy's can be written to, NumPy's can't."""
        view = self._array.diagonal(*args)
        view.flags.writeable = self._array.flags.writeable
        return _wrap(view, (self,))

    def __getitem__(self, index: Any) -> Any:
        if any(_is_mask(key) for key in (index if isinstance(index, tuple) else (index,))):
            counts["synchronisation"] += 1  # how many elements there are
        return _wrap(self._array[wrapped(self._array.shape, index)], (self,))

    def __setitem__(self, index: Any, value: Any) -> None:
        self._array[wrapped(self._array.shape, index)] = _unwrap(value)

    def take(self, indices: Any, axis: Any = None, out: Any = None) -> Any:
        """CuPy's wraps indices around."""
        taken = self._array.take(_unwrap(indices), axis, _unwrap(out), "wrap")
        return _wrap(taken, (self,)) if out is None else out

    def __len__(self) -> int:
        return len(self._array)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"standin({self._array!r})"

    def _read(self, convert: Callable[[Any], Any]) -> Any:
        counts["synchronisation"] += 1
        return convert(self._array)

    def __bool__(self) -> bool:
        return self._read(bool)

    def __int__(self) -> int:
        return self._read(int)

    def __float__(self) -> float:
        return self._read(float)

    def __index__(self) -> int:
        return self._read(operator.index)

    __hash__ = None  # type: ignore[assignment]


def _operator(name: str) -> Callable[..., Any]:
    def method(self: StandInArray, *others: Any) -> Any:
        result = getattr(self._array, name)(*[_unwrap(other) for other in others])
        if result is NotImplemented:
            return result
        return self if result is self._array else _wrap(result, (self,))

    method.__name__ = name
    return method


for _name in [
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
    "divmod",
]:
    for _form in (f"__{_name}__", f"__r{_name}__", f"__i{_name}__"):
        if hasattr(np.ndarray, _form):
            setattr(StandInArray, _form, _operator(_form))
for _form in [
    "__neg__",
    "__pos__",
    "__abs__",
    "__invert__",
    "__lt__",
    "__le__",
    "__eq__",
    "__ne__",
    "__gt__",
    "__ge__",
]:
    setattr(StandInArray, _form, _operator(_form))


def _is_mask(key: Any) -> bool:
    return isinstance(key, StandInArray) and key._array.dtype == bool


def wrapped(shape: tuple[int, ...], index: Any) -> Any:
    """The NumPy index that picks what CuPy picks: indices in arrays wrap around."""
    keys = [_unwrap(key) for key in (index if isinstance(index, tuple) else (index,))]
    axis = 0
    for i, key in enumerate(keys):
        if key is None:
            continue
        if key is Ellipsis:
            width = [k.ndim if isinstance(k, np.ndarray) and k.dtype == bool else k is not None
                     for k in keys[i + 1 :]]  # fmt: skip
            axis = len(shape) - sum(width)
        elif isinstance(key, np.ndarray) and key.dtype == bool:
            axis += key.ndim
        else:
            if isinstance(key, np.ndarray) and axis < len(shape) and shape[axis]:
                keys[i] = key % shape[axis]
            axis += 1
    return tuple(keys) if isinstance(index, tuple) else keys[0]


def _unwrap(value: Any) -> Any:
    """The NumPy value behind an argument; a bare NumPy array is refused, as CuPy does."""
    if isinstance(value, StandInArray):
        return value._array
    if isinstance(value, np.ndarray):
        raise TypeError(
            f"Unsupported type {np.ndarray}: a NumPy array of shape {value.shape} met a stand-in "
            "array"
        )
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_unwrap(v) for v in value))
    if isinstance(value, (tuple, list)):
        return type(value)(_unwrap(v) for v in value)
    if isinstance(value, dict):
        return {k: _unwrap(v) for k, v in value.items()}
    return value


def _wrap(value: Any, sources: Any) -> Any:
    """A result as CuPy gives it: arrays and NumPy scalars become arrays of the device."""
    if isinstance(value, (np.ndarray, np.generic)) and not isinstance(value, np.dtype):
        array = np.asarray(value)
        for source in sources:
            if not isinstance(source, StandInArray):
                continue
            if array is source._array:
                return source
            owner = source if source.base is None else source.base
            if array.base is not None and np.may_share_memory(array, owner._array):
                return StandInArray(array, owner)
        return StandInArray(array)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_wrap(v, sources) for v in value))
    if isinstance(value, (tuple, list)):
        return type(value)(_wrap(v, sources) for v in value)
    return value


def _wrap_call(function: Callable[..., Any], owners: Any = ()) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        result = function(*_unwrap(args), **_unwrap(kwargs))
        if isinstance(kwargs.get("out"), StandInArray):
            return kwargs["out"]
        return _wrap(result, (*owners, *_arrays_in(args)))

    call.__name__ = getattr(function, "__name__", "call")
    return call


def _arrays_in(args: Any) -> list[StandInArray]:
    found: list[StandInArray] = []
    for arg in args:
        if isinstance(arg, StandInArray):
            found.append(arg)
        elif isinstance(arg, (tuple, list)):
            found += _arrays_in(arg)
    return found


class _Ufunc:
    """A NumPy ufunc with the methods that CuPy's have."""

    def __init__(self, ufunc: np.ufunc) -> None:
        self._ufunc = ufunc
        self.__name__ = ufunc.__name__
        self.at = _wrap_call(ufunc.at)
        self.reduce, self.accumulate = _wrap_call(ufunc.reduce), _wrap_call(ufunc.accumulate)
        self.outer, self.reduceat = _wrap_call(ufunc.outer), _wrap_call(ufunc.reduceat)
        self._call = _wrap_call(ufunc)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(*args, **kwargs)


class _Module:
    """A namespace of NumPy cut down to what CuPy's has."""

    def __init__(self, name: str, module: Any) -> None:
        self.__name__ = name
        self._module = module

    def __getattr__(self, name: str) -> Any:
        full = f"{self.__name__}.{name}".removeprefix("standin.")
        if full in _offered():
            value: Any = _Module(f"standin.{full}", getattr(self._module, name))
        elif name not in _offered()[self.__name__.removeprefix("standin.")]:
            raise AttributeError(f"CuPy has no {full}")
        else:
            value = getattr(self._module, name)
            if isinstance(value, np.ufunc):
                value = _Ufunc(value)
            elif callable(value) and not isinstance(value, type):
                value = _wrap_call(value)
        setattr(self, name, value)
        return value


class _TopModule(_Module):
    ndarray = StandInArray
    newaxis = None

    def asarray(self, a: Any, dtype: Any = None, **options: Any) -> StandInArray:
        """To the device: NumPy arrays and nested lists are copied."""
        if isinstance(a, StandInArray):
            return a if dtype is None or a._array.dtype == dtype else a.astype(dtype)
        if isinstance(a, np.ndarray):
            counts["copy to device"] += 1
        plain = a if isinstance(a, np.ndarray) else _unwrap(a)
        return StandInArray(np.array(plain, dtype))

    def array(self, a: Any, dtype: Any = None, copy: bool = True, **options: Any) -> StandInArray:
        """A new array on the device."""
        plain = a if isinstance(a, np.ndarray) else _unwrap(a)
        return StandInArray(np.array(plain, dtype))

    ascontiguousarray = staticmethod(_wrap_call(np.ascontiguousarray))

    def asnumpy(self, a: Any) -> np.ndarray:
        """To the host."""
        return a.get() if isinstance(a, StandInArray) else np.asarray(a)


xp: Any = _TopModule("standin.cupy", np)


def register() -> None:
    """Make ``device="standin"`` known."""
    register_backend(Backend("standin", xp, StandInArray, lambda array: device("standin")))
