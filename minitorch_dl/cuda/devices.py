"""Which GPUs there are, choosing one, and waiting for one."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from ..backend import backend_for, device as _device, raise_noted
from ..backend.graph_capture import reading_mode, set_reading_mode

__all__ = [
    "can_device_access_peer", "cudart", "current_blas_handle", "current_device", "device",
    "device_count", "device_of", "get_arch_list", "get_device_capability", "get_device_name",
    "get_device_properties", "get_gencode_flags", "get_sync_debug_mode", "init", "ipc_collect",
    "is_available", "is_bf16_supported", "is_initialized", "is_tf32_supported", "set_device",
    "set_sync_debug_mode", "synchronize",
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


def is_tf32_supported() -> bool:
    """Whether the GPU multiplies in TF32."""
    return is_available() and get_device_capability() >= (8, 0)


def get_gencode_flags() -> str:
    """The architectures that kernels are compiled for, as nvcc's options."""
    names = [name.removeprefix("sm_") for name in get_arch_list()]
    return " ".join(f"-gencode compute=compute_{n},code=sm_{n}" for n in names)


def ipc_collect() -> None:
    """Nothing to do: no memory is shared with other processes."""


def current_blas_handle() -> int:
    """The handle of cuBLAS on the current GPU."""
    return _cupy().cuda.get_cublas_handle()


def cudart() -> SimpleNamespace:
    """Functions of CUDA's runtime under their own names, of which each gives 0 or raises."""
    cupy = _cupy()

    def done(function: Callable[..., Any]) -> Callable[..., int]:
        return lambda *args: function(*args) or 0

    return SimpleNamespace(
        cudaProfilerStart=done(cupy.cuda.runtime.profilerStart),
        cudaProfilerStop=done(cupy.cuda.runtime.profilerStop),
        cudaMemGetInfo=lambda device=None: _mem_get_info(_index(device)),
        cudaDeviceSynchronize=done(synchronize),
    )


def _mem_get_info(index: int) -> tuple[int, int]:
    cupy = _cupy()
    with cupy.cuda.Device(index):
        free, total = cupy.cuda.runtime.memGetInfo()
    return free, total


_SYNC_MODES = ("default", "warn", "error")


def set_sync_debug_mode(debug_mode: int | str) -> None:
    """What happens where the host waits for the GPU to read from it: 0 or "default", nothing; 1 or
    "warn", a warning; 2 or "error", an error.

    Seen is what reads a tensor (``.item()``, ``.cpu()``, ``print``, conditions), not results whose
    size depends on values; ``synchronize`` is free to wait.
    """
    if isinstance(debug_mode, str):
        if debug_mode not in _SYNC_MODES:
            raise RuntimeError(
                f"invalid value of debug_mode, expected one of `default`, `warn`, `error`, got "
                f"{debug_mode!r}"
            )
        debug_mode = _SYNC_MODES.index(debug_mode)
    elif debug_mode not in range(3):
        raise RuntimeError(f"invalid value of debug_mode, expected 0, 1 or 2, got {debug_mode}")
    set_reading_mode(debug_mode)


def get_sync_debug_mode() -> int:
    """The mode that ``set_sync_debug_mode`` set: 0, 1 or 2."""
    return reading_mode()


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether the GPU computes in bfloat16."""
    return is_available() and get_device_capability() >= (8, 0)
