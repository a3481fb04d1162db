"""What a check takes and what it finds: options, measurements, failures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..backend import dtypes

TYPED_ERRORS = (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError)
ORDERS = {1: "first derivative", 2: "second derivative"}


class CheckFailure(AssertionError):
    """A function failed a check.

    Attributes:
        check: which, such as "first derivative" or "inputs unchanged".
        verdict: what probably explains it: "wrong formula", "rounding at this precision", "kink",
            "not differentiable here", "float32 inside", "not deterministic", or None where that
            says nothing.
        inputs: the arguments of the call.
        analytical, numerical: the two numbers that differ, if it is about a derivative.
    """

    def __init__(
        self,
        check: str,
        text: str,
        inputs: Sequence[Any],
        verdict: str | None = None,
        analytical: float | None = None,
        numerical: float | None = None,
    ) -> None:
        super().__init__(text)
        self.check, self.text, self.inputs, self.verdict = check, text, tuple(inputs), verdict
        self.analytical, self.numerical = analytical, numerical


@dataclass
class Options:
    """What ``check_op`` was asked for; its docstring explains them.

    Attributes:
        names: what reports call the inputs, where not "input 0" and so on.
    """

    order: int = 2
    rtol: float = 1e-6
    atol: float = 1e-7
    reference: Callable[..., Any] | None = None
    torch_reference: Callable[..., Any] | None = None
    keeps_dtype: bool = True
    may_alias: bool = False
    ignores_nan: bool = False
    edges: bool = True
    seed: int = 0
    dtype: dtypes.dtype = dtypes.float64
    names: tuple[str, ...] = ()


@dataclass
class Measurement:
    """What the points examined so far gave.

    Attributes:
        points: how many calls were examined.
        kinks: how many of them lay at a kink, where the gradient must only lie between the
            one-sided derivatives.
        errors: per order the greatest ``|analytical - numerical| / max(1, |numerical|)``.
        worst: per order the arguments that gave it.
        oracles: what the derivatives were compared with.
    """

    points: int = 0
    kinks: int = 0
    errors: dict[int, float] = field(default_factory=dict)
    worst: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    oracles: set[str] = field(default_factory=set)

    def note(self, order: int, error: float, args: Sequence[Any]) -> None:
        if error >= self.errors.get(order, -1.0):
            self.errors[order] = error
            self.worst[order] = tuple(args)
