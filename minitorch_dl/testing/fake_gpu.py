"""A GPU without a GPU: the device type ``fakegpu``.

Its arrays live in ordinary memory, but behave as CuPy's do towards a program: they refuse to mix
with NumPy arrays and to turn into them unasked, their module has only the functions that CuPy has,
and reductions give 0-d arrays. What would stall a real device (reading a value, copying to the
host) is counted. So every dispatch path runs, and is checked, on a machine without a GPU.

>>> import minitorch_dl as torch
>>> from minitorch_dl.testing import fake_gpu
>>> fake_gpu.register()
>>> x = torch.ones(3, device="fakegpu", requires_grad=True)
>>> (x * 2).sum().backward()
>>> x.grad
tensor([2., 2., 2.], device='fakegpu')
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..backend.array_classes import around, arrays_in, converted
from ..backend.devices import Backend, device, register_backend
from .cupy_api import Entry, table

counts: Counter[str] = Counter()
"""How often the host asked for a value ("synchronisation") and arrays were copied to and from
it."""

current: int = 0
"""The index of the device that is the current one. A new array lies there, and what is computed of
arrays of another one is refused: CuPy would compute it on the current one."""

recorder: Callable[..., None] | None = None
"""Told what is asked of the device while it is captured: ``(function, args, kwargs, result)``. Then
nothing may wait for the device, nor be copied to or from the host."""


def _did(function: Any, args: Any, kwargs: Any, result: Any) -> Any:
    if recorder is not None:
        recorder(function, args, kwargs, result)
    return result


def _count(what: str) -> None:
    if recorder is not None:
        raise RuntimeError(f"{what}: operation not permitted when stream is capturing")
    counts[what] += 1


_NAMESPACES = ("linalg", "lib", "lib.stride_tricks", "fft")

# What makes the host wait: functions whose result's shape depends on the values.
_WAITING = frozenset(
    [f"{space}.{name}" for space, names in {
        "cupy": "nonzero flatnonzero argwhere extract compress unique unique_values unique_counts "
        "unique_inverse unique_all place setdiff1d intersect1d union1d setxor1d trim_zeros choose",
        "ndarray": "nonzero compress choose",
    }.items() for name in names.split()]
)  # fmt: skip


# Of bfloat16, which CuPy serves as far as its loops go: by these in float32, by those not at all.
_IN_FLOAT32 = frozenset(f"cupy.{name}" for name in "where clip tril triu".split()) | {
    "ndarray.clip"
}
_NO_BFLOAT16 = frozenset(
    [f"cupy.{name}" for name in (
        "sort argsort partition argpartition lexsort msort searchsorted unique median percentile "
        "quantile nanmedian dot vdot inner outer tensordot einsum kron linalg bincount "
        "histogram interp digitize convolve correlate"
    ).split()]
    + [f"ndarray.{name}" for name in "sort argsort partition argpartition dot".split()]
)  # fmt: skip


# Not while a step is captured: CuPy's bindings of cuBLAS, cuSOLVER and cuRAND refuse.
_OF_LIBRARIES = frozenset(
    [f"cupy.{name}" for name in (
        "matmul dot vdot inner outer tensordot einsum"
    ).split()] + ["ndarray.dot"]
)  # fmt: skip


def _check_capturable(name: str) -> None:
    if recorder is None:
        return
    if name in _OF_LIBRARIES or name.startswith(("cupy.linalg.", "cupy.random.")):
        raise NotImplementedError(f"{name}: calling cuBLAS API during stream capture")


def _is_bfloat16(value: Any) -> bool:
    return getattr(getattr(value, "dtype", None), "name", "") == "bfloat16"


def _as_cupy_promotes(name: str, given: Any, result: Any) -> Any:
    """A function's result for bfloat16 operands in the dtype that CuPy gives it.

    Raises:
        NotImplementedError: CuPy has no kernel of bfloat16 for it.
    """
    if not any(map(_is_bfloat16, given)):
        return result
    scans = name.endswith(("cumsum", "cumprod"))  # in the dtype that they are asked for
    refused = name in _NO_BFLOAT16 or name.startswith(("cupy.linalg.", "cupy.fft."))
    if _is_bfloat16(result) if scans else refused:
        raise NotImplementedError(f"{name}: CuPy has no kernel for bfloat16")
    widens = name in _IN_FLOAT32 and _is_bfloat16(result)
    return result.astype(np.float32) if widens else result


def _waits(name: str, args: Any, kwargs: Any) -> bool:
    if name == "cupy.where":
        return len(args) + len(kwargs) == 1
    if name == "cupy.bincount":
        return True  # for its size, even with minlength
    return name in _WAITING


class FakeGPUArray:
    """An array of the stand-in device."""

    __slots__ = ("__weakref__", "_array", "base", "index")
    __array_ufunc__ = None  # NumPy's operators leave the work to ours, which refuse

    def __init__(self, array: np.ndarray, base: FakeGPUArray | None = None) -> None:
        self._array = array
        self.base = base
        self.index: int = current if base is None else base.index

    @property
    def data(self) -> SimpleNamespace:
        """Where the elements lie, as CuPy tells it."""
        return SimpleNamespace(ptr=self._array.__array_interface__["data"][0])

    def get(self) -> np.ndarray:
        """A copy in host memory."""
        _count("copy to host")
        return self._array.copy()

    def item(self, *args: Any) -> Any:
        _count("synchronisation")
        return self._array.item(*args)

    def tolist(self) -> Any:
        _count("copy to host")
        return self._array.tolist()

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            "Implicit conversion of a stand-in array to a NumPy array is not allowed: use .get()"
        )

    def __getattr__(self, name: str) -> Any:
        entry = table().get(f"ndarray.{name}")
        if entry is None:
            raise AttributeError(f"CuPy's ndarray has no attribute {name!r}")
        value = getattr(self._array, name)
        return _wrap_call(value, entry, (self,)) if callable(value) else _wrap(value, (self,))

    @property
    def flags(self) -> SimpleNamespace:
        """The flags that CuPy's arrays have."""
        flags = self._array.flags
        return SimpleNamespace(
            c_contiguous=flags.c_contiguous, f_contiguous=flags.f_contiguous, owndata=flags.owndata
        )

    @property
    def real(self) -> Any:
        """The real parts, a view as CuPy's."""
        return _wrap(self._array.real, (self,))

    @real.setter
    def real(self, value: Any) -> None:
        self._array.real = _unwrap(value)

    @property
    def imag(self) -> Any:
        """The imaginary parts, a view as CuPy's."""
        return _wrap(self._array.imag, (self,))

    @imag.setter
    def imag(self, value: Any) -> None:
        self._array.imag = _unwrap(value)

    def copy(self, order: str = "C") -> FakeGPUArray:
        """On the current device, wherever this one is."""
        given: Any = (order,)
        return _did(self._array.copy, given, {}, FakeGPUArray(self._array.copy(*given)))

    def diagonal(self, *args: Any) -> Any:
        """CuPy's can be written to, NumPy's can't."""
        view = self._array.diagonal(*args)
        view.flags.writeable = self._array.flags.writeable
        return _wrap(view, (self,))

    def __getitem__(self, index: Any) -> Any:
        _count_masks(index)
        return _did(_pick, (self, index), {}, _wrap(_pick(self, index), (self,)))

    def __setitem__(self, index: Any, value: Any) -> None:
        _count_masks(index)
        _check_current((self, index, value))
        _put(self, index, value)
        _did(_put, (self, index, value), {}, None)

    def take(self, indices: Any, axis: Any = None, out: Any = None) -> Any:
        """CuPy's wraps indices around."""
        given: Any = (_unwrap(indices), axis, _unwrap(out), "wrap")
        taken = self._array.take(*given)
        taken = _wrap(taken, (self,)) if out is None else out
        return _did(self._array.take, given, {}, taken)

    def __len__(self) -> int:
        return len(self._array)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"fakegpu({self._array!r})"

    def _read(self, convert: Callable[[Any], Any]) -> Any:
        _count("synchronisation")
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


