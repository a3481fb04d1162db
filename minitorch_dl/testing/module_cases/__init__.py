"""The table of modules: one row per public class of ``minitorch_dl.nn``.

A case says how a module is made and called; its checks run in training and in evaluation mode.
``F``, ``I`` and ``B`` stand for tensors, ``S`` for arguments, as in ``op_cases``. Each file of
``minitorch_dl/nn`` has one here that lists its rows in ``ROWS``.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..op_cases import F, S, Spec, replace


@dataclass
class Case:
    """One module and one call of it.

    Attributes:
        new: the constructor's arguments; or ``(torch) -> module``, for modules that take modules.
        given: the tensors and other arguments of the call.
        call: ``(torch, module, *args, **kwargs)`` where the call is more than ``module(*args)``.
        gradgrad: whether second derivatives exist.
        numeric: whether finite differences can check its derivatives.
        why: the reason for a switched-off check.
    """

    new: S | Callable[[Any], Any]
    given: S
    call: Callable[..., Any] | None = None
    gradgrad: bool = True
    numeric: bool = True
    why: str = ""

    def limited(self, *, why: str, gradgrad: bool = True, numeric: bool = True) -> Case:
        """The same case with checks switched off."""
        return dataclasses.replace(self, gradgrad=gradgrad, numeric=numeric, why=why)

    def run(self, torch: Any, module: Any, args: Any, kwargs: Any) -> Any:
        """What the call gives, in this library (minitorch_dl or torch)."""
        if self.call is None:
            return module(*args, **kwargs)
        return self.call(torch, module, *args, **kwargs)


@dataclass(init=False)
class Row:
    """One class.

    Attributes:
        name: its name in ``nn``, here and in PyTorch.
        formula: ``(torch, *args of the constructor) -> function`` for a class that PyTorch lacks.
        family: the file of ``minitorch_dl/nn`` that holds the class.
    """

    name: str
    cases: tuple[Case, ...]
    formula: Callable[..., Any] | None
    family: str = ""

    def __init__(self, name: str, *cases: Case, formula: Callable[..., Any] | None = None) -> None:
        self.name, self.cases, self.formula = name, cases, formula

    def values(self, i: int, part: str, tree: Any) -> Any:
        """``tree`` with NumPy arrays for the specs; the numbers follow from row, case and part."""
        rng = np.random.default_rng(zlib.crc32(f"{self.name}/{i}/{part}".encode()))
        return replace(tree, lambda spec: spec.make(rng), Spec)

    def given(self, i: int) -> tuple[Any, ...]:
        """The arguments of the call of case ``i`` with NumPy arrays: (args, kwargs)."""
        given = self.cases[i].given
        return self.values(i, "given", (given.args, given.kwargs))

    def make(self, i: int, torch: Any, to_tensor: Callable[[np.ndarray], Any]) -> Any:
        """The module of case ``i`` as drawn with seed 0, in this library (minitorch_dl or torch);
        a function for a class that PyTorch lacks."""
        torch.manual_seed(0)
        new = self.cases[i].new
        if not isinstance(new, S):
            return new(torch)
        args, kwargs = replace(self.values(i, "new", (new.args, new.kwargs)), to_tensor, np.ndarray)
        cls = getattr(torch.nn, self.name, None)
        if cls is None:
            assert self.formula is not None, f"{self.name} is not in torch.nn and has no formula"
            return self.formula(torch, *args, **kwargs)
        return cls(*args, **kwargs)


def of(*args: Any, **kwargs: Any) -> Callable[..., Case]:
    """``of(3, bias=False)(F(2, 3))``: the module made of these arguments, called with those."""

    def given(*call: Any, run: Callable[..., Any] | None = None, **named: Any) -> Case:
        return Case(S(*args, **kwargs), S(*call, **named), run)

    return given


def built(make: Callable[[Any], Any]) -> Callable[..., Case]:
    """As ``of``, for a module that ``make(torch)`` builds."""

    def given(*call: Any, run: Callable[..., Any] | None = None, **named: Any) -> Case:
        return Case(make, S(*call, **named), run)

    return given


P = {"low": 0.1, "high": 0.9}  # probabilities
X = F(3, 4)
X1, X2, X3 = F(2, 3, 6), F(2, 3, 4, 5), F(1, 2, 4, 4, 3)  # (N, C, L), (N, C, H, W), (N, C, D, H, W)


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
    return rows
