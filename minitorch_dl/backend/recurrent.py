"""Array kernels of whole-sequence RNN and GRU layers.

Sequences lie in rows, time step after time step: rows ``first[t]`` to ``first[t] + sizes[t]`` are
step t of the
``sizes[t]`` longest sequences. So a padded batch, a packed one and a single cell step are all the
same. The state ``h`` has a row per sequence; step t reads and writes its first ``sizes[t]`` rows,
which holds a finished sequence's last state, and in reverse an unstarted one's first.

One matrix product serves the inputs of all steps; what is left per step is one product with the
state and pointwise work in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from . import kernels
from .activations import put_sigmoid


def steps(sizes: Sequence[int], reverse: bool) -> Iterator[slice]:
    """The rows of each step, in the order in which the layer visits them."""
    first, slices = 0, []
    for n in sizes:
        slices.append(slice(first, first + n))
        first += n
    return reversed(slices) if reverse else iter(slices)


def affine(xp: Any, x: Any, w: Any, b: Any) -> Any:
    """``x Wᵀ + b``, shape ``(rows, out)``."""
    y = xp.matmul(x, w.T)
    if b is not None:
        y += b
    return y


def weight_gradients(xp: Any, d: Any, x: Any, needs: Sequence[bool]) -> tuple[Any, Any]:
    """Of an affine map with output gradient ``d``: the gradients of ``W`` and ``b``."""
    return (xp.matmul(d.T, x) if needs[0] else None, d.sum(0) if needs[1] else None)


# -- tanh or ReLU ----------------------------------------------------------------------------------


def rnn_forward(
    xp: Any,
    x: Any,
    h0: Any,
    wi: Any,
    wh: Any,
    bi: Any,
    bh: Any,
    sizes: Any,
    reverse: bool,
    relu: bool,
) -> Any:
    """``h' = act(Wᵢ x + bᵢ + Wₕ h + bₕ)``: all outputs, the last state, and each step's state
    before it."""
    y = affine(xp, x, wi, bi)
    if bh is not None:
        y += bh
    h = h0.copy()
    before = xp.empty_like(y)
    for rows in steps(sizes, reverse):
        a, state = y[rows], h[: rows.stop - rows.start]
        before[rows] = state
        a += xp.matmul(state, wh.T)
        if relu:
            xp.maximum(a, 0, out=a)
        else:
            xp.tanh(a, out=a)
        state[...] = a
    return y, h, before


def rnn_backward(
    xp: Any,
    gy: Any,
    gh: Any,
    needs: Any,
    x: Any,
    wi: Any,
    wh: Any,
    y: Any,
    before: Any,
    sizes: Any,
    reverse: bool,
    relu: bool,
) -> Any:
    d = (y > 0).astype(y.dtype) if relu else 1 - y * y
    dh = xp.zeros((max(sizes), wh.shape[1]), y.dtype) if gh is None else gh.copy()
    for rows in reversed(list(steps(sizes, reverse))):
        n = rows.stop - rows.start
        total = dh[:n]
        if gy is not None:
            total += gy[rows]
        d[rows] *= total
        xp.matmul(d[rows], wh, out=total)
    dwi, dbi = weight_gradients(xp, d, x, (needs[2], needs[4] or needs[5]))
    dwh, _ = weight_gradients(xp, d, before, (needs[3], False))
    dx = xp.matmul(d, wi) if needs[0] else None
    return dx, dh, dwi, dwh, dbi, None if dbi is None else dbi.copy()


# -- GRU -------------------------------------------------------------------------------------------


def gru_forward(
    xp: Any, x: Any, h0: Any, wi: Any, wh: Any, bi: Any, bh: Any, sizes: Any, reverse: bool
) -> Any:
    """One GRU layer: all outputs, the last state; the gates (r, z, n), the state's part of n, each
    step's state before it."""
    H = h0.shape[1]
    gates = affine(xp, x, wi, bi)  # (rows, 3H)
    h = h0.copy()
    y = xp.empty((gates.shape[0], H), gates.dtype)
    before, inner = xp.empty_like(y), xp.empty_like(y)
    product = xp.empty((max(sizes), 3 * H), gates.dtype)
    for rows in steps(sizes, reverse):
        m = rows.stop - rows.start
        a, state = gates[rows], h[:m]
        before[rows] = state
        from_state = xp.matmul(state, wh.T, out=product[:m])
        _gru_cell(xp, a, from_state, bh, inner[rows], state)
        y[rows] = state
    return y, h, gates, inner, before


@kernels.gru_cell.twin
def _gru_cell(xp: Any, gates: Any, product: Any, bias: Any, inner: Any, h: Any) -> None:
    """One step's gates, from their inputs' share, the state's part of n, the state: in place."""
    if xp is not np and kernels.gru_cell(xp, gates, product, bias, inner, h):
        return
    H = h.shape[1]
    if bias is not None:
        product += bias
    inner[...] = product[:, 2 * H :]
    rz = gates[:, : 2 * H]
    rz += product[:, : 2 * H]
    put_sigmoid(xp, rz, rz)
    r, z, n = (gates[:, k * H : (k + 1) * H] for k in range(3))
    n += xp.multiply(r, inner, out=product[:, :H])
    xp.tanh(n, out=n)
    h -= n
    h *= z
    h += n  # h' = n + z (h - n)


def gru_backward(
    xp: Any,
    gy: Any,
    gh: Any,
    needs: Any,
    x: Any,
    wi: Any,
    wh: Any,
    gates: Any,
    inner: Any,
    before: Any,
    sizes: Any,
    reverse: bool,
) -> Any:
    H = before.shape[1]
    r, z, n = (gates[:, k * H : (k + 1) * H] for k in range(3))
    # Per unit of dh': the gradients of the pre-activations, for all steps at once.
    d = xp.empty_like(gates)
    dr, dz, dn = (d[:, k * H : (k + 1) * H] for k in range(3))
    xp.multiply(1 - z, 1 - n * n, out=dn)
    xp.multiply((before - n) * z, 1 - z, out=dz)
    xp.multiply(dn * inner, r * (1 - r), out=dr)
    from_state = xp.empty_like(gates)  # the same with respect to Wₕ h + bₕ
    dh = xp.zeros((max(sizes), H), gates.dtype) if gh is None else gh.copy()
    for rows in reversed(list(steps(sizes, reverse))):
        m = rows.stop - rows.start
        total = dh[:m]
        if gy is not None:
            total += gy[rows]
        dr[rows] *= total
        dz[rows] *= total
        dn[rows] *= total
        s = from_state[rows]
        s[:, : 2 * H] = d[rows, : 2 * H]
        xp.multiply(dn[rows], r[rows], out=s[:, 2 * H :])
        total *= z[rows]
        total += xp.matmul(s, wh)
    dwi, dbi = weight_gradients(xp, d, x, (needs[2], needs[4]))
    dwh, dbh = weight_gradients(xp, from_state, before, (needs[3], needs[5]))
    dx = xp.matmul(d, wi) if needs[0] else None
    return dx, dh, dwi, dwh, dbi, dbh