def _operator(name: str, ufunc: str | None) -> Callable[..., Any]:
    def method(self: FakeGPUArray, *others: Any) -> Any:
        if ufunc == "matmul":
            _check_capturable("cupy.matmul")
        operands = [_unwrap(other) for other in others]
        result = getattr(self._array, name)(*operands)
        if result is NotImplemented:
            return result
        if ufunc not in (None, "matmul") and not name.startswith("__i"):
            both = [*operands, self._array] if name[2] == "r" else [self._array, *operands]
            made = result if isinstance(result, tuple) else (result,)
            table()[f"cupy.{ufunc}"].check_loop(both, made)
        _check_current((self, *others))
        result = self if result is self._array else _wrap(result, (self,))
        return _did(getattr(self._array, name), operands[: len(others)], {}, result)

    method.__name__ = name
    return method


_BINARY: dict[str, str | None] = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide",
    "floordiv": "floor_divide", "mod": "remainder", "pow": "power", "and": "bitwise_and",
    "or": "bitwise_or", "xor": "bitwise_xor", "lshift": "left_shift", "rshift": "right_shift",
    "divmod": "divmod", "matmul": "matmul",
}  # fmt: skip
_OTHERS = {
    "neg": "negative", "pos": None, "abs": "absolute", "invert": "invert", "lt": "less",
    "le": "less_equal", "eq": "equal", "ne": "not_equal", "gt": "greater", "ge": "greater_equal",
}  # fmt: skip
for _name, _ufunc in _BINARY.items():
    for _form in (f"__{_name}__", f"__r{_name}__", f"__i{_name}__"):
        if hasattr(np.ndarray, _form):
            setattr(FakeGPUArray, _form, _operator(_form, _ufunc))
