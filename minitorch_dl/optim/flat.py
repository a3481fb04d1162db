"""Optimizer state of many parameters in a few flat arrays, updated block by block.

A parameter's state tensors are views into arrays that hold the whole group's, one array per name. A
rule is elementwise, so it does not care where one parameter ends and the next begins: it is called
on *blocks* of these arrays. Small parameters and their gradients are copied into a buffer, updated
together and copied back, which costs less than the dozen NumPy calls that each would need alone; a
large parameter is updated where it lies, in pieces whose operands stay in the second-level cache.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import is_
from typing import Any

import numpy as np

from ..backend import array_module, to_host
from ..backend.axpy import STEP
from ..backend.blocks import MOST_THREADS
from ..backend.precision import Rounded, is_half, widened
from ..backend.shared_memory import is_shared
from ..backend.threads import share
from ..tensor import Tensor

CACHE = 1536 * 1024
"""Bytes that a block's operands fill together. Less would stay in a second-level cache, but
loops of less than 5 us give other threads no chance to start."""
SMALL = 8192
"""Parameters up to this size are gathered; above it, copying costs more than the calls it saves."""
GPU_BLOCK = 1 << 22
"""Elements in a block on a GPU, where the number of launches counts and not the cache."""

SHARED = 1 << 19
"""Elements of large parameters from which threads share the pieces."""

Piece = tuple[Any, Any, dict[str, Any]]
Update = Callable[..., None]
"""``update(param, grad, work, **moments)``: one rule with its coefficients bound, in place on
arrays of one length.

