"""How many floating-point operations a program asks for: those of its products, as PyTorch counts
them. A multiplication and an addition are two.
"""

from __future__ import annotations

import math
import weakref
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from ..autograd.modes import GRAD, start_listening, state, stop_listening
from ..autograd.node import Output
from ..autograd.primitive import TensorBase
from ..backend.warning import warn
from ..library import ops
from .module_tracker import ModuleTracker

__all__ = ["FlopCounterMode", "flop_registry", "register_flop_formula"]

flop_registry: dict[Any, Callable[..., int]] = {}
"""The counts that ``register_flop_formula`` was given, per op."""

Shape = Sequence[int]


def _product(a: Shape, b: Shape, y: Shape, params: Any) -> int:
    return 2 * math.prod(y) * a[-1]


def _product_to(a: Shape, b: Shape, y: Shape, params: Any) -> int:
    return 2 * math.prod(y) * a[-2 if params["ta"] else -1]


def _rows_product(u: Shape, x: Shape, y: Shape, params: Any) -> int:
    return 2 * math.prod(y) * math.prod(u[:-1])


def _contraction(a: Shape, b: Shape, y: Shape, params: Any) -> int:
    sizes = dict(zip(params["of_a"] + params["of_b"], (*a, *b)))
    return 2 * math.prod(sizes.values())


def _convolution(x: Shape, w: Shape, y: Shape, params: Any) -> int:
    return 2 * math.prod(y) * math.prod(w[1:])


def _transposed_convolution(u: Shape, w: Shape, y: Shape, params: Any) -> int:
    return 2 * math.prod(u) * math.prod(w[1:])


def _convolution_weight(x: Shape, u: Shape, y: Shape, params: Any) -> int:
    return 2 * math.prod(u) * math.prod(y[1:])


def _attention(q: Shape, k: Shape, y: Shape, params: Any) -> int:
    return 2 * math.prod(q[:-1]) * k[-2] * (q[-1] + y[-1])


_COUNTS: dict[str, tuple[str, Callable[..., int]]] = {
    "matmul": ("mm", _product),
    "matmul_to": ("mm", _product_to),
    "linear": ("addmm", _product),
    "linear_input": ("mm", _product),
    "linear_weight": ("mm", _rows_product),
    "contract": ("bmm", _contraction),
    "convolution": ("convolution", _convolution),
    "convolution_input": ("convolution", _transposed_convolution),
    "convolution_weight": ("convolution_backward", _convolution_weight),
    "scaled_dot_product_attention": ("scaled_dot_product_attention", _attention),
}
"""Per primitive the name under which PyTorch counts it, and the count from the shapes of the first
two operands and the result."""


def register_flop_formula(targets: Any, get_raw: bool = False) -> Callable[..., Any]:
    """A decorator that has a function count an op, or each of several, in every FlopCounterMode.

    Args:
        targets: such as ``torch.ops.aten.add``.
        get_raw: the function gets the arguments and ``out_val``, not shapes and ``out_shape``.
    """

    def register(count: Callable[..., int]) -> Callable[..., int]:
        for op in targets if isinstance(targets, (list, tuple)) else (targets,):
            if not hasattr(op, "__name__"):
                raise ValueError(
                    "register_flop_formula(): expected each target to be OpOverloadPacket, "
                    f"got {op}"
                )
            flop_registry[op] = count
        if get_raw:
            count._get_raw = True  # type: ignore[attr-defined]
        return count

    return register


