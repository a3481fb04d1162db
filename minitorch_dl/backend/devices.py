"""Devices, and which array module (NumPy, CuPy, ...) serves each.

This is the only place that imports CuPy. A device type is a name ("cpu", "cuda") with an array
class and the module whose functions take such arrays; ops are written once over that module,
called ``xp``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from . import gpu_memory
from .errors import describe
from .graph_capture import capturing, note_reading, reading_mode


class device:
    """Where a tensor's data lives: ``device("cpu")``, ``device("cuda")``, ``device("cuda:1")``,
    ``device("cuda", 1)``.

    >>> import minitorch_dl as torch
    >>> torch.device("cuda:1").type, torch.device("cuda:1").index
    ('cuda', 1)
    """

    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __init__(self, type: Any = None, index: int | None = None, *, device: Any = None) -> None:
        if device is not None:
            if type is not None or index is not None:
                raise TypeError(f"device(): got {device!r} and another one, {type!r}, {index!r}")
            type = device
        if isinstance(type, self.__class__):
            self.type, self.index = type.type, type.index
            return
        if isinstance(type, int):
            if type < 0:
                raise RuntimeError(f"Device index must not be negative, got {type}")
            backend_for("cuda")  # which says what is missing, if it is
            type, index = "cuda", type
        if not isinstance(type, str):
            raise TypeError(f"device must be a string such as 'cpu' or 'cuda:0', got {type!r}")
        if index is not None and not isinstance(index, int):
            raise TypeError(f"device(): argument 'index' must be int, not {index!r}")
        name, colon, number = type.partition(":")
        if colon:
            if index is not None:
                raise RuntimeError(
                    f"device {type!r} already has an index; index={index} is too much"
                )
            if not number.isdigit() or number != str(int(number)):
                raise RuntimeError(f"Invalid device string: {type!r}")
            index = int(number)
        if name not in _BACKENDS and name not in _LAZY and name not in _ELSEWHERE:
            known = ", ".join([*sorted({*_BACKENDS, *_LAZY}), *_ELSEWHERE])
            dtype = f". A dtype has no quotes: torch.{name}" if hasattr(np, name) else ""
            raise RuntimeError(
                f"expected one of {known} device type at start of device string: {name}{dtype}"
            )
        self.type, self.index = name, index

    def __repr__(self) -> str:
        at = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{at})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __reduce__(self) -> tuple[Any, ...]:
        return device, (self.type, self.index)

    def __enter__(self) -> device:
        _entered.devices = (*_entered.devices, self)
        return self

    def __exit__(self, *exc: object) -> None:
        _entered.devices = _entered.devices[:-1]


_HERE = nullcontext()


class Backend:
    """One device type: its array class, array module, and how to name and select a device of it."""

    def __init__(
        self,
        name: str,
        xp: Any,
        array_class: type,
        device_of: Callable[[Any], device],
        select: Callable[[device], AbstractContextManager[Any]] = lambda d: _HERE,
        allocator: gpu_memory.Allocator | None = None,
        count: int = 1,
        has_elements: bool = True,
    ) -> None:
        self.name, self.xp, self.array_class = name, xp, array_class
        self.device_of, self.select, self.allocator = device_of, select, allocator
        self.count, self.has_elements = count, has_elements


several = False
"""Whether a device type has several devices, such as GPUs, of which CuPy computes on the current
one: then each op makes that of its operands current."""

when_several: list[Callable[[bool], None]] = []
"""What is told when ``several`` becomes true."""

_BACKENDS: dict[str, Backend] = {}
_BY_CLASS: dict[type, Backend] = {}


def register_backend(backend: Backend) -> None:
    """Make a device type known. ``cpu`` and ``cuda`` are built in; test doubles register theirs."""
    global several
    _BACKENDS[backend.name] = backend
    _BY_CLASS[backend.array_class] = backend
    if backend.count > 1 and not several:
        several = True
        for function in when_several:
            function(True)


def _load_cuda() -> Backend:
    try:
        import cupy
    except ImportError as error:
        raise RuntimeError(
            "device 'cuda' needs CuPy, which is not installed: pip install minitorch-dl[cuda13] "
            "(or minitorch-dl[cuda12] for a CUDA 12 driver)"
        ) from error
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except Exception as error:  # CuPy's classes, or of a library that it can't load
        raise RuntimeError(_why_no_gpu(cupy, error)) from error
    if not count:
        raise RuntimeError(
            "device 'cuda' needs an NVIDIA GPU: CuPy and the driver are there, but no GPU is "
            "visible. Use device='cpu', or check CUDA_VISIBLE_DEVICES"
        )
    from . import concatenation
    from .cublas import for_cupy

    try:
        matmul = for_cupy(cupy)
    except ImportError as error:
        raise RuntimeError(
            "device 'cuda': CuPy can't load cuBLAS, which comes with pip install "
            f"minitorch-dl[cuda13] (or [cuda12]): {error}"
        ) from error
    # Kernels say xp.matmul on every device.
    xp: Any = ModuleType("cupy")
    xp.__dict__.update(vars(cupy), __getattr__=partial(getattr, cupy))
    xp.matmul, xp.multiplies_halves = matmul, True
    xp.concatenate, xp.stack = concatenation.for_cupy(cupy)
    return Backend(
        "cuda",
        xp,
        cupy.ndarray,
        device_of=lambda array: device("cuda", array.device.id),
        select=lambda d: nullcontext() if d.index is None else cupy.cuda.Device(d.index),
        allocator=gpu_memory.install(cupy),
        count=count,
    )


def _why_no_gpu(cupy: Any, error: Exception) -> str:
    """What is missing for ``device="cuda"``, and the cure."""
    if "InsufficientDriver" in str(error):
        try:
            have = cupy.cuda.runtime.driverGetVersion()
        except Exception:
            have = 0
        if not have:
            return (
                "device 'cuda' needs an NVIDIA GPU and its driver; CuPy is installed but found "
                "none. Use device='cpu', or check the driver with nvidia-smi"
            )
        built = cupy.cuda.runtime.runtimeGetVersion()
        return (
            f"device 'cuda': the NVIDIA driver serves CUDA {have // 1000}.{have % 1000 // 10}, but "
            f"CuPy was built for {built // 1000}.{built % 1000 // 10}. Install "
            f"minitorch-dl[cuda{have // 1000}] instead, or a newer driver"
        )
    if "NoDevice" in str(error):
        return (
            "device 'cuda' needs an NVIDIA GPU: CuPy and the driver are there, but no GPU is "
            "visible. Use device='cpu', or check CUDA_VISIBLE_DEVICES"
        )
    return f"device 'cuda': CuPy is installed but can't reach a GPU: {error}"


def _load_meta() -> Backend:
    from . import meta

    where = device("meta")
    return Backend(
        "meta", meta.module(), meta.MetaArray, device_of=lambda array: where, has_elements=False
    )


_LAZY: dict[str, Callable[[], Backend]] = {"cuda": _load_cuda, "meta": _load_meta}
_ELSEWHERE = ("mps", "xpu", "hpu", "mtia", "xla")
"""Types of devices that only PyTorch has: they can be named and compared with, not used."""
_CPU = device.__new__(device)
_CPU.type, _CPU.index = "cpu", None
register_backend(Backend("cpu", np, np.ndarray, device_of=lambda array: _CPU))

_default_device = _CPU


class _Entered(threading.local):
    """The devices whose ``with`` blocks this thread is in, the innermost last."""

    devices: tuple[device, ...] = ()


_entered = _Entered()


def get_default_device() -> device:
    """The device on which creation functions put tensors when none is named."""
    return _entered.devices[-1] if _entered.devices else _default_device


def set_default_device(device: Any) -> None:
    """Set the device of creation functions called without ``device=``, outside of ``with
    device(...):``."""
    global _default_device
    _default_device = _device("cpu" if device is None else device)


_device = device  # whose name is an argument's above


def backend_for(d: Any = None) -> tuple[Backend, device]:
    """The backend that serves device ``d`` (None: the default device).

    Raises:
        RuntimeError: nothing here can serve it; the text says what to install.
    """
    if d is None:
        wanted = _entered.devices[-1] if _entered.devices else _default_device
    else:
        wanted = d if isinstance(d, device) else device(d)
    backend = _BACKENDS.get(wanted.type)
    if backend is None:
        if wanted.type in _ELSEWHERE:
            raise RuntimeError(
                f"device '{wanted.type}' is not served here: use 'cpu', or 'cuda' for an NVIDIA GPU"
            )
        backend = _LAZY[wanted.type]()
        register_backend(backend)
    return backend, wanted


def backend_of(array: Any) -> Backend:
    """The backend whose arrays are of this array's class."""
    try:
        return _BY_CLASS[array.__class__]
    except KeyError:
        for cls, backend in _BY_CLASS.items():
            if isinstance(array, cls):
                return backend
    raise TypeError(f"no device type is registered for arrays of class {type(array).__name__}")