for _name, _ufunc in _OTHERS.items():
    setattr(FakeGPUArray, f"__{_name}__", _operator(f"__{_name}__", _ufunc))


def _count_masks(index: Any) -> None:
    """CuPy waits for the number of elements that a mask picks, to read and to write them."""
    if any(_is_mask(key) for key in (index if isinstance(index, tuple) else (index,))):
        _count("synchronisation")


def _pick(array: FakeGPUArray, index: Any) -> Any:
    return array._array[wrapped(array._array.shape, index)]


def _put(array: FakeGPUArray, index: Any, value: Any) -> None:
    array._array[wrapped(array._array.shape, index)] = _unwrap(value)


def _is_mask(key: Any) -> bool:
    return isinstance(key, FakeGPUArray) and key._array.dtype == bool


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


def _inside(x: FakeGPUArray) -> np.ndarray:
    return x._array


def _unwrap(values: Any) -> Any:
    """The NumPy values behind arguments; a bare NumPy array is refused, as CuPy does."""
    return converted(values, _unwrapped)


def _unwrapped(value: Any) -> Any:
    if isinstance(value, FakeGPUArray):
        return value._array
    if isinstance(value, np.ndarray):
        raise TypeError(
            f"Unsupported type {np.ndarray}: a NumPy array of shape {value.shape} met a stand-in "
            "array"
        )
    return value


def _check_current(sources: Any) -> None:
    for source in _arrays_in(sources):
        if source.index != current:
            raise RuntimeError(
                f"The device where the array resides ({source.index}) is different from the "
                f"current device ({current})."
            )


def _wrap(value: Any, sources: Any) -> Any:
    """A result as CuPy gives it: arrays and NumPy scalars become arrays of the device."""
    sources = _arrays_in(sources)

    def new(array: np.ndarray) -> FakeGPUArray:
        _check_current(sources)
        return FakeGPUArray(array)

    return around(value, sources, _inside, new)


def _wrap_call(function: Callable[..., Any], entry: Entry, owners: Any = ()) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        entry.check_arguments(args, kwargs)
        _check_capturable(entry.name)
        if _waits(entry.name, args, kwargs):
            _count("synchronisation")
        given, options = _unwrap(args), _unwrap(kwargs)
        result = function(*given, **options)
        result = _as_cupy_promotes(entry.name, (*_arrays_in(owners), *_arrays_in(args)), result)
        if isinstance(kwargs.get("out"), FakeGPUArray):
            return _did(function, given, options, kwargs["out"])
        return _did(function, given, options, _wrap(result, (*owners, *_arrays_in(args))))

    call.__name__ = getattr(function, "__name__", "call")
    return call


def _arrays_in(args: Any) -> list[FakeGPUArray]:
    return arrays_in(args, FakeGPUArray)


