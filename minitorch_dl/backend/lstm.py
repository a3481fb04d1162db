"""Array kernels of a whole-sequence LSTM layer.

Rows of the inputs and outputs are time steps as in ``recurrent``. Inside, features lie in rows and
sequences in columns, so that each gate of a step is one piece of memory. A step is one matrix
product, of the joined weights ``[Wᵢ Wₕ b]`` with ``[x; h; 1]``, and seven pointwise calls; back
it is one product and four calls.

What a step keeps is a block ``(6H, n)``: its gates o, i, f, g after their activation, c before the
step, and tanh(c) after it. So ``[i; f]`` and ``[g; c]``, whose products make the new c, are one
piece of memory each. Steps of equally many sequences form a run, whose blocks are one array
``(T, 6H, n)`` in the order in which the layer visits the steps.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import kernels

_HOST_CHUNK = 1 << 16
"""Elements of the slopes that are computed together on the host: 256 kB of float32."""
_DEVICE_CHUNK = 1 << 26
"""On a GPU: what fills it with work."""


class _Run:
    """Steps ``first`` to ``first + T`` of ``n`` sequences each, and how a layer sees their part of
    its arrays."""

    def __init__(self, row: int, T: int, n: int, reverse: bool) -> None:
        self.row, self.T, self.n, self.reverse = row, T, n, reverse

    def steps(self, a: Any) -> Any:
        """Of an array with a row per step and sequence: ``(T, features, n)``."""
        rows = a[self.row : self.row + self.T * self.n]
        a = rows.reshape(self.T, self.n, a.shape[1]).swapaxes(1, 2)
        return a[::-1] if self.reverse else a

    def columns(self, a: Any) -> Any:
        """Of an array with a column per step and sequence: ``(T, features, n)``."""
        columns = a[:, self.row : self.row + self.T * self.n]
        a = columns.reshape(len(a), self.T, self.n).swapaxes(0, 1)
        return a[::-1] if self.reverse else a

    def blocks(self, a: Any, height: int) -> Any:
        """Of an array with a block per step, one after the other: ``(T, height, n)``."""
        begin = self.row * height
        a = a[begin : begin + self.T * self.n * height].reshape(self.T, height, self.n)
        return a[::-1] if self.reverse else a


def _runs(sizes: Sequence[int], reverse: bool) -> list[_Run]:
    """The runs in the order of the visit."""
    found: list[_Run] = []
    row = 0
    for n, group in itertools.groupby(sizes):
        T = len(list(group))
        found.append(_Run(row, T, n, reverse))
        row += T * n
    return found[::-1] if reverse else found


def forward(
    xp: Any, x: Any, h0: Any, c0: Any, wi: Any, wh: Any, bi: Any, bh: Any, wr: Any, sizes: Any,
    reverse: bool,
) -> Any:  # fmt: skip
    """All outputs, the last h and c; then, for the backward pass, the blocks of all steps."""
    I, P, H, dtype = x.shape[1], h0.shape[1], c0.shape[1], x.dtype
    b = sum([one for one in (bi, bh) if one is not None], xp.zeros(4 * H, dtype))
    weights = xp.empty((4 * H, I + P + 1), dtype)
    for to, rows in ((weights[:H], slice(3 * H, None)), (weights[H:], slice(3 * H))):  # o, i, f, g
        xp.concatenate((wi[rows], wh[rows], b[rows, None]), axis=1, out=to)
    weights[: 3 * H] *= 0.5  # σ(a) = ½ tanh(½a) + ½: one tanh serves all gates
    half = xp.full((), 0.5, dtype)
    y = xp.empty((len(x), P), dtype)
    kept = xp.empty(len(x) * 6 * H, dtype)
    h, c = h0.T.copy(), c0.T.copy()
    for run in _runs(sizes, reverse):
        T, n = run.T, run.n
        inputs = xp.empty((T + 1, I + P + 1, n), dtype)  # x, h, 1; h of the last: the output
        inputs[:T, :I] = run.steps(x)
        inputs[:, I + P] = 1
        hs = inputs[:, I : I + P]
        hs[0] = h[:, :n]
        blocks = run.blocks(kept, 6 * H)
        c_in = blocks[0, 4 * H : 5 * H]
        c_in[...] = c[:, :n]
        work = xp.empty((2 * H, n), dtype)
        ig, fc = work[:H], work[H:]
        for t in range(T):
            block = blocks[t]
            xp.matmul(weights, inputs[t], out=block[: 4 * H])
            c_out = blocks[t + 1, 4 * H : 5 * H] if t + 1 < T else ig
            _cell(xp, block, work, half, c_out, hs[t + 1] if wr is None else fc)
            if wr is not None:
                xp.matmul(wr, fc, out=hs[t + 1])
        run.steps(y)[...] = hs[1:]
        h[:, :n], c[:, :n] = hs[T], ig
    return y, h.T.copy(), c.T.copy(), kept


@kernels.lstm_cell.twin
def _cell(xp: Any, block: Any, work: Any, half: Any, c: Any, h: Any) -> None:
    """A step's gates and tanh(c) in its block, c and ``o tanh(c)``, after the product."""
    if xp is not np and kernels.lstm_cell(xp, block, work, half, c, h):
        return
    H = c.shape[0]
    gates, sigmoids, tanh_c = block[: 4 * H], block[: 3 * H], block[5 * H :]
    xp.tanh(gates, out=gates)
    xp.multiply(sigmoids, half, out=sigmoids)
    xp.add(sigmoids, half, out=sigmoids)
    xp.multiply(block[H : 3 * H], block[3 * H : 5 * H], out=work)
    xp.add(work[:H], work[H:], out=c)
    xp.tanh(c, out=tanh_c)
    xp.multiply(block[:H], tanh_c, out=h)


