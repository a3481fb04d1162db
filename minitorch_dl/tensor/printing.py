"""Tensors as text, laid out as PyTorch prints them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..autograd.forward_ad import unpack_dual
from ..autograd.modes import state
from ..autograd.node import AccumulateGrad
from ..autograd.primitive import current_node
from ..backend import backend_of, device_of, dtypes, to_host


class PrintOptions:
    """What ``set_printoptions`` sets."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


options = PrintOptions()
_PROFILES = {
    "default": (4, 1000, 3, 80),
    "short": (2, 1000, 2, 80),
    "full": (4, math.inf, 3, 80),
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors print: digits, elements shown, line width, scientific notation (None: as
    needed). A profile of another name than "default", "short" and "full" sets nothing."""
    if profile in _PROFILES:
        options.precision, options.threshold, options.edgeitems, options.linewidth = _PROFILES[
            profile
        ]
    if precision is not None:
        options.precision = precision
    if threshold is not None:
        options.threshold = threshold
    if edgeitems is not None:
        options.edgeitems = edgeitems
    if linewidth is not None:
        options.linewidth = linewidth
    options.sci_mode = sci_mode


@contextmanager
def printoptions(**given: Any) -> Iterator[None]:
    """A block in which ``set_printoptions`` holds."""
    before = dict(vars(options))
    set_printoptions(**given)
    try:
        yield
    finally:
        vars(options).clear()
        vars(options).update(before)


class _Formatter:
    """The width and notation in which all numbers of one tensor are written."""

    def __init__(self, values: np.ndarray) -> None:
        self.floating = values.dtype.kind not in "biu"
        self.integral = self.scientific = False
        self.width = 1
        if not self.floating:
            self.width = max((len(str(v)) for v in values.tolist()), default=1)
            return
        values = values.astype(np.float64)
        finite = np.abs(values[np.isfinite(values) & (values != 0)])
        if finite.size:
            high, low = float(finite.max()), float(finite.min())
            self.integral = bool((finite == np.ceil(finite)).all())
            wide = high / low > 1000.0 or high > 1.0e8
            self.scientific = wide if self.integral else wide or low < 1.0e-4
            if options.sci_mode is not None:
                self.scientific = options.sci_mode
        else:
            self.integral = True
        # Nonzero finite numbers decide the width; an integral tensor's inf and nan stand without a
        # point.
        shown = values[np.isfinite(values) & (values != 0)]
        if self.integral and not self.scientific:
            self.width = max((len(f"{v:.0f}.") for v in shown.tolist()), default=1)
        else:
            self.width = max((len(self._number(v)) for v in shown.tolist()), default=1)

    def _number(self, value: float) -> str:
        if self.scientific:
            return f"{value:.{options.precision}e}"
        if self.integral:
            return f"{value:.0f}." if math.isfinite(value) else f"{value}"
        return f"{value:.{options.precision}f}"

    def __call__(self, value: Any) -> str:
        text = self._number(value) if self.floating else str(value)
        return text.rjust(self.width)


class _ComplexFormatter:
    """The real and the imaginary parts, each as the numbers of one tensor."""

    def __init__(self, values: np.ndarray) -> None:
        self.real, self.imag = _Formatter(values.real), _Formatter(values.imag)
        self.width = self.real.width + self.imag.width + 1

    def __call__(self, value: complex) -> str:
        imag = self.imag(value.imag).lstrip()
        return f"{self.real(value.real)}{'' if imag[0] in '+-' else '+'}{imag}j"


def _vector(values: np.ndarray, indent: int, write: Any, summarize: bool) -> str:
    per_line = max(1, (options.linewidth - indent) // (write.width + 2))
    n, edge = len(values), options.edgeitems
    if summarize and n > 2 * edge:
        items = [write(v) for v in values[:edge].tolist()] + [" ..."]
        items += [write(v) for v in values[-edge:].tolist()] if edge else []
    else:
        items = [write(v) for v in values.tolist()]
    lines = [items[i : i + per_line] for i in range(0, len(items), per_line)] or [[]]
    return "[" + (",\n" + " " * (indent + 1)).join(", ".join(line) for line in lines) + "]"


def _nested(values: np.ndarray, indent: int, write: Any, summarize: bool) -> str:
    if values.ndim == 0:
        return write(values.item())
    if values.ndim == 1:
        return _vector(values, indent, write, summarize)
    n, edge = len(values), options.edgeitems
    if summarize and n > 2 * edge:
        rows = [_nested(values[i], indent + 1, write, summarize) for i in range(edge)] + ["..."]
        rows += [_nested(values[i], indent + 1, write, summarize) for i in range(n - edge, n)]
    else:
        rows = [_nested(v, indent + 1, write, summarize) for v in values]
    gap = "," + "\n" * (values.ndim - 1) + " " * (indent + 1)
    return "[" + gap.join(rows) + "]"


def _shown(values: np.ndarray) -> np.ndarray:
    """The elements that a summary shows; only they decide the format."""
    edge = options.edgeitems
    for axis, n in enumerate(values.shape):
        if n > 2 * edge:
            values = np.take(values, [*range(edge), *range(n - edge, n)], axis=axis)
    return values.reshape(-1)


def _widen(array: Any) -> np.ndarray:
    host = to_host(array)
    return host if host.dtype.kind in "biufc" else host.astype(np.float32)


def contents(tensor: Any, indent: int = 0) -> str:
    """The numbers alone, in brackets."""
    values = _widen(tensor.array)
    if values.size == 0:
        return "[]"
    summarize = values.size > options.threshold
    formatter = _ComplexFormatter if values.dtype.kind == "c" else _Formatter
    write = formatter(_shown(values) if summarize else values.reshape(-1))
    return _nested(values, indent, write, summarize)


def represent(tensor: Any, name: str = "tensor") -> str:
    """``tensor([...], dtype=..., grad_fn=...)``, as ``repr`` shows it."""
    if state.dual_level is None:
        return _represent(tensor, name)
    dual = unpack_dual(tensor)
    tangent = None if dual.tangent is None else _represent(dual.tangent)
    return _represent(dual.primal, name, tangent)


def _represent(tensor: Any, name: str = "tensor", tangent: str | None = None) -> str:
    prefix = f"{name}("
    array = tensor.array
    shown = backend_of(array).has_elements
    text = contents(tensor, len(prefix)) if shown else "..."
    d, where, node = dtypes.from_numpy(array.dtype), device_of(array), current_node(tensor)
    suffixes = []
    if where.type != "cpu":
        suffixes.append(f"device='{where}'")
    default = dtypes.get_default_dtype()
    implied = d.to_real() is default or d in (dtypes.int64, dtypes.bool)
    if array.size == 0 or not shown:
        if array.ndim != 1 or not shown:
            suffixes.append(f"size={tuple(array.shape)}")
        implied = d is default
    if not implied:
        suffixes.append(f"dtype={d}")
    if isinstance(node, AccumulateGrad):
        suffixes.append("requires_grad=True")
    elif node is not None:
        suffixes.append(f"grad_fn=<{node.name().rpartition('::')[2]}>")
    if tangent is not None:
        suffixes.append(f"tangent={tangent}")
    return with_suffixes(prefix + text, suffixes, len(prefix)) + ")"


def with_suffixes(text: str, suffixes: list[str], indent: int, break_first: bool = False) -> str:
    """``text, suffix, suffix``, on new lines where one is too long; the first one always, if said
    so."""
    line = len(text) - text.rfind("\n") + 1
    for i, suffix in enumerate(suffixes):
        if line + len(suffix) + 2 > options.linewidth or (break_first and not i):
            text += ",\n" + " " * indent + suffix
            line = indent + len(suffix)
        else:
            text += ", " + suffix
            line += len(suffix) + 2
    return text
