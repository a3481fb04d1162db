"""Which GPUs there are, and choosing one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ..backend import backend_for, raise_noted
from ..backend import device as _device

__all__ = [
    "can_device_access_peer", "current_device", "device", "device_count", "device_of",
    "get_arch_list", "get_device_capability", "get_device_name", "get_device_properties", "init",
    "is_available", "is_bf16_supported", "is_initialized", "set_device", "synchronize",
]  # fmt: skip


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
    """The index of a GPU given as a number, text or device; None is the current one."""
    if device is None:
        return current_device()
    if not isinstance(device, int):
        wanted = _device(device)
        if wanted.type != "cuda":
            raise ValueError(f"Expected a cuda device, but got: {wanted}")
        if wanted.index is None:
            return current_device()
        device = wanted.index
    return device


def set_device(device: Any) -> None:
    """Make a GPU the current one; a negative number changes nothing."""
    index = _index(device)
    if index >= 0:
        _cupy().cuda.Device(index).use()


class device:
    """Make a GPU the current one inside the block; None or a negative number changes nothing."""

    def __init__(self, device: Any) -> None:
        self.idx = -1 if device is None else _index(device)
        self._context: Any = None

    def __enter__(self) -> None:
        if self.idx >= 0:
            self._context = _cupy().cuda.Device(self.idx)
            self._context.__enter__()

    def __exit__(self, *exc: Any) -> None:
        if self._context is not None:
            self._context.__exit__(*exc)


class device_of(device):
    """Make a tensor's GPU the current one inside the block; nothing for a tensor on the CPU."""

    def __init__(self, obj: Any) -> None:
        super().__init__(obj.device if obj.is_cuda else None)


def get_device_properties(device: Any = None) -> SimpleNamespace:
    """Name, compute capability, memory and multiprocessors of a GPU."""
    found = _cupy().cuda.runtime.getDeviceProperties(_index(device))
    return SimpleNamespace(
        name=found["name"].decode(),
        major=found["major"],
        minor=found["minor"],
        total_memory=found["totalGlobalMem"],
        multi_processor_count=found["multiProcessorCount"],
        warp_size=found["warpSize"],
        max_threads_per_multi_processor=found["maxThreadsPerMultiProcessor"],
    )


def get_device_name(device: Any = None) -> str:
    """The GPU's name, such as ``NVIDIA H200``."""
    return get_device_properties(device).name


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """The compute capability, such as ``(9, 0)``."""
    properties = get_device_properties(device)
    return properties.major, properties.minor


def get_arch_list() -> list[str]:
    """The architectures that kernels are compiled for: those of the GPUs there are."""
    found = {get_device_capability(i) for i in range(device_count())}
    return [f"sm_{major}{minor}" for major, minor in sorted(found)]


def can_device_access_peer(device: Any, peer_device: Any) -> bool:
    """Whether a GPU can read another's memory directly."""
    return bool(_cupy().cuda.runtime.deviceCanAccessPeer(_index(device), _index(peer_device)))


def synchronize(device: Any = None) -> None:
    """Wait until the GPU has done all that was asked of it; at once when there is none.

    Errors that its work noted, such as an index out of range, are raised here.
    """
    if is_available():
        _cupy().cuda.Device(_index(device)).synchronize()
        raise_noted()


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether the GPU computes in bfloat16."""
    return is_available() and get_device_capability() >= (8, 0)
