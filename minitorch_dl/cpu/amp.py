"""PyTorch's older place for mixed precision on the CPU; see ``minitorch_dl.amp``."""

from __future__ import annotations

from typing import Any

from .. import amp
from ..amp.autocast_names import warn_of_older_place
from ..backend.dtypes import bfloat16

__all__ = ["GradScaler", "autocast"]


class autocast(amp.autocast):
    """``amp.autocast("cpu", ...)``."""

    def __init__(
        self, enabled: bool = True, dtype: Any = bfloat16, cache_enabled: bool = True
    ) -> None:
        warn_of_older_place("cpu", "autocast")
        super().__init__("cpu", dtype, enabled, cache_enabled)


class GradScaler(amp.GradScaler):
    """``amp.GradScaler("cpu", ...)``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warn_of_older_place("cpu", "GradScaler")
        super().__init__("cpu", *args, **kwargs)
