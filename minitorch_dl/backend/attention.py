"""Array kernels of scaled dot-product attention, over tiles of the score matrix.

No score matrix is ever whole: a tile holds some heads, some queries and the keys that these may
see, and is small enough to stay in a core's cache. The forward pass keeps only ``log Σ exp`` of
each query's scores, from which the backward pass computes its tiles again (Dao et al., 2022).
Threads share the groups of heads.

A tile lies with the keys in rows and the queries in columns: maxima and sums over the keys then run
along whole rows of memory, which NumPy does several times faster than along the last axis.

All arrays are 4-D: queries ``(N, H, L, E)``, keys ``(N, H, S, E)``, values ``(N, H, S, V)``;
``bias`` and ``keep`` are ``(N, H, L, S)`` or None.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .blas import share_products
from .sums import dot_over

_HOST_TILE = 1 << 16
"""Elements of a tile on the host: 256 kB of float32."""
_DEVICE_TILE = 1 << 26
"""On a GPU: what fills it with work."""
_CAUSAL_ROWS = 64
"""Queries of a causal tile on the host: short tiles skip most of what the mask would hide."""


Tiling = tuple[list[Any], list[tuple[slice, int, Any]]]
"""Indices of groups of heads; and for each group the same spans of queries, with how many keys they
see and the mask of those of them that lie ahead (None: no mask)."""


def _tiling(xp: Any, q: Any, k: Any, is_causal: bool) -> Tiling:
    make = _make_tiling if xp is np else _make_tiling.__wrapped__
    return make(xp, *q.shape[:3], k.shape[2], q.dtype, is_causal)


@functools.lru_cache(maxsize=16)
def _make_tiling(xp: Any, N: int, H: int, L: int, S: int, dtype: Any, is_causal: bool) -> Tiling:
    if 0 in (N, H, L, S):
        return [], []
    size = _HOST_TILE if xp is np else _DEVICE_TILE
    rows = min(L, max(1, size // S))
    if is_causal and xp is np:
        rows = min(rows, _CAUSAL_ROWS)
    heads = max(1, size // (rows * S))
    if heads >= H:
        step = heads // H
        groups = [(slice(n, n + step), slice(None)) for n in range(0, N, step)]
    else:
        groups = [
            (slice(n, n + 1), slice(h, h + heads)) for n in range(N) for h in range(0, H, heads)
        ]
    spans = []
    for first in range(0, L, rows):
        queries = slice(first, min(first + rows, L))
        seen = min(S, queries.stop) if is_causal else S
        mask = None
        if is_causal and seen > first:  # only keys from the first query on can lie ahead of it
            make = _mask if xp is np else _mask.__wrapped__
            mask = make(xp, seen - first, queries.stop - first, dtype)
        spans.append((queries, seen, mask))
    return groups, spans


@functools.lru_cache(maxsize=16)  # at most _CAUSAL_ROWS on the host, so small
def _mask(xp: Any, keys: int, queries: int, dtype: Any) -> Any:
    """What hides key j from query i where ``j > i``, added to the scores."""
    ahead = xp.tri(keys, queries, -1, dtype=bool)
    return xp.where(ahead, dtype.type(-np.inf), dtype.type(0))


def _scores(xp: Any, qt: Any, k: Any, bias: Any, rows: Any, mask: Any, out: Any = None) -> Any:
    """``K Qᵀ`` of a tile ``(n, h, keys, queries)``, biased and masked; ``qt`` is scaled already."""
    s = xp.matmul(k, qt, out=out)
    if bias is not None:
        s += _tile(bias, rows, k.shape[2])
    if mask is not None:
        s[:, :, rows[2].start :] += mask
    return s


def _keys_first(xp: Any, k: Any, qt: Any) -> Any:
    """Room for the scores of a tile on the host, whose keys come first in memory: a reduction over
    them takes a row of all heads at a time, not one of each head."""
    if xp is not np:
        return None
    (n, h, keys, _), queries = k.shape, qt.shape[3]
    return np.empty((keys, n, h, queries), qt.dtype).transpose(1, 2, 0, 3)


def _add_product(xp: Any, a: Any, b: Any, total: Any, is_first: bool) -> None:
    """``total += a @ b``, or ``total = a @ b``."""
    if is_first:
        xp.matmul(a, b, out=total)
    else:
        total += xp.matmul(a, b)


def _tile(a: Any, rows: Any, seen: int) -> Any:
    """The tile's part of an array ``(N, H, L, S)``, keys in rows."""
    return a[(*rows, slice(seen))].swapaxes(-1, -2)


