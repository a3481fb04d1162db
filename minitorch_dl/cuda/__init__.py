"""The GPU through CuPy: what there is, its memory, its clock. Everything answers on a machine
without one too."""

from __future__ import annotations

from typing import Any

from ..backend import backend_for
from ..backend import device as _device
from ..backend import random as _random
from . import amp


def _cupy() -> Any:
    """CuPy, or the error that says what to install."""
    return backend_for("cuda")[0].xp


def is_available() -> bool:
    """Whether CuPy is installed and finds a GPU."""
    try:
        _cupy()
    except RuntimeError:
        return False
    return True


def device_count() -> int:
    """The number of GPUs; 0 without CuPy or a driver."""
    return _cupy().cuda.runtime.getDeviceCount() if is_available() else 0


def is_initialized() -> bool:
    """Whether the GPU is ready for use."""
    return is_available()


def init() -> None:
    """Nothing to do: the GPU is set up on first use."""


def current_device() -> int:
    """The index of the GPU that new ``device="cuda"`` tensors go to."""
    return _cupy().cuda.Device().id


def _index(device: Any) -> int:
    if device is None:
        return current_device()
    index = device if isinstance(device, int) else _device(device).index
    return current_device() if index is None else index


def set_device(device: Any) -> None:
    """Make a GPU the current one."""
    _cupy().cuda.Device(_index(device)).use()


class device:
    """Make a GPU the current one inside the block."""

    def __init__(self, device: Any) -> None:
        self.index = _index(device)

    def __enter__(self) -> None:
        self._context = _cupy().cuda.Device(self.index)
        self._context.__enter__()

    def __exit__(self, *exc: Any) -> None:
        self._context.__exit__(*exc)


def get_device_name(device: Any = None) -> str:
    """The GPU's name, such as ``NVIDIA H200``."""
    return _cupy().cuda.runtime.getDeviceProperties(_index(device))["name"].decode()


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """The compute capability, such as ``(9, 0)``."""
    properties = _cupy().cuda.runtime.getDeviceProperties(_index(device))
    return properties["major"], properties["minor"]


def synchronize(device: Any = None) -> None:
    """Wait until the GPU has done all that was asked of it; at once when there is none."""
    if is_available():
        _cupy().cuda.Device(_index(device)).synchronize()


def empty_cache() -> None:
    """Give unused pooled memory back to the driver."""
    if is_available():
        _cupy().get_default_memory_pool().free_all_blocks()


def memory_allocated(device: Any = None) -> int:
    """Bytes in use by arrays."""
    return _cupy().get_default_memory_pool().used_bytes() if is_available() else 0


def memory_reserved(device: Any = None) -> int:
    """Bytes held by the memory pool, in use or not."""
    return _cupy().get_default_memory_pool().total_bytes() if is_available() else 0


def manual_seed(seed: int) -> None:
    """Seed the GPU's generator."""
    _random.default_generator("cuda").manual_seed(int(seed))


manual_seed_all = manual_seed


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether the GPU computes in bfloat16."""
    return is_available() and get_device_capability() >= (8, 0)
