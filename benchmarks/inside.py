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
from minitorch_dl.autograd.fast_paths import shares_memory
from minitorch_dl.autograd.node import Node, Output
from minitorch_dl.autograd.profiler import profile

from . import machine
from .workloads import WORKLOADS

STEPS = 10


def profile_table(workload: str) -> str:
    """Time per op, forward and backward, with FLOP/s and bytes/s as shares of the limits."""
    step = WORKLOADS[workload].build(torch)
    for _ in range(3):
        step()
    with _Times() as taken:
        for _ in range(STEPS):
            step()
    with _Work() as work:
        step()
    flops_limit, bytes_limit = machine.limits()
    rows = sorted(taken.key_averages(), key=lambda row: -row.self_cpu_time_total)
    whole = sum(row.self_cpu_time_total for row in rows)
    lines = [
        f"limits: matrix products {flops_limit / 1e9:.0f} GFLOP/s, "
        f"copies {bytes_limit / 1e9:.1f} GB/s",
        f"{'op':38}{'calls':>7}{'ms/step':>9}{'share':>7}"
        f"{'GFLOP/s':>9}{'limit':>7}{'GB/s':>7}{'limit':>7}",
    ]
    for row in rows[:40]:
        seconds = row.self_cpu_time_total / STEPS / 1e6
        flops, moved = work.of(row.key)
        line = f"{row.key:38}{row.count / STEPS:7.0f}{seconds * 1e3:9.3f}"
        line += f"{row.self_cpu_time_total / whole:7.0%}"
        line += _rate(flops / seconds, flops_limit) if flops else f"{'-':>9}{'-':>7}"
        line += _rate(moved / seconds, bytes_limit, 7) if moved else ""
        lines.append(line)
    lines.append(f"{'all':38}{'':7}{whole / STEPS / 1e3:9.3f}")
    lines.append("bytes: of operands and results, each once; what a cache holds moves faster")
    return "\n".join(lines)


def _rate(value: float, limit: float, width: int = 9) -> str:
    return f"{value / 1e9:{width}.1f}{value / limit:7.0%}"


class _Times(profile):
    def label(self, node: Node) -> str:
        """By the op: PyTorch's names of nodes tell less, such as ViewBackward0 of a linear map."""
        return node.name() if node.primitive is None else f"{node.primitive.name} backward"


class _Work(_Times):
    """Counts the floating-point operations of products and the bytes of all ops and derivatives,
    by their names."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self._flops: dict[Node, float] = {}  # of the op that made the node

    def __call__(self, primitive: Any, inputs: Any, params: Any, outputs: Any) -> None:
        super().__call__(primitive, inputs, params, outputs)
        arrays = [getattr(x, "array", None) for x in inputs]
        results = [y.array for y in outputs]
        flops = _flops(primitive.name, arrays, results)
        moved = [] if primitive.view else [a for a in (*arrays, *results) if a is not None]
        self._add(primitive.name, flops, moved)
        node = outputs[0]._node if outputs else None
        if node is not None:
            self._flops[node.edges[0] if isinstance(node, Output) else node] = flops

    def derive(self, vjp: Any, node: Node, g: Any, saved: Any, create_graph: bool) -> Any:
        results = super().derive(vjp, node, g, saved, create_graph)
        gs = [getattr(x, "array", x) for x in (g if isinstance(g, tuple) else (g,))]
        gs = [x for x in gs if x is not None]
        made = [None if r is None else getattr(r, "array", r) for r in results]
        new = [r for r in made if r is not None and not any(shares_memory(r, x) for x in gs)]
        # One product for the first operand's gradient, one for the others'.
        products = (made[0] is not None) + any(r is not None for r in made[1:])
        flops = products * self._flops.get(node, 0.0)
        self._add(self.label(node), flops, [*gs, *_arrays(saved), *new] if new else [])
        return results

    def _add(self, name: str, flops: float, moved: Sequence[Any]) -> None:
        count = self.counts[name]
        count[0] += flops
        count[1] += sum(a.nbytes for a in moved)

    def of(self, name: str) -> Sequence[float]:
        return self.counts.get(name, (0.0, 0.0))


def _flops(name: str, arrays: Sequence[Any], results: Sequence[Any]) -> float:
    """Of products; 0 for what is bound by memory."""
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
    modes.use_saved_hooks((saved,))
    try:
        step()
    finally:
        modes.use_saved_hooks(())
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