def _slopes(xp: Any, blocks: Any, out: Any) -> None:
    """What the steps' gradients are multiplied by, for many steps at once; ``(T, 6, H, n)`` each.

    For o and tanh(c), of dh: ``o' tanh(c)`` and ``o (1 - tanh²(c))``. For i, f, g and the former
    c, of dc: ``i' g``, ``f' c``, ``g' i`` and f. In the order tanh(c), o, i, f, g, c.
    """
    sigmoids, of_sigmoids = blocks[:, :3], out[:, 1:4]
    xp.subtract(1, sigmoids, out=of_sigmoids)
    xp.multiply(of_sigmoids, sigmoids, out=of_sigmoids)  # σ' = σ (1 - σ)
    xp.multiply(out[:, 1], blocks[:, 5], out=out[:, 1])
    xp.multiply(out[:, 2:4], blocks[:, 3:5], out=out[:, 2:4])
    tanhs, of_tanhs = blocks[:, 5:2:-2], out[:, 0:5:4]
    xp.multiply(tanhs, tanhs, out=of_tanhs)
    xp.subtract(1, of_tanhs, out=of_tanhs)  # tanh' = 1 - tanh²
    xp.multiply(of_tanhs, blocks[:, 0:2], out=of_tanhs)
    out[:, 5] = blocks[:, 2]


def backward(
    xp: Any, gy: Any, gh: Any, gc: Any, needs: Any, x: Any, h0: Any, wi: Any, wh: Any, wr: Any,
    y: Any, kept: Any, sizes: Any, reverse: bool,
) -> Any:  # fmt: skip
    """The gradients of ``x``, ``h0``, ``c0``, ``wi``, ``wh``, ``bi``, ``bh`` and ``wr``."""
    rows, P, H, dtype = len(x), wh.shape[1], len(wh) // 4, y.dtype
    B = max(sizes)
    back = xp.concatenate((wh[3 * H :], wh[: 3 * H])).T  # (P, 4H), gates in the order o, i, f, g
    dh = xp.zeros((P, B), dtype) if gh is None else gh.T.copy()
    dc = xp.zeros((H, B), dtype) if gc is None else gc.T.copy()
    d = xp.empty((4 * H, rows), dtype)  # of Wᵢ x + Wₕ h + b, all steps, in the weights' order
    projected = None if wr is None else (xp.empty((P, rows), dtype), xp.empty((H, rows), dtype))
    size = _HOST_CHUNK if xp is np else _DEVICE_CHUNK
    for run in reversed(_runs(sizes, reverse)):
        T, n = run.T, run.n
        chunk = max(1, min(T, size // (6 * H * max(n, 1))))
        scratch, from_above = xp.empty((chunk, 6, H, n), dtype), xp.empty((chunk, P, n), dtype)
        blocks, d_run = run.blocks(kept, 6 * H).reshape(T, 6, H, n), run.columns(d)
        dh_run, dc_run = dh[:, :n].copy(), dc[:, :n].copy()
        for end in range(T, 0, -chunk):
            these = slice(max(0, end - chunk), end)
            m = end - these.start
            slopes = scratch[:m]
            _slopes(xp, blocks[these], slopes)
            if gy is not None:
                from_above[:m] = run.steps(gy)[these]
            for t in reversed(range(m)):
                s = slopes[t]
                if gy is not None:
                    xp.add(dh_run, from_above[t], out=dh_run)
                if projected is None:
                    xp.multiply(s[:2], dh_run, out=s[:2])
                else:
                    run.columns(projected[0])[these][t] = dh_run
                    xp.multiply(s[:2], xp.matmul(wr.T, dh_run), out=s[:2])
                through_c = s[0]
                xp.add(through_c, dc_run, out=through_c)
                xp.multiply(s[2:], through_c, out=s[2:])
                dc_run = s[5]
                xp.matmul(back, s[1:5].reshape(4 * H, n), out=dh_run)
            d_run[these, : 3 * H] = slopes[:, 2:5].reshape(m, 3 * H, n)
            d_run[these, 3 * H :] = slopes[:, 1]
            dc_run = dc_run.copy()  # the next chunk overwrites the slopes
            if projected is not None:
                hidden = run.columns(projected[1])[these]
                xp.multiply(blocks[these, 0], blocks[these, 5], out=hidden)
        dh[:, :n], dc[:, :n] = dh_run, dc_run
    dx = xp.matmul(d.T, wi) if needs[0] else None
    dwi = xp.matmul(d, x) if needs[3] else None
    dwh = xp.matmul(d, _before(xp, y, h0, sizes, reverse)) if needs[4] else None
    db = d.sum(1) if needs[5] or needs[6] else None
    dwr = xp.matmul(projected[0], projected[1].T) if projected is not None else None
    return dx, dh.T, dc.T, dwi, dwh, db, None if db is None else db.copy(), dwr


def _before(xp: Any, y: Any, h0: Any, sizes: Any, reverse: bool) -> Any:
    """h before each step, a row each."""
    before, h = xp.empty_like(y), h0.copy()
    for run in _runs(sizes, reverse):
        now, then = run.steps(y), run.steps(before)
        then[0], then[1:] = h[: run.n].T, now[:-1]
        h[: run.n] = now[-1].T
    return before