``work[0]`` is for what replaces the gradient (it may be the same memory), the rest are temporaries.
"""


def as_pairs(array: Any) -> Any:
    """Complex numbers as pairs of real ones, which a rule treats apart; a view. Real ones as they
    are."""
    return array[..., None].view(array.real.dtype) if array.dtype.kind == "c" else array


class Gathered:
    """A run of small parameters that are copied together into buffers."""

    def __init__(self, state: FlatState, first: int, last: int) -> None:
        self.xp = state.xp
        start, stop = state.offsets[first], state.offsets[last]
        self.params = slice(first, last)
        self.param, *self.work = [buffer[: stop - start] for buffer in state.buffers]
        self.moments = {name: flat[start:stop] for name, flat in state.flat.items()}
        spans = [
            (state.offsets[i] - start, state.offsets[i + 1] - start) for i in range(first, last)
        ]
        shapes = state.shapes[self.params]
        self.param_views = [self.param[a:b].reshape(s) for (a, b), s in zip(spans, shapes)]
        self.grad = self.work[0]
        self.grad_views = [self.grad[a:b].reshape(s) for (a, b), s in zip(spans, shapes)]

    def apply(
        self, update: Update, params: Sequence[Any], grads: Sequence[Any], maximize: bool
    ) -> None:
        params = params[self.params]
        self.gather(params, self.param, self.param_views)
        self.gather(grads[self.params], self.grad, self.grad_views)
        if maximize:
            self.grad *= -1
        update(self.param, self.grad, self.work, **self.moments)
        for view, param in zip(self.param_views, params):
            param[...] = view

    def gather(self, arrays: Sequence[Any], buffer: Any, views: Sequence[Any]) -> None:
        if self.xp is np:  # half of concatenate's time
            for view, array in zip(views, arrays):
                view[...] = array
        else:  # one launch
            self.xp.concatenate(arrays, axis=None, out=buffer)


class InPlace:
    """One parameter, updated where it lies in equal pieces of at most ``state.block`` elements."""

    def __init__(self, state: FlatState, index: int) -> None:
        self.index = index
        start, stop = state.offsets[index], state.offsets[index + 1]
        self.size = size = stop - start
        count = max(1, math.ceil(size / state.block))
        piece = max(1, min(state.block, math.ceil(size / count / STEP) * STEP))
        bounds = [(a, min(a + piece, size)) for a in range(0, size, piece)]
        self.bounds = [
            (slice(a, b), {name: flat[start + a : start + b] for name, flat in state.flat.items()})
            for a, b in bounds
        ]

    def pieces(self, theta: Any, grad: Any) -> list[Piece]:
        """Parts of the parameter, its gradient (both flat) and its moments."""
        return [(theta[part], grad[part], moments) for part, moments in self.bounds]


class FlatState:
    """The state of parameters of one dtype on one device.

    Args:
        params: the parameters.
        states: the optimizer's state dict of each; values found there are taken over, missing ones
            get their initial value, and all become views of the flat arrays.
        moments: initial value of each state tensor that has the parameter's shape.
        scalars: initial value of each 0-d state tensor (``step`` and such).
        scalar_dtype: NumPy dtype of the 0-d state.
        work: how many temporaries the rule asks for.
        elementwise: False keeps each parameter in one piece, for rules that need its norm.
        count_on_device: the 0-d state lies on the parameters' device.
    """

    def __init__(
        self,
        params: Sequence[Tensor],
        states: Sequence[dict[str, Any]],
        moments: Mapping[str, float],
        scalars: Mapping[str, float],
        scalar_dtype: Any,
        work: int,
        elementwise: bool,
        count_on_device: bool = False,
    ) -> None:
        first = params[0].array
        self.xp = xp = array_module(first)
        self.is_complex = first.dtype.kind == "c"
        arrays = [as_pairs(p.array) for p in params]
        self.dtype, self.array_class = arrays[0].dtype, first.__class__
        self.is_half = is_half(self.dtype)
        sizes = [array.size for array in arrays]
        total = sum(sizes)
        if not elementwise:
            self.block, self.small = max(1, *sizes), 0
        elif xp is np:
            operands = 3 + work + len(moments)  # parameter, gradient, its replacement, ...
            room = CACHE if moments else 4 * CACHE  # without them it goes over its operands once
            self.block, self.small = room // (operands * self.dtype.itemsize), SMALL
        else:
            self.block = self.small = GPU_BLOCK
        self.buffers = [xp.empty(min(self.block, total), self.dtype) for _ in range(2 + work)]
        self._threads = threading.local()
        self._threads.buffers = self.buffers[1:]

        # Small ones first, so that the biases between large weights make one block.
        order = sorted(range(len(params)), key=lambda i: sizes[i] > self.small)
        self.params = params = [params[i] for i in order]
        states = [states[i] for i in order]
        self.shapes = [arrays[i].shape for i in order]
        self.offsets = [0, *itertools.accumulate(sizes[i] for i in order)]
        self.flat = {
            name: _row(xp, states, name, total, value, self.dtype)
            for name, value in moments.items()
        }
        self.scalars = {
            name: _row(np, states, name, len(params), value, scalar_dtype)
            for name, value in scalars.items()
        }
        # What the rules read and write; the host's numbers say which parameters go together.
        self.counts = self.scalars
        if count_on_device:
            self.counts = {n: xp.full(len(params), v, scalar_dtype) for n, v in scalars.items()}
        self.names = (*moments, *scalars)
        self.fresh = [any(state.get(name) is None for name in self.names) for state in states]
        for i, state in enumerate(states):
            a, b = self.offsets[i], self.offsets[i + 1]
            views = {name: flat[a:b].reshape(self.shapes[i]) for name, flat in self.flat.items()}
            views |= {name: row[i : i + 1].reshape(()) for name, row in self.counts.items()}
            for name in (*scalars, *moments):
                if state.get(name) is not None:
                    _take_over(views[name], state[name], name, self.is_complex)
                    if count_on_device and name in scalars:
                        _take_over(self.scalars[name][i : i + 1].reshape(()), state[name], name)
                value = views[name]
                if self.is_complex and name in moments:
                    value = value.view(first.dtype)[..., 0]
                state[name] = Tensor.wrap(value)
        self.held = [state[name].array for state in states for name in self.names]
        self._all = self._blocks(0, len(params))

    def holds(
        self, states: Iterable[Mapping[str, Any]], arrays: Iterable[Any], names: tuple[str, ...]
    ) -> bool:
        """Whether all state tensors are the views made here, for parameters of this kind."""
        if names != self.names:
            return False
        for array, shape in zip(map(as_pairs, arrays) if self.is_complex else arrays, self.shapes):
            if (
                array.shape != shape
                or array.dtype != self.dtype
                or array.__class__ is not self.array_class
            ):
                return False
        try:
            found = [state[name].array for state in states for name in names]
        except (KeyError, AttributeError):
            return False
        return len(found) == len(self.held) and all(map(is_, found, self.held))

    def apply(
        self,
        rule: Callable[..., Update],
        group: dict[str, Any],
        params: Sequence[Any],
        grads: Sequence[Any],
    ) -> None:
        """One step for the parameters that have a gradient, each at its own step count."""
        for first, last in self._runs(grads):
            scalars = {name: row[first] for name, row in self.counts.items()}
            update = rule(self.xp, group, scalars, self.fresh[first])
            for name, row in self.counts.items():
                row[first:last] = scalars[name]
            if self.counts is not self.scalars:
                for row in self.scalars.values():
                    row[first:last] += 1
            if self.xp is np or not self._launch(update, group, params, grads, first, last):
                if self.is_half:
                    update = in_float32(self.xp, update)
                blocks = self._all if last - first == len(params) else self._blocks(first, last)
                with np.errstate(all="ignore"):
                    self._update(blocks, update, params, grads, group["maximize"])
            self.fresh[first:last] = [False] * (last - first)

    def _launch(
        self, update: Any, group: dict[str, Any], params: Any, grads: Any, first: int, last: int
    ) -> bool:
        """Update these parameters by the rule's kernel, where it has one."""
        kernel = getattr(getattr(update, "func", None), "gpu_kernel", None)
        if kernel is None:
            return False
        arrays = list(params[first:last]), list(grads[first:last]), list(self.flat.values())
        starts, maximize = self.offsets[first : last + 1], group["maximize"]
        return bool(kernel(self.xp, *arrays, starts, maximize, **update.keywords))

    def _update(
        self,
        blocks: Sequence[Gathered | InPlace],
        update: Update,
        params: Sequence[Any],
        grads: Sequence[Any],
        maximize: bool,
    ) -> None:
        large = []
        for block in blocks:
            if isinstance(block, InPlace):
                large.append(block)
            else:
                block.apply(update, params, grads, maximize)
        if not large:
            return
        thetas = [params[block.index].reshape(-1) for block in large]
        pieces: list[Piece] = []
        for block, theta in zip(large, thetas):
            pieces += block.pieces(theta, grads[block.index].reshape(-1))

        def work(piece: Piece) -> None:
            theta, grad, moments = piece
            temporaries = [buffer[: len(theta)] for buffer in self._temporaries()]
            if maximize:
                grad = self.xp.negative(grad, out=temporaries[0])
            update(theta, grad, temporaries, **moments)

        if self.xp is np and sum(block.size for block in large) >= SHARED:
            share(work, pieces, most=MOST_THREADS)
        else:
            for piece in pieces:
                work(piece)
        for block, theta in zip(large, thetas):
            param = params[block.index]
            if not param.flags.c_contiguous:  # then theta is a copy
                param[...] = theta.reshape(param.shape)

    def _temporaries(self) -> list[Any]:
        """The calling thread's buffers of the size of a piece."""
        try:
            return self._threads.buffers
        except AttributeError:
            count = len(self.buffers) - 1
            self._threads.buffers = [self.xp.empty_like(self.buffers[0]) for _ in range(count)]
            return self._threads.buffers

    def _runs(self, grads: Sequence[Any]) -> list[tuple[int, int]]:
        """Neighbours that all have a gradient and the same scalar state."""
        rows = [row.tolist() for row in self.scalars.values()] + [self.fresh]
        if all(len(set(row)) == 1 for row in rows) and not any(g is None for g in grads):
            return [(0, len(grads))]
        runs: list[tuple[int, int]] = []
        previous: Any = None
        for i, (grad, *key) in enumerate(zip(grads, *rows)):
            if grad is None:
                previous = None
            elif key == previous:
                runs[-1] = (runs[-1][0], i + 1)
            else:
                runs.append((i, i + 1))
                previous = key
        return runs

    def _blocks(self, first: int, last: int) -> list[Gathered | InPlace]:
        """Parameters ``first`` to ``last`` as gathered runs of small ones and single large ones."""
        blocks: list[Gathered | InPlace] = []
        start = first
        for i in range(first, last + 1):
            large = i == last or self.offsets[i + 1] - self.offsets[i] > self.small
            if large or self.offsets[i + 1] - self.offsets[start] > self.block:
                if i - start == 1:
                    blocks.append(InPlace(self, start))
                elif i > start:
                    blocks.append(Gathered(self, start, i))
                start = i
                if large and i < last:
                    blocks.append(InPlace(self, i))
                    start = i + 1
        return blocks


