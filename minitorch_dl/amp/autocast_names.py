"""PyTorch's older names for the settings of autocast, one per device type, and for its cache of
converted weights, of which there is none here.
"""

from __future__ import annotations

from ..backend import dtypes
from .autocast_mode import (
    get_autocast_dtype,
    is_autocast_enabled,
    set_autocast_dtype,
    set_autocast_enabled,
)

_state = {"cache": True, "nesting": 0}


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
    """What ``set_autocast_cache_enabled`` set."""
    return bool(_state["cache"])


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Accepted: converted weights are not kept."""
    _state["cache"] = bool(enabled)


def clear_autocast_cache() -> None:
    """Nothing to clear: converted weights are not kept."""


def autocast_increment_nesting() -> int:
    """Count a block that is entered; returns how many are open."""
    _state["nesting"] += 1
    return int(_state["nesting"])


def autocast_decrement_nesting() -> int:
    """Count a block that is left; returns how many are open."""
    _state["nesting"] -= 1
    return int(_state["nesting"])