class _Ufunc:
    """A NumPy ufunc with the loops and methods that CuPy's have."""

    def __init__(self, ufunc: np.ufunc, entry: Entry) -> None:
        self._ufunc, self._entry = ufunc, entry
        self.__name__ = ufunc.__name__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if unknown := kwargs.keys() - {"out", "dtype", "casting"}:
            raise TypeError(f"{self._entry.name}: CuPy's ufuncs do not take {sorted(unknown)}")
        given, options = _unwrap(args), _unwrap(kwargs)
        result = self._ufunc(*given, **options)
        outputs = result if isinstance(result, tuple) else (result,)
        if not kwargs and len(args) == self._ufunc.nin:
            self._entry.check_loop(given, outputs)
        if len(args) > self._ufunc.nin:
            result = args[-1]
        elif isinstance(kwargs.get("out"), FakeGPUArray):
            result = kwargs["out"]
        else:
            result = _wrap(result, _arrays_in(args))
        return _did(self._ufunc, given, options, result)

    def at(self, a: FakeGPUArray, indices: Any, b: Any) -> None:
        self._entry.check_method("at", a._array.dtype)
        given = (a._array, wrapped(a._array.shape, indices), _unwrap(b))
        self._ufunc.at(*given)
        _did(self._ufunc.at, given, {}, None)

    def outer(self, a: FakeGPUArray, b: FakeGPUArray) -> Any:
        result = _wrap(self._ufunc.outer(a._array, b._array), (a, b))
        return _did(self._ufunc.outer, (a._array, b._array), {}, result)

    def reduce(self, array: FakeGPUArray, axis: Any = 0, dtype: Any = None, out: Any = None,
               keepdims: bool = False) -> Any:  # fmt: skip
        return self._method("reduce", array, axis, dtype, out, keepdims)

    def accumulate(self, array: FakeGPUArray, axis: int = 0, dtype: Any = None) -> Any:
        return self._method("accumulate", array, axis, dtype)

    def _method(self, name: str, array: FakeGPUArray, *args: Any) -> Any:
        self._entry.check_method(name)
        method, given = getattr(self._ufunc, name), (array._array, *_unwrap(args))
        return _did(method, given, {}, _wrap(method(*given), (array,)))


class _Module:
    """A namespace of NumPy cut down to what CuPy's has."""

    def __init__(self, name: str, module: Any) -> None:
        self.__name__ = f"fakegpu.{name}"
        self._name, self._module = name, module

    def __getattr__(self, name: str) -> Any:
        full = f"{self._name}.{name}"
        entry = table().get(full)
        if entry is None:
            raise AttributeError(f"CuPy has no {full}")
        value = getattr(self._module, name)
        if full.removeprefix("cupy.") in _NAMESPACES:
            value = _Module(full, value)
        elif isinstance(value, np.ufunc) and entry.loops:
            value = _Ufunc(value, entry)
        elif callable(value) and not isinstance(value, type):
            value = _wrap_call(value, entry)
        setattr(self, name, value)
        return value


class _TopModule(_Module):
    ndarray = FakeGPUArray
    newaxis = None

    def asarray(self, a: Any, dtype: Any = None) -> FakeGPUArray:
        """To the device: NumPy arrays, numbers and nested lists are copied."""
        if isinstance(a, FakeGPUArray):
            return a if dtype is None or a._array.dtype == dtype else a.astype(dtype)
        return self.array(a, dtype)

    def array(self, a: Any, dtype: Any = None, copy: bool = True) -> FakeGPUArray:
        """A new array on the device."""
        if not _arrays_in([a]):
            _count("copy to device")
        plain = a if isinstance(a, np.ndarray) else _unwrap(a)
        return _did(np.array, (plain, dtype), {}, FakeGPUArray(np.array(plain, dtype)))

    def take(self, a: FakeGPUArray, indices: Any, axis: Any = None, out: Any = None) -> Any:
        """CuPy's wraps indices around."""
        return a.take(indices, axis, out)

    def take_along_axis(self, a: FakeGPUArray, indices: FakeGPUArray, axis: Any) -> Any:
        """CuPy's wraps indices around."""
        size = a._array.shape[axis] if axis is not None else a._array.size

        def taken() -> np.ndarray:
            return np.take_along_axis(a._array, indices._array % max(size, 1), axis)

        return _did(taken, (), {}, FakeGPUArray(taken()))

    def put_along_axis(self, arr: FakeGPUArray, indices: Any, values: Any, axis: Any) -> None:
        """CuPy's wraps indices around."""
        size = arr._array.shape[axis] if axis is not None else arr._array.size

        def put() -> None:
            np.put_along_axis(arr._array, indices._array % max(size, 1), _unwrap(values), axis)

        put()
        _did(put, (), {}, None)


xp: Any = _TopModule("cupy", np)


def register() -> None:
    """Make ``device="fakegpu"`` known."""
    register_backend(Backend("fakegpu", xp, FakeGPUArray, lambda array: device("fakegpu")))
