"""Looks inside one step of a workload on this engine: the time of each op, and its memory."""

from __future__ import annotations

import gc
import math
import tracemalloc
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import minitorch_dl as torch
from minitorch_dl.autograd import modes
from minitorch_dl.autograd.profiler import profile

from . import machine
from .workloads import WORKLOADS

STEPS = 10


def profile_table(workload: str) -> str:
    """Time per op, forward and backward, with FLOP/s and bytes/s as shares of the limits."""
    step = WORKLOADS[workload].build(torch)
    for _ in range(3):
        step()
    with profile(record_shapes=True) as taken:
        for _ in range(STEPS):
            step()
    work = _Work()
    with modes.listening(work):
        step()
    flops_limit, bytes_limit = machine.limits()
    rows = sorted(taken.key_averages(), key=lambda row: -row.self_cpu_time_total)
    whole = sum(row.self_cpu_time_total for row in rows)
    lines = [
        f"limits: matrix products {flops_limit / 1e9:.0f} GFLOP/s, "
        f"copies {bytes_limit / 1e9:.1f} GB/s",
        f"{'op':32}{'calls':>7}{'ms/step':>9}{'share':>7}"
        f"{'GFLOP/s':>9}{'limit':>7}{'GB/s':>7}{'limit':>7}",
    ]
    for row in rows[:40]:
        seconds = row.self_cpu_time_total / STEPS / 1e6
        flops, moved = work.of(row.key)
        line = f"{row.key:32}{row.count / STEPS:7.0f}{seconds * 1e3:9.3f}"
        line += f"{row.self_cpu_time_total / whole:7.0%}"
        line += _rate(flops / seconds, flops_limit) if flops else f"{'-':>9}{'-':>7}"
        line += _rate(moved / seconds, bytes_limit, 7) if moved else ""
        lines.append(line)
    lines.append(f"{'all':32}{'':7}{whole / STEPS / 1e3:9.3f}")
    lines.append("bytes: of operands and results, each once; a derivative is taken to move as many")
    return "\n".join(lines)


def _rate(value: float, limit: float, width: int = 9) -> str:
    return f"{value / 1e9:{width}.1f}{value / limit:7.0%}"


class _Work:
    """Counts the floating-point operations of products and the bytes of every op, by its name."""

    def __init__(self) -> None:
        self.counts: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])

    def __call__(self, primitive: Any, inputs: Any, params: Any, outputs: Any) -> None:
        arrays = [getattr(x, "array", None) for x in inputs]
        results = [y.array for y in outputs]
        count = self.counts[primitive.name]
        count[0] += _flops(primitive.name, arrays, results)
        if not primitive.view:
            count[1] += sum(a.nbytes for a in (*arrays, *results) if a is not None)
        self.counts[primitive.node_class.__name__] = [2 * count[0], count[1]]

    def of(self, name: str) -> Sequence[float]:
        return self.counts.get(name, (0.0, 0.0))


def _flops(name: str, arrays: Sequence[Any], results: Sequence[Any]) -> float:
    """Of products, whose two derivatives take as many each; 0 for what is bound by memory."""
    if name in ("matmul", "linear"):
        return 2.0 * results[0].size * arrays[0].shape[-1]
    if name == "convolution":
        return 2.0 * results[0].size * math.prod(arrays[1].shape[1:])
    if name == "convolution_input":
        return 2.0 * arrays[0].size * math.prod(arrays[1].shape[1:])
    if name in ("rnn_layer", "lstm_layer", "gru_layer"):
        weights = [a for a in arrays if a is not None and a.ndim == 2][-2:]
        return 2.0 * len(results[0]) * sum(w.size for w in weights)
    return 0.0


def memory(workload: str) -> dict[str, int]:
    """Bytes of a step: its peak over what was there before, and the sum of what its ops save."""
    step = WORKLOADS[workload].build(torch)
    step()
    saved = _Saved()
    modes.use_saved_hooks(saved)
    try:
        step()
    finally:
        modes.use_saved_hooks(None)
    total = sum(a.nbytes for a in saved.owners.values())
    saved.owners.clear()
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        step()
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    return {"peak": peak, "saved": total}


class _Saved:
    """The memory that recorded ops keep for their derivatives, each piece once."""

    def __init__(self) -> None:
        self.owners: dict[int, Any] = {}

    def keep(self, node: Any) -> None:
        for array in _arrays(node.saved):
            while getattr(array.base, "nbytes", None) is not None:
                array = array.base
            self.owners[id(array)] = array


def _arrays(saved: Any) -> Iterator[Any]:
    for value in saved or ():
        if isinstance(value, list):
            yield from _arrays(value)
        elif hasattr(value, "nbytes"):
            yield value


def memory_table(workloads: Sequence[str], report: Callable[[str], None]) -> list[dict[str, Any]]:
    """A line per training step: peak memory beside the sum of what the formulas save."""
    report(f"{'workload':36}{'peak':>10}{'saved':>10}")
    rows = []
    for name in workloads:
        got = memory(name)
        rows.append({"workload": name, **got})
        report(f"{name:36}{got['peak'] / 1e6:8.2f}MB{got['saved'] / 1e6:8.2f}MB")
    return rows