def attend(
    xp: Any, q: Any, k: Any, v: Any, bias: Any, keep: Any, scale: float, is_causal: bool
) -> tuple[Any, Any]:
    """``softmax(scale Q Kᵀ + bias) V``, and ``log Σ exp`` of each query's scores ``(N, H, 1, L)``.

    A query that sees no key gets zeros. ``keep`` multiplies the softmax: dropout.
    """
    N, H, L, _ = q.shape
    # In the layout of the queries: where those are heads that lie beside each other in memory,
    # joining them again copies nothing.
    if q.strides[1] >= q.strides[2]:
        y = xp.zeros((N, H, L, v.shape[3]), q.dtype)
    else:
        y = xp.zeros((N, L, H, v.shape[3]), q.dtype).swapaxes(1, 2)
    total = xp.zeros((N, H, 1, L), q.dtype)
    limits = np.finfo(q.dtype)
    scale = q.dtype.type(scale)
    groups, spans = _tiling(xp, q, k, is_causal)

    def work(heads: Any) -> None:
        for queries, seen, mask in spans:
            rows, columns = (*heads, queries), (*heads, slice(seen))
            qt, keys = (q[rows] * scale).swapaxes(-1, -2), k[columns]
            p = _scores(xp, qt, keys, bias, rows, mask, out=_keys_first(xp, keys, qt))
            # Where no key counts (masked, or scores of -inf): exp(-inf - min) = 0, 0 / tiny = 0.
            m = xp.maximum(p.max(axis=2, keepdims=True), limits.min)
            p -= m
            xp.exp(p, out=p)
            n = xp.maximum(p.sum(axis=2, keepdims=True), limits.tiny)
            if keep is not None:
                p *= _tile(keep, rows, seen)
            part = xp.matmul(p.swapaxes(-1, -2), v[columns])
            xp.divide(part, n.swapaxes(-1, -2), out=y[rows])
            xp.add(xp.log(n), m, out=total[(*heads, slice(None), queries)])

    share_products(xp, work, groups)
    return y, total


def attend_backward(
    xp: Any, g: Any, q: Any, k: Any, v: Any, bias: Any, keep: Any, y: Any, total: Any, *,
    needs: Any, scale: float, is_causal: bool,
) -> tuple[Any, ...]:  # fmt: skip
    """The gradients of ``q``, ``k``, ``v``, ``bias`` and ``keep`` (None).

    With ``P`` the softmax: ``dV = Pᵀ g``, ``dS = P (g Vᵀ - Σ g y)``, ``dQ = scale dS K``,
    ``dK = scale dSᵀ Q``.
    """
    dq, dk, dv = (xp.zeros(a.shape, a.dtype) for a in (q, k, v))
    dbias = xp.zeros(bias.shape, bias.dtype) if needs[3] else None
    scale = q.dtype.type(scale)
    L = q.shape[2]
    groups, spans = _tiling(xp, q, k, is_causal)

    def work(heads: Any) -> None:
        for queries, seen, mask in reversed(spans):
            rows, columns = (*heads, queries), (*heads, slice(seen))
            gs, qs, keys = g[rows], q[rows] * scale, k[columns]
            p = _scores(xp, qs.swapaxes(-1, -2), keys, bias, rows, mask)
            p -= total[(*heads, slice(None), queries)]
            xp.exp(p, out=p)
            dp = xp.matmul(v[columns], gs.swapaxes(-1, -2))
            dropped = p
            if keep is not None:
                kept = _tile(keep, rows, seen)
                dropped = p * kept
                dp *= kept
            is_first = queries.stop == L  # and sees all that the others see
            _add_product(xp, dropped, gs, dv[columns], is_first)
            dp -= dot_over(xp, gs, y[rows], (3,)).swapaxes(-1, -2)
            dp *= p
            if dbias is not None:
                dbias[(*rows, slice(seen))] = dp.swapaxes(-1, -2)
            _add_product(xp, dp, qs, dk[columns], is_first)
            xp.matmul(dp.swapaxes(-1, -2), keys, out=dq[rows])

    share_products(xp, work, groups)
    dq *= scale
    return dq, dk, dv, dbias, None
