"""Process-wide settings: threads, determinism, matmul precision, compilation."""

from __future__ import annotations

import os
from typing import Any

from .backend import get_default_device, segments, warning
from .backend.blas import set_blas_threads
from .backend.malloc import keep_freed_memory
from .backend.precision import float32_products, set_float32_products
from .backend.threads import set_thread_count, thread_count
from .backend.warning import warn

__all__ = [
    "are_deterministic_algorithms_enabled", "get_deterministic_debug_mode", "get_file_path",
    "get_float32_matmul_precision", "get_num_interop_threads", "get_num_threads",
    "is_deterministic_algorithms_warn_only_enabled", "is_warn_always_enabled",
    "set_deterministic_debug_mode", "set_float32_matmul_precision", "set_flush_denormal",
    "set_num_interop_threads", "set_num_threads", "set_warn_always", "typename",
    "use_deterministic_algorithms",
]  # fmt: skip

keep_freed_memory()

_deterministic = {"enabled": False, "warn_only": False}


def _blas_limits(threads: int) -> None:
    if set_blas_threads(threads):
        return
    try:
        import threadpoolctl
    except ImportError:
        warn(
            "set_num_threads needs the package threadpoolctl to reach NumPy's BLAS: pip install "
            "threadpoolctl; or set OPENBLAS_NUM_THREADS before Python starts"
        )
        return
    threadpoolctl.threadpool_limits(threads)


def set_num_threads(num: int) -> None:
    """Set the number of threads of matrix products and of work on large arrays (at least 1).

    At the start it is ``OMP_NUM_THREADS``, or the number of cores. Only matrix products may round
    otherwise with another number of threads.
    """
    if not isinstance(num, int) or num < 1:
        raise RuntimeError(f"set_num_threads expects a positive integer, got {num!r}")
    set_thread_count(num)
    _blas_limits(num)


def get_num_threads() -> int:
    """The number of threads of matrix products and of work on large arrays."""
    return thread_count()


def set_num_interop_threads(num: int) -> None:
    """Accepted for PyTorch's sake: ops run one after the other."""


def get_num_interop_threads() -> int:
    """Always 1: ops run one after the other."""
    return 1


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Have every run give the same bits. The CPU does always; on a GPU the gradients of embeddings
    are then summed in a fixed order instead of by atomic additions."""
    _deterministic.update(enabled=bool(mode), warn_only=bool(warn_only))
    segments.in_order = bool(mode)


def are_deterministic_algorithms_enabled() -> bool:
    """What ``use_deterministic_algorithms`` set."""
    return _deterministic["enabled"]


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """What ``use_deterministic_algorithms`` was told of ``warn_only``."""
    return _deterministic["warn_only"]


_DEBUG_MODES = ("default", "warn", "error")


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """``use_deterministic_algorithms`` as one number or name: 0 "default" off, 1 "warn", 2
    "error"."""
    if isinstance(debug_mode, bool) or not isinstance(debug_mode, (int, str)):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    if debug_mode not in (*_DEBUG_MODES, 0, 1, 2):
        raise RuntimeError(
            "invalid value of debug_mode, expected `default`, `warn`, `error`, 0, 1 or 2, but got "
            f"{debug_mode}"
        )
    mode = _DEBUG_MODES.index(debug_mode) if isinstance(debug_mode, str) else debug_mode
    use_deterministic_algorithms(mode > 0, warn_only=mode == 1)


def get_deterministic_debug_mode() -> int:
    """0 off, 1 warnings, 2 errors: what ``use_deterministic_algorithms`` set."""
    return 0 if not _deterministic["enabled"] else 1 if _deterministic["warn_only"] else 2


def set_warn_always(b: bool) -> None:
    """Have the warnings that are given once, such as of deprecated ops, given every time."""
    warning.settings["always"] = bool(b)


def is_warn_always_enabled() -> bool:
    """What ``set_warn_always`` set."""
    return warning.settings["always"]


def set_flush_denormal(mode: bool) -> bool:
    """Always False: NumPy has no switch for denormal numbers."""
    return False


def set_float32_matmul_precision(precision: str) -> None:
    """Set how float32 matrix products may round on a GPU: "highest" not at all, "high" to TF32's
    10 bits of fraction, "medium" to bfloat16's 7; sums are float32's."""
    if precision not in ("highest", "high", "medium"):
        raise ValueError(f"precision must be 'highest', 'high' or 'medium', got {precision!r}")
    set_float32_products(precision)


def get_float32_matmul_precision() -> str:
    """What ``set_float32_matmul_precision`` set."""
    return float32_products()


def get_file_path(*path_components: str) -> str:
    """A path inside the folder of this package."""
    return os.path.join(os.path.dirname(__file__), *path_components)


def typename(obj: Any) -> str:
    """The full name of an object's class, such as ``torch.FloatTensor`` for a float tensor."""
    if hasattr(obj, "array") and not isinstance(obj, type) and callable(getattr(obj, "type", None)):
        return obj.type()
    cls = obj if isinstance(obj, type) else type(obj)
    own = cls.__module__ in ("builtins", "__main__")
    return cls.__qualname__ if own else f"{cls.__module__}.{cls.__qualname__}"


def default_device_type() -> str:
    """The type of the device on which factories make tensors."""
    return get_default_device().type


def is_compile_supported(device_type: Any) -> bool:
    """False: what ``compile`` returns runs as it is."""
    return False


def log_api_usage_once(event: str) -> None:
    """Accepted: nothing is logged about the use of this package."""
