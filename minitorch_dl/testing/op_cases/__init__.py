"""The table of ops: one row per public op, and every check of an op is made from its row.

``F``, ``C``, ``I`` and ``B`` stand for tensors; ``S`` for one call's arguments; ``Row`` for an op. Each
family has a file here that mirrors ``minitorch_dl/ops`` and lists its rows in ``ROWS``.
"""

from __future__ import annotations

import importlib
import pkgutil
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, reduce
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Spec:
    """A tensor of a sample: shape, range and kind; the values follow from a seed."""

    shape: tuple[int, ...]
    low: float
    high: float
    kind: str

    def __repr__(self) -> str:
        """As it is written in the table."""
        short = {"float": "F", "complex": "C", "int": "I", "bool": "B"}[self.kind]
        usual = {"int": (0, 5), "bool": (0, 2)}.get(self.kind, (-2.0, 2.0))
        parts = [str(n) for n in self.shape]
        if (self.low, self.high) != usual:
            parts += [f"low={self.low}", f"high={self.high}"]
        return f"{short}({', '.join(parts)})"

    def as_complex(self) -> Spec:
        """The same with complex numbers for floats."""
        return C(*self.shape, low=self.low, high=self.high) if self.kind == "float" else self

    def make(self, rng: np.random.Generator) -> np.ndarray:
        """float64, complex128, int64 or bool values. Floats are distinct and keep off the ends of
        their range; so do the parts of complex numbers."""
        size = int(np.prod(self.shape, dtype=np.int64))
        if self.kind == "bool":
            return rng.integers(0, 2, self.shape).astype(bool)
        if self.kind == "int":
            return rng.integers(int(self.low), int(self.high), self.shape)
        if self.kind == "complex":
            pairs = Spec((*self.shape, 2), self.low, self.high, "float").make(rng)
            return pairs.view(np.complex128)[..., 0]
        steps = (rng.permutation(size) + 0.25 + 0.5 * rng.random(size)) / max(size, 1)
        return (self.low + (self.high - self.low) * steps).reshape(self.shape)


def F(*shape: int, low: float = -2.0, high: float = 2.0) -> Spec:
    """A float tensor with distinct values in (low, high)."""
    return Spec(shape, low, high, "float")


def C(*shape: int, low: float = -2.0, high: float = 2.0) -> Spec:
    """A complex tensor whose parts are distinct values in (low, high)."""
    return Spec(shape, low, high, "complex")


def I(*shape: int, low: int = 0, high: int = 5) -> Spec:  # noqa: E743
    """An int64 tensor with values in [low, high)."""
    return Spec(shape, low, high, "int")


def B(*shape: int) -> Spec:
    """A bool tensor."""
    return Spec(shape, 0, 2, "bool")


class S:
    """The arguments of one call; specs may stand anywhere, also inside lists and tuples."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args, self.kwargs = args, kwargs

    def __repr__(self) -> str:
        parts = [repr(a) for a in self.args] + [f"{k}={v!r}" for k, v in self.kwargs.items()]
        return f"S({', '.join(parts)})"


def replace(tree: Any, f: Callable[[Any], Any], kinds: Any) -> Any:
    """``tree`` with ``f`` applied to each part that is an instance of ``kinds``."""
    if isinstance(tree, kinds):
        return f(tree)
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(replace(x, f, kinds) for x in tree))
    if isinstance(tree, (list, tuple)):
        return type(tree)(replace(x, f, kinds) for x in tree)
    if isinstance(tree, dict):
        return {k: replace(v, f, kinds) for k, v in tree.items()}
    return tree


def leaves(tree: Any, kinds: Any) -> list[Any]:
    """Every instance of ``kinds`` in nested lists, tuples and dicts, in order."""
    found: list[Any] = []
    replace(tree, found.append, kinds)
    return found


@dataclass
class Row:
    """One op.

    Attributes:
        name: dotted path in minitorch_dl and in torch; ``Tensor.x`` for methods.
        samples: calls to check; the first is also drawn with other values by Hypothesis.
        complex: the first sample is a sample with complex numbers for floats too.
        call: ``(torch, *args, **kwargs)`` for what is no plain function (operators, indexing).
        formula: ``(torch, *args, **kwargs)``: an op that PyTorch lacks, written in ops that it has.
        drawn: "unary", "binary" or "reduction": Hypothesis draws shapes, broadcasting and axes too.
        domain: the open interval from which drawn values come.
        kinks: points of drawn values where the derivative jumps.
        grad, gradgrad: whether first and second derivatives exist.
        numeric: whether finite differences can check the derivative (not through a rounding to
            float32).
        rtol: relative error against the reference in float64, where the algorithm can't reach 1e-9.
        why: the reason for a switched-off check.
        nondeterministic: values are random; only shapes and dtypes are compared.
    """

    name: str
    samples: tuple[S, ...] = ()
    call: Callable[..., Any] | None = None
    formula: Callable[..., Any] | None = None
    drawn: str | None = None
    domain: tuple[float, float] = (-2.0, 2.0)
    kinks: tuple[float, ...] = ()
    complex: bool = False
    grad: bool = True
    gradgrad: bool = True
    numeric: bool = True
    rtol: float = 1e-9
    why: str = ""
    nondeterministic: bool = False
    family: str = field(default="", compare=False)

    def __init__(self, name: str, *samples: S, **options: Any) -> None:
        self.name = name
        for key, value in options.items():
            if key not in self.__dataclass_fields__:
                raise TypeError(f"row {name}: unknown option {key!r}")
            setattr(self, key, value)
        low, high = self.domain
        if not samples and self.drawn == "binary":
            a, b = F(3, 4, low=low, high=high), F(3, 4, low=low, high=high)
            samples = (S(a, b), S(a, F(4, low=low, high=high)), S(F(low=low, high=high), b))
        elif not samples:
            samples = (S(F(3, 4, low=low, high=high)), S(F(low=low, high=high)), S(F(0, 2)))
        if self.complex:
            first = (samples[0].args, samples[0].kwargs)
            args, kwargs = replace(first, Spec.as_complex, Spec)
            samples = (*samples, S(*args, **kwargs))
        self.samples = samples
        if self.grad and not (self.gradgrad and self.numeric) and not self.why:
            raise TypeError(f"row {name}: a check that is switched off needs its reason in why=")

    def function(self, torch: Any) -> Callable[..., Any]:
        """The op in this library (minitorch_dl or torch)."""
        call = self.formula if torch.__name__ == "torch" and self.formula else self.call
        if call is not None:
            return lambda *args, **kwargs: call(torch, *args, **kwargs)
        return reduce(getattr, self.name.split("."), torch)

    def values(self, i: int) -> tuple[Any, ...]:
        """The arguments of sample ``i`` with NumPy arrays (float64) for the specs: (args,
        kwargs)."""
        rng = np.random.default_rng(zlib.crc32(f"{self.name}/{i}".encode()))
        sample = self.samples[i]
        return replace((sample.args, sample.kwargs), lambda spec: spec.make(rng), Spec)

    @cached_property
    def cases(self) -> range:
        return range(len(self.samples))


def families() -> Iterator[str]:
    """The names of the files in this folder."""
    for module in pkgutil.iter_modules(__path__):
        yield module.name


def table() -> list[Row]:
    """Every row of every family."""
    rows: list[Row] = []
    for family in families():
        for row in importlib.import_module(f"{__name__}.{family}").ROWS:
            row.family = family
            rows.append(row)
    names = [row.name for row in rows]
    doubled = {name for name in names if names.count(name) > 1}
    assert not doubled, f"rows with the same name: {sorted(doubled)}"
    return rows
