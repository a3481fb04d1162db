"""PyTorch's older names for the settings of autocast, one per device type, and the settings of its
cache of converted weights.
"""

from __future__ import annotations

from ..backend import dtypes
from ..backend.warning import warn
from .autocast_mode import (
    _state,
    get_autocast_dtype,
    is_autocast_enabled,
    set_autocast_dtype,
    set_autocast_enabled,
)


def warn_of_older_place(device: str, name: str, arguments: str = "") -> None:
    """Say that ``torch.cuda.amp`` and its like are deprecated."""
    arguments = arguments or f"'{device}', args..."
    warn(
        f"`torch.{device}.amp.{name}(args...)` is deprecated. Please use "
        f"`torch.amp.{name}({arguments})` instead.",
        FutureWarning,
    )


def is_autocast_cpu_enabled() -> bool:
    """Whether an autocast block for the CPU is active."""
    return is_autocast_enabled("cpu")


def set_autocast_cpu_enabled(enabled: bool) -> None:
    """``set_autocast_enabled("cpu", enabled)``."""
    set_autocast_enabled("cpu", enabled)


def get_autocast_cpu_dtype() -> dtypes.dtype:
    """``get_autocast_dtype("cpu")``."""
    return get_autocast_dtype("cpu")


def get_autocast_gpu_dtype() -> dtypes.dtype:
    """``get_autocast_dtype("cuda")``."""
    return get_autocast_dtype("cuda")


def set_autocast_cpu_dtype(dtype: dtypes.dtype) -> None:
    """``set_autocast_dtype("cpu", dtype)``."""
    set_autocast_dtype("cpu", dtype)


def set_autocast_gpu_dtype(dtype: dtypes.dtype) -> None:
    """``set_autocast_dtype("cuda", dtype)``."""
    set_autocast_dtype("cuda", dtype)


def is_autocast_cache_enabled() -> bool:
    """Whether blocks keep converted weights."""
    return _state.caches


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Set whether blocks keep converted weights."""
    _state.caches = bool(enabled)


def clear_autocast_cache() -> None:
    """Forget the converted weights."""
    _state.converted.clear()


def autocast_increment_nesting() -> int:
    """Count a block that is entered; returns how many are open."""
    _state.nesting += 1
    return _state.nesting


def autocast_decrement_nesting() -> int:
    """Count a block that is left; returns how many are open."""
    _state.nesting -= 1
    return _state.nesting