def anywhere(condition: Any) -> bool:
    """Whether a condition holds for some element; it does for none where there are no elements, as
    on ``meta``. Waits for a device."""
    if isinstance(condition, (np.ndarray, np.generic)) or backend_of(condition).has_elements:
        return bool(condition.any())
    return False


def array_module(array: Any) -> Any:
    """The module (``numpy``, ``cupy``, ...) whose functions take this array; ``numpy`` for
    numbers."""
    if array.__class__ is np.ndarray:
        return np
    backend = _BY_CLASS.get(array.__class__)
    return np if backend is None else backend.xp


def common_module(op: str, arrays: Any) -> Any:
    """The one array module of several arrays; Python numbers and None belong to any.

    Raises:
        RuntimeError: the arrays live on different devices.
    """
    found = None
    for array in arrays:
        backend = _BY_CLASS.get(array.__class__)
        if backend is None or backend is found:
            continue
        if found is not None:
            raise _apart(op, arrays)
        found = backend
    if found is None:
        return np
    if found.count > 1 and len({found.device_of(a) for a in arrays if _is_of(found, a)}) > 1:
        raise _apart(op, arrays)
    return found.xp


def _is_of(backend: Backend, array: Any) -> bool:
    return array.__class__ is backend.array_class


def _apart(op: str, arrays: Any) -> RuntimeError:
    return RuntimeError(
        f"{op} expected all tensors to be on the same device, but got {describe(arrays)}. "
        "Move them with .to(device) first"
    )


