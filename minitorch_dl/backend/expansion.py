"""Arrays repeated along axes without a copy."""

from __future__ import annotations

from typing import Any

import numpy as np


def expanded(xp: Any, a: Any, shape: tuple[int, ...]) -> Any:
    """`xp.broadcast_to`, with fewer of the 2 us that NumPy takes for it."""
    new = len(shape) - a.ndim
    if a.__class__ is not np.ndarray or not a.flags.c_contiguous or new < 0:
        return xp.broadcast_to(a, shape)
    steps = [0] * new
    for have, wanted, step in zip(a.shape, shape[new:], a.strides):
        if have != wanted and have != 1:
            return xp.broadcast_to(a, shape)
        steps.append(step if have == wanted else 0)
    y = np.ndarray(shape, a.dtype, a, 0, steps)
    y.setflags(write=False)
    return y