class FlopCounterMode:
    """Count what products, convolutions and attention cost inside the block, per module.

    Args:
        mods: not needed: modules are found as they are called.
        depth: how deep the table goes into modules.
        display: print the table at the end.
        custom_mapping: counts for further ops: per op such as ``torch.ops.aten.add`` a function
            of the arguments' shapes and ``out_shape``.

    >>> import minitorch_dl as torch
    >>> from minitorch_dl.utils.flop_counter import FlopCounterMode
    >>> with FlopCounterMode(display=False) as counter:
    ...     y = torch.ones(2, 3) @ torch.ones(3, 4)
    >>> counter.get_total_flops()  # 2 * 2 * 3 * 4
    48
    """

    def __init__(
        self,
        mods: Any = None,
        depth: int = 2,
        display: bool = True,
        custom_mapping: dict[Any, Callable[..., int]] | None = None,
    ) -> None:
        if mods is not None:
            warn("mods argument is not needed anymore, you can stop passing it")
        self.depth, self.display = depth, display
        self.flop_counts: dict[str, dict[Any, int]] = defaultdict(lambda: defaultdict(int))
        known = {**flop_registry, **(custom_mapping or {})}
        self._custom = {op.__name__: (op, count) for op, count in known.items()}
        self._tracker = ModuleTracker()

    def __enter__(self) -> FlopCounterMode:
        self.flop_counts.clear()
        self._tracker.__enter__()
        self._active = True
        start_listening(self)
        return self

    def __exit__(self, *exc: object) -> None:
        stop_listening(self)
        self._active = False
        self._tracker.__exit__(*exc)
        if self.display:
            print(self.get_table(self.depth))

    def __call__(self, primitive: Any, inputs: Any, params: Any, outputs: Any) -> None:
        """After each op."""
        shapes = [x.array.shape for x in inputs if isinstance(x, TensorBase)]
        if primitive.name in self._custom:
            op, count = self._custom[primitive.name]
            if getattr(count, "_get_raw", False):
                self._add(op, count(*inputs, out_val=outputs[0]))
            else:
                self._add(op, count(*shapes, out_shape=outputs[0].array.shape))
        elif primitive.name in _COUNTS:
            name, formula = _COUNTS[primitive.name]
            y = outputs[0].array.shape
            if name == "mm" and len(y) > 2:
                name = "bmm"
            flops = formula(*shapes[:2], y, params)
            self._add(getattr(ops.aten, name), flops)
            node = outputs[0]._node
            if node is not None:
                self._count_backward(node.edges[0] if type(node) is Output else node, name, flops)

    def _count_backward(self, node: Any, name: str, flops: int) -> None:
        """The derivative for each of the two operands is a product of the same size."""
        derivative = {"convolution": "convolution_backward", "addmm": "mm"}.get(name, name)
        own = weakref.ref(self)

        def hook(inputs: Any, outputs: Any) -> None:
            mode, recorded = own(), state.flags & GRAD  # which is counted op by op
            if mode is not None and mode._active and not recorded:
                wanted = sum(x is not None for x in inputs[:2])
                mode._add(getattr(ops.aten, derivative), wanted * flops)

        node.register_hook(hook)

    def _add(self, op: Any, flops: int) -> None:
        for name in self._tracker.parents:
            self.flop_counts[name][op] += flops

    def get_total_flops(self) -> int:
        """All of them."""
        return sum(self.flop_counts["Global"].values())

    def get_flop_counts(self) -> dict[str, dict[Any, int]]:
        """Per module and op."""
        return {name: dict(counts) for name, counts in self.flop_counts.items()}

    def get_table(self, depth: int | None = None) -> str:
        """The counts as text, a module and an op a line."""
        depth = self.depth if depth is None else depth
        total = self.get_total_flops()
        power = max(0, min(len(_UNITS) - 1, (len(str(total)) - 2) // 3))

        def lines(name: str, indent: int) -> list[tuple[str, str, str]]:
            counts = self.flop_counts[name]
            named = [(name, sum(counts.values()))]
            named += [(f" - {op}", flops) for op, flops in counts.items()]
            return [
                (
                    " " * indent + text,
                    f"{flops / 1000**power:.3f}{_UNITS[power]}" if power else str(flops),
                    f"{flops / total:.2%}" if total else "0%",
                )
                for text, flops in named
            ]

        modules = [name for name in sorted(self.flop_counts) if name != "Global"]
        # what one module does alone is not listed as the whole, too
        whole = any(sum(self.flop_counts[name].values()) >= total for name in modules)
        rows = [] if whole or "Global" not in self.flop_counts else lines("Global", 0)
        for name in modules:
            level = name.count(".")
            if level < depth:
                rows += lines(name, level if whole else level + 1)
        rows = rows or [("Global", "0", "0%")]
        titles = ("Module", "FLOP", "% Total")
        widths = [max(len(titles[i]) + 2, *(len(row[i]) for row in rows)) for i in range(3)]
        return "\n".join(
            f"{name:<{widths[0]}}  {flops:>{widths[1]}}  {share:>{widths[2]}}"
            for name, flops, share in [titles, tuple("-" * width for width in widths), *rows]
        )


_UNITS = ("", "K", "M", "B", "T")
