"""Random programs give what PyTorch gives: values, gradients, which calls raise."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import minitorch_dl
from tests.autograd.random_programs import KINDS, Program, agree, refusals, run
from tests.references import make_programs as reference

STORED = reference.load()

step = st.tuples(
    st.sampled_from(KINDS), st.integers(0, 10_000), st.integers(0, 50), st.integers(0, 50)
)
programs = st.lists(step, min_size=1, max_size=14)


@pytest.mark.parametrize("i", range(len(STORED)))
def test_stored_programs(i: int) -> None:
    program, order, theirs = STORED[i]
    ours = run(minitorch_dl, program, order)
    assert agree(ours, theirs, rtol=1e-5), (ours, theirs)


def test_the_stored_programs_are_telling() -> None:
    """Most of them end in a gradient, and many hold a write that PyTorch refuses."""
    results = [theirs for _, _, theirs in STORED]
    assert sum(isinstance(seen[-1], str) for seen in results) < len(STORED) / 2
    assert sum(refusals(seen) > 0 for seen in results) > len(STORED) / 10


@pytest.mark.parity
@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(program=programs, order=st.sampled_from([1, 2]))
def test_drawn_programs(program: Program, order: int) -> None:
    torch = pytest.importorskip("torch")
    theirs = run(torch, program, order)
    ours = run(minitorch_dl, program, order)
    assert agree(ours, theirs), (ours, theirs)
