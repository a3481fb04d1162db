"""Sobol sequences: their numbers, how evenly they are spread, and going on from a place in them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.quasirandom import SobolEngine


@pytest.mark.parity
@pytest.mark.parametrize("scramble", [False, True])
@pytest.mark.parametrize("dimension", [1, 7, SobolEngine.MAXDIM])
def test_pytorch_draws_the_same_points(dimension: int, scramble: bool) -> None:
    theirs = pytest.importorskip("torch").quasirandom.SobolEngine(dimension, scramble, seed=3)
    ours = SobolEngine(dimension, scramble, seed=3)
    for engine in (ours, theirs):
        engine.draw(5)
        engine.fast_forward(1000)
    np.testing.assert_array_equal(ours.draw(9).numpy(), theirs.draw(9).numpy())
    assert repr(ours) == repr(theirs)


def test_a_scrambled_sequence_of_pytorch() -> None:
    x = SobolEngine(3, scramble=True, seed=5).draw(3, dtype=torch.float64) * 2**30
    assert x.tolist() == [
        [515708045, 125905764, 133132919],  # which PyTorch rounds to float32
        [978687082, 932721911, 578831328],
        [574512432, 291532081, 330569917],
    ]


@pytest.mark.parametrize("scramble", [False, True])
@pytest.mark.parametrize("skipped", [0, 1, 3])
def test_each_interval_gets_as_many_points(scramble: bool, skipped: int) -> None:
    """Of 2**m points in a row from a multiple of 2**m on, each coordinate has one in each of 2**m
    intervals."""
    engine = SobolEngine(SobolEngine.MAXDIM, scramble).fast_forward(64 * skipped)
    places = (engine.draw(64) * 64).long()
    assert (places.sort(0).values == torch.arange(64)[:, None]).all()


def test_drawing_in_parts() -> None:
    whole = SobolEngine(4, scramble=True, seed=1).draw(16)
    engine = SobolEngine(4, scramble=True, seed=1)
    parts = [engine.draw(), engine.draw(6), engine.draw_base2(0), engine.draw_base2(3)]
    assert torch.equal(torch.cat(parts), whole)
    out = torch.empty(0)
    assert engine.reset().draw(16, out=out) is out
    assert torch.equal(out, whole)
    assert torch.equal(engine.reset().fast_forward(15).draw()[0], whole[15])


def test_the_default_generator_scrambles() -> None:
    def drawn(seed: int) -> Any:
        torch.manual_seed(seed)
        return SobolEngine(2, scramble=True).draw(4)

    assert torch.equal(drawn(0), drawn(0))
    assert not torch.equal(drawn(0), drawn(1))


@pytest.mark.parametrize("dimension", [0, SobolEngine.MAXDIM + 1])
def test_dimensions_outside_the_table_are_refused(dimension: int) -> None:
    with pytest.raises(ValueError, match=re.escape("[1, 1111]")):
        SobolEngine(dimension)


def test_an_unbalanced_number_of_points_is_refused() -> None:
    engine = SobolEngine(2)
    engine.draw(3)
    with pytest.raises(ValueError, match="power of 2"):
        engine.draw_base2(2)
    assert engine.num_generated == 3