def in_float32(xp: Any, update: Update) -> Update:
    """``update`` of 16-bit floats, computed in float32.

    On the CPU, what it writes to the parameter, the moments and ``work[0]`` is rounded at once, as
    PyTorch's operations on whole tensors do; on a GPU it is rounded at the end.
    """
    hold = Rounded.of if xp is np else widened

    def wide(param: Any, grad: Any, work: Any, **moments: Any) -> None:
        arrays = {"param": param, **moments}
        held = {name: hold(array) for name, array in arrays.items()}
        temporaries = [xp.empty(param.shape, np.float32) for _ in work[1:]]
        update(grad=widened(grad), work=[hold(work[0]), *temporaries], **held)
        for name, array in arrays.items():
            array[...] = held[name].astype(array.dtype)

    return wide


def in_shared_memory(state: Mapping[str, Any] | None) -> bool:
    """Whether processes share what is in a parameter's state."""
    return state is not None and any(
        isinstance(x, Tensor) and is_shared(x.array) for x in state.values()
    )


def _row(
    xp: Any, states: Sequence[dict[str, Any]], name: str, size: int, value: float, dtype: Any
) -> Any:
    """Memory for one name's state: new, unless processes share what a single parameter has."""
    given = states[0].get(name) if len(states) == 1 else None
    if isinstance(given, Tensor) and is_shared(given.array):
        row = given.array.reshape(-1)
        if row.dtype == dtype and row.size == size and is_shared(row):
            return row
    return xp.full(size, value, dtype)


def _take_over(view: Any, old: Any, name: str, is_complex: bool = False) -> None:
    """Copy a state tensor (or a number) of elsewhere into its place."""
    array = old.array if isinstance(old, Tensor) else np.asarray(old)
    array = as_pairs(array) if is_complex else array
    if array.shape != view.shape and not array.size == view.size == 1:
        raise RuntimeError(
            f"the optimizer's state {name!r} has shape {tuple(array.shape)}, its parameter "
            f"{view.shape}. Load a state_dict that fits, or clear optimizer.state to start anew"
        )
    xp = array_module(view)
    view[...] = array if array_module(array) is xp else xp.asarray(to_host(array))
