"""A sample of the mutants; all of them by ``python -m tests.mutation``."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest

from minitorch_dl.autograd.primitive import PRIMITIVES

from .checks import BEYOND_THE_TABLE, killer
from .equivalent import explanation
from .mutants import Mutant, mutants

EVERY = 12
"""One mutant in so many is tried here."""


def sample() -> list[Mutant]:
    found = [m for name in sorted(PRIMITIVES) for m in mutants(PRIMITIVES[name])]
    return [m for m in found if zlib.crc32(str(m).encode()) % EVERY == 0]


def test_there_are_mutants_of_every_formula() -> None:
    broken = {m.primitive for name in PRIMITIVES for m in mutants(PRIMITIVES[name])}
    assert len(broken) > 150
    assert {"mul", "tanh", "softmax", "conv", "lstm_layer"} & PRIMITIVES.keys() <= broken


@pytest.mark.parametrize("mutant", sample(), ids=str)
def test_a_broken_formula_is_noticed(mutant: Mutant) -> None:
    assert killer(mutant) is not None or explanation(mutant), f"survived: {mutant}"


@pytest.mark.parametrize("check", BEYOND_THE_TABLE.values(), ids=lambda f: f.__name__)
def test_the_checks_beyond_the_table_pass(check: Callable[[], None]) -> None:
    check()