def beside(arrays: Any) -> AbstractContextManager[Any]:
    """Make the device of these arrays the current one inside the block; only needed where there are
    ``several``."""
    for array in arrays:
        backend = _BY_CLASS.get(array.__class__)
        if backend is not None and backend.count > 1:
            return backend.select(backend.device_of(array))
    return nullcontext()


def device_of(array: Any) -> device:
    """The device on which a raw array lives."""
    return _CPU if array.__class__ is np.ndarray else backend_of(array).device_of(array)


def move(array: Any, d: Any) -> Any:
    """The array on device ``d``; the same object when it is there already."""
    backend, wanted = backend_for(d)
    if isinstance(array, backend.array_class) and (
        wanted.index is None or backend.device_of(array).index in (None, wanted.index)
    ):
        return array
    with backend.select(wanted):
        if isinstance(array, backend.array_class):  # of another GPU: it does not pass by the host
            moved: Any = array
            return moved.copy()
        return backend.xp.asarray(to_host(array))


before_reading: list[Callable[[], None]] = []
"""What runs whenever the host waits for a device and reads from it."""


def to_host(array: Any) -> Any:
    """The array as a NumPy array; copied only when it lives elsewhere."""
    if isinstance(array, (np.ndarray, np.generic)):
        return array
    if capturing():
        raise RuntimeError(
            "a step that reads from the device (.item(), .cpu(), print, if) can't be captured, "
            "for what it reads is computed only when the graph is replayed. Read outside the step"
        )
    if reading_mode():
        note_reading()
    for function in before_reading:
        function()
    return array.get()
