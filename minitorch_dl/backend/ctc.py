"""Connectionist temporal classification: the array kernels (Graves et al., 2006, section 4).

A target of S labels becomes a path of L = 2 S + 1 states, blanks between the labels. ``alpha[t, n,
s]`` is the log probability of all ways to be in state s at time t, ``beta`` that of all ways on
from there; both include what is emitted at t.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def path_masks(xp: Any, path: Any, blank: int) -> Any:
    """Where a state may be reached from two before it: at a label unlike the last, (N, L)."""
    skips = xp.zeros(path.shape, bool)
    skips[:, 2:] = (path[:, 2:] != blank) & (path[:, 2:] != path[:, :-2])
    return skips


def _emissions(xp: Any, log_probs: Any, path: Any) -> Any:
    """The log probability of each state's label, (T, N, L)."""
    n = xp.arange(path.shape[0])[:, None]
    return log_probs[:, n, path]


def _reached(xp: Any, before: Any, skips: Any) -> Any:
    """``log(exp a[s] + exp a[s - 1] + exp a[s - 2])``, the last one where ``skips`` allows it."""
    total = before.copy()
    total[:, 1:] = xp.logaddexp(total[:, 1:], before[:, :-1])
    two = xp.where(skips[:, 2:], before[:, :-2], -np.inf)
    total[:, 2:] = xp.logaddexp(total[:, 2:], two)
    return total


def forward(
    xp: Any, log_probs: Any, path: Any, input_lengths: Any, target_lengths: Any, blank: int
) -> tuple[Any, Any]:
    """The negative log likelihood of each target, (N), and ``alpha`` (T, N, L)."""
    steps, batch = log_probs.shape[:2]
    emit = _emissions(xp, log_probs, path)
    skips = path_masks(xp, path, blank)
    alpha = xp.full(emit.shape, -np.inf, log_probs.dtype)
    if steps:
        alpha[0, :, 0] = emit[0, :, 0]
        alpha[0, :, 1:2] = xp.where(target_lengths[:, None] > 0, emit[0, :, 1:2], -np.inf)
    for t in range(1, steps):
        alpha[t] = _reached(xp, alpha[t - 1], skips) + emit[t]
    n = xp.arange(batch)
    last = 2 * target_lengths
    if not steps:
        return xp.where(target_lengths == 0, 0, np.inf).astype(log_probs.dtype), alpha
    final = alpha[xp.maximum(input_lengths - 1, 0), n]  # (N, L)
    in_label = xp.where(target_lengths > 0, final[n, xp.maximum(last - 1, 0)], -np.inf)
    loss = -xp.logaddexp(final[n, last], in_label)
    nothing = xp.where(target_lengths == 0, 0, np.inf)
    return xp.where(input_lengths > 0, loss, nothing).astype(log_probs.dtype), alpha


def backward(
    xp: Any,
    g: Any,
    log_probs: Any,
    path: Any,
    input_lengths: Any,
    target_lengths: Any,
    loss: Any,
    alpha: Any,
    blank: int,
) -> Any:
    """``g (exp log_probs - the expected number of emissions)`` for each time and label."""
    steps, batch, _ = log_probs.shape
    emit = _emissions(xp, log_probs, path)
    n = xp.arange(batch)
    skips = xp.zeros(path.shape, bool)
    skips[:, :-2] = path_masks(xp, path, blank)[:, 2:]
    last = 2 * target_lengths
    state = xp.arange(path.shape[1])
    ends = (state == last[:, None]) | (state == last[:, None] - 1)
    result = xp.zeros(log_probs.shape, log_probs.dtype)
    beta = xp.full(path.shape, -np.inf, log_probs.dtype)
    for t in range(steps - 1, -1, -1):
        onward = _reached(xp, beta[:, ::-1], skips[:, ::-1])[:, ::-1]
        start = (input_lengths - 1 == t)[:, None]
        beta = xp.where(start, xp.where(ends, 0.0, -np.inf), onward).astype(beta.dtype) + emit[t]
        visits = xp.exp(alpha[t] + beta - emit[t] + loss[:, None])
        visits = xp.where(xp.isneginf(emit[t]), 0, visits)
        counts = xp.zeros(log_probs.shape[1:], log_probs.dtype)
        xp.add.at(counts, (n[:, None], path), visits)
        counts = xp.where(xp.isinf(loss)[:, None], np.nan, counts)  # no path could be counted
        inside = (t < input_lengths)[:, None]
        result[t] = xp.where(inside, (xp.exp(log_probs[t]) - counts) * g[:, None], 0)
    return result
