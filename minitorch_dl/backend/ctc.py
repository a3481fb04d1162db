"""Connectionist temporal classification: the array kernel (Graves et al., 2006, section 4).

A target of S labels becomes a path of L = 2 S + 1 states, blanks between the labels, and one more
that stands for its end: it emits nothing, and only after the input's last step. So neither the
inputs' lengths nor the targets' matter to the recursion. ``alpha[t, s, n]`` is the log probability
of all ways to be in state s at time t, ``beta`` that of all ways on from there; both include what
is emitted at t. The batch comes last, so that a state's neighbours lie one row away.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .segments import add_rows

NEVER = -1e30
"""The log probability of the impossible: finite, so that differences of two are numbers."""


def path_masks(xp: Any, path: Any, blank: int) -> Any:
    """Where a state may be reached from two before it: at a label unlike the last, (N, L)."""
    skips = xp.zeros(path.shape, bool)
    skips[:, 2:] = (path[:, 2:] != blank) & (path[:, 2:] != path[:, :-2])
    return skips


def likelihood(
    xp: Any, log_probs: Any, path: Any, input_lengths: Any, target_lengths: Any, *, blank: int,
    zero_infinity: bool,
) -> tuple[Any, Any]:  # fmt: skip
    """The negative log likelihood of each target, (N), and its gradient by ``log_probs``:
    ``exp log_probs - the expected number of emissions`` of each label at each time, (T, N, C)."""
    steps, batch, classes = log_probs.shape
    states = path.shape[1] + 1
    n, end = xp.arange(batch), 2 * target_lengths + 1
    outside = xp.arange(steps + 1)[:, None] >= input_lengths  # (T + 1, N)
    scores = xp.empty((steps + 1, batch, classes), log_probs.dtype)
    xp.maximum(log_probs, NEVER, out=scores[:-1])
    scores[outside] = NEVER
    index = xp.zeros((states, batch), "int64")  # of each state's label in scores (T + 1, N C)
    index[:-1] = path.T
    index += n * classes

    # Alpha forwards, and in a second batch beta: the same with states and time reversed, where a
    # skip from s is one to s + 2.
    emit = xp.empty((steps + 1, states, 2 * batch), log_probs.dtype)
    emit[..., :batch] = scores.reshape(steps + 1, -1)[:, index]
    emit[:, end, n] = xp.where(outside, 0.0, NEVER)
    emit[..., batch:] = emit[::-1, ::-1, :batch]
    skips = xp.zeros((states, 2 * batch), bool)
    skips[:-1, :batch] = path_masks(xp, path, blank).T
    skips[end, n] = True
    skips[2:, batch:] = skips[:1:-1, :batch]
    skips[1, :batch] = True
    first = xp.full((2 + states, 2 * batch), NEVER, log_probs.dtype)
    first[1, :batch] = 0  # one before the first state, whence the second is reached by a skip
    first[1 + states - end, batch + n] = 0
    both = _arrivals(xp, emit, skips, first)
    alpha, beta = both[..., :batch], both[::-1, ::-1, batch:]

    loss = -alpha[-1, end, n]
    impossible = loss > -0.1 * NEVER
    visits = alpha[:-1, :-1] + beta[:-1, :-1]  # (T, L, N)
    visits -= emit[:-1, :-1, :batch]
    visits += xp.where(impossible, 0, loss)
    xp.exp(visits, out=visits)
    where = (xp.arange(steps) * (batch * classes))[:, None, None] + index[1:-1:2]
    counts = add_rows(xp, visits[:, 1::2].ravel(), where.ravel(), log_probs.size)
    counts = counts.reshape(log_probs.shape)
    counts[:, :, blank] += visits[:, ::2].sum(axis=1)
    slope = xp.exp(scores[:-1])
    slope -= counts
    uncounted = xp.broadcast_to(impossible, (steps, batch))
    slope[uncounted] = 0 if zero_infinity else np.nan
    slope[outside[:-1]] = 0
    loss[impossible] = 0 if zero_infinity else np.inf
    return loss, slope


def _arrivals(xp: Any, emit: Any, skips: Any, first: Any) -> Any:
    """``a[t, s] = emit[t, s] + log(exp a[t - 1, s] + exp a[t - 1, s - 1] + exp a[t - 1, s - 2])``,
    the last one where ``skips`` allows it: (T, S, N).

    ``first`` (2 + S, N) stands for the time before the first, from two states before the first.
    """
    steps, states, batch = emit.shape
    size = states * batch
    a = xp.full((steps + 1, 2 + states, batch), NEVER, emit.dtype)
    a[0] = first
    rows = a.reshape(steps + 1, -1)
    strides = (rows.strides[0], batch * a.itemsize, a.itemsize)
    # (T, 3, size): from s - 2, s - 1 and s
    before = xp.lib.stride_tricks.as_strided(rows, (steps, 3, size), strides)
    penalty = xp.zeros((3, size), emit.dtype)
    penalty[0] = xp.where(skips, 0, NEVER).reshape(size)
    ways, largest = xp.empty_like(penalty), xp.empty_like(penalty[0])
    skip, step, stay = ways
    for earlier, e, y in zip(before, emit.reshape(steps, size), rows[1:, 2 * batch :]):
        xp.add(earlier, penalty, out=ways)
        xp.maximum(stay, step, out=largest)
        xp.maximum(largest, skip, out=largest)
        xp.subtract(ways, largest, out=ways)
        xp.exp(ways, out=ways)
        xp.add(stay, step, out=y)
        xp.add(y, skip, out=y)
        xp.log(y, out=y)
        xp.add(y, largest, out=y)
        xp.add(y, e, out=y)
    return a[1:, 2:]
