"""Kernels of several passes run block by block: a block's operands stay in a core's cache, and
threads share the blocks.

The blocks are the same for any number of threads, and so is every bit of the result.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any

import numpy as np

from .precision import is_half, widened
from .row_major import order_like
from .threads import share

BLOCK = 1 << 17
"""Elements of a block, at least: 512 kB of float32. Half as many are as quick for one thread, but
then most loops take less than the 5 us that another thread needs to get its turn."""
MOST = 1 << 19
"""Elements of a block, at most. A block of twice as many is as quick for one thread, since a third
level's cache feeds a loop as quickly as it computes, and threads meet less often."""
_SHARED = 3 << 20
"""Passes times elements (about 200 us) from which waking other threads pays."""
MOST_THREADS = 8
"""More would wait for the interpreter's lock, which each holds for a tenth of the time."""
_WIDE = 512
"""Elements of a run from which a ufunc had better not repeat a broadcast operand in its buffer."""

FEW = 1 << 15
"""Elements below which a context with the smallest buffer costs as much as it saves."""


def in_blocks(
    xp: Any,
    work: Callable[[slice], None],
    rows: int,
    width: int = 1,
    passes: int = 4,
    run: int | None = None,
) -> None:
    """``work(part)`` for slices of ``rows`` rows of ``width`` elements each, all at once where they
    are few or ``xp`` is a GPU's module.

    Args:
        passes: about how many times ``work`` goes over its elements.
        run: how many of them lie side by side along the last axis, where that is not a whole row.
    """
    size = rows * width
    if size < FEW or xp is not np:
        work(slice(None))
        return
    is_wide = (width if run is None else run) >= _WIDE
    shared = size * passes >= _SHARED
    block = min(MOST, max(BLOCK, size // 2)) if shared else MOST
    if size <= block and not is_wide:
        work(slice(None))
        return
    step = max(1, block // width)
    parts = [slice(i, i + step) for i in range(0, rows, step)]
    context = _unbuffered() if is_wide else copy_context()
    if shared and len(parts) > 1:
        share(work, parts, context, MOST_THREADS)
    else:
        context.run(_one_by_one, work, parts)


def pointwise(
    xp: Any, work: Callable[..., None], *inputs: Any, outputs: int = 1, passes: int = 4
) -> Any:
    """The new arrays, like the first input, that ``work(*inputs, *outputs)`` fills; large ones
    piece by piece, 16-bit floats computed in float32."""
    a = inputs[0]
    if is_half(a.dtype):
        wide = pointwise(xp, work, *map(widened, inputs), outputs=outputs, passes=passes)
        return wide.astype(a.dtype) if outputs == 1 else tuple(y.astype(a.dtype) for y in wide)
    results = [xp.empty_like(a, order=order_like(a)) for _ in range(outputs)]
    at_once = a.size <= MOST and a.size * passes < _SHARED
    if at_once or xp is not np or not all(v.flags.c_contiguous for v in inputs):
        work(*inputs, *results)
    else:
        flat = [v.reshape(-1) for v in (*inputs, *results)]
        in_blocks(xp, lambda part: work(*[v[part] for v in flat]), a.size, 1, passes)
    return results[0] if outputs == 1 else tuple(results)


def by_blocks(compute: Callable[..., Any]) -> Callable[..., Any]:
    """The function, whose operations are all pointwise, for large arrays block by block: what lies
    between two operations then stays in a core's cache.

    The result has the dtype of the arguments. Where these differ in shape or dtype, but for masks
    and 0-d arrays, or are not contiguous, they are left to it whole.
    """

    @functools.wraps(compute)
    def compute_by_blocks(*args: Any, **params: Any) -> Any:
        for x in args:
            if x.__class__ is np.ndarray and x.size > BLOCK:
                break
        else:
            return compute(*args, **params)
        arrays = [x for x in args if x.__class__ is np.ndarray and x.ndim]
        kinds = {x.dtype for x in arrays if x.dtype != bool}
        if len(kinds) != 1 or not all(
            x.flags.c_contiguous and x.shape == arrays[0].shape for x in arrays
        ):
            return compute(*args, **params)
        y = np.empty_like(arrays[0], kinds.pop())
        to = y.reshape(-1)
        flat = [x.reshape(-1) if x.__class__ is np.ndarray and x.ndim else x for x in args]

        def work(part: slice) -> None:
            begin, end, _ = part.indices(y.size)
            for i in range(begin, end, BLOCK):
                piece = slice(i, min(i + BLOCK, end))
                pieces = [x[piece] if x.__class__ is np.ndarray and x.ndim else x for x in flat]
                to[piece] = compute(*pieces, **params)

        in_blocks(np, work, y.size, passes=8)
        return y

    return compute_by_blocks


def _one_by_one(work: Callable[[slice], None], parts: list[slice]) -> None:
    for part in parts:
        work(part)


def _unbuffered() -> Context:
    """A context in which ufuncs have the smallest buffer.

    They fill it with what is broadcast along a row, (n, 1), although they could read it in place
    (NumPy 2.4: 0.16 against 0.08 ns an element at 1024 elements a row). Casts need a large one, so
    ``work`` on wide rows must not mix dtypes; and so do short runs, which it puts together.
    """
    context = copy_context()
    context.run(np.setbufsize, 16)
    return context
