"""Arrays within limits."""

from __future__ import annotations

import math
from typing import Any


def clip(xp: Any, a: Any, low: Any, high: Any, out: Any = None) -> Any:
    """``minimum(maximum(a, low), high)``, None for no limit.

    Of an array and a number, NumPy 2.4's ``maximum`` takes three times as long as its ``clip``.
    """
    if a.dtype.kind == "f" and not (hasattr(low, "dtype") or hasattr(high, "dtype")):
        low, high = -math.inf if low is None else low, math.inf if high is None else high
        return a.clip(low, high, out=out)
    y = a if low is None else xp.maximum(a, low, out=out)
    return y if high is None else xp.minimum(y, high, out=out)
