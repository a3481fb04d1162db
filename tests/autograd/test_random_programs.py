"""Random programs give what PyTorch gives: values, gradients, which calls raise."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

import minitorch_dl
from tests.autograd.random_programs import Run, agree, refusals, run
from tests.references import make_programs as reference

STORED = reference.load()

numbers = st.integers(0, 1000)


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


class LiveProgram(RuleBasedStateMachine):
    """The same steps in this package and in PyTorch, compared after each."""

    def __init__(self) -> None:
        super().__init__()
        import torch

        self.ours, self.theirs = Run(minitorch_dl), Run(torch)
        self.over = False  # once this package does what PyTorch refuses

    def both(self, kind: str, which: int, i: int, j: int = 0) -> None:
        if self.over:
            return
        ours, theirs = self.ours, self.theirs
        ours.step(kind, which, i, j)
        theirs.step(kind, which, i, j)
        # An overlapping copy, or a view of a transposed clone, which are fine here.
        more = len(ours.refused) < len(theirs.refused)
        self.over = more and kind in ("write", "view")

    @rule(which=numbers, i=numbers)
    def make(self, which: int, i: int) -> None:
        self.both("unary", which, i)

    @rule(which=numbers, i=numbers, j=numbers)
    def make_of_two(self, which: int, i: int, j: int) -> None:
        self.both("binary", which, i, j)

    @rule(which=numbers, i=numbers)
    def view(self, which: int, i: int) -> None:
        self.both("view", which, i)

    @rule(which=numbers, i=numbers, j=numbers)
    def write(self, which: int, i: int, j: int) -> None:
        self.both("write", which, i, j)

    @rule(i=numbers)
    def detach(self, i: int) -> None:
        self.both("detach", 0, i)

    @rule(which=numbers, i=numbers)
    def no_grad(self, which: int, i: int) -> None:
        self.both("no_grad", which, i)

    @rule(i=numbers)
    def hook(self, i: int) -> None:
        a = self.theirs.pool[i % len(self.theirs.pool)]
        if not (a._is_view() and a._version):  # of such, PyTorch may crash
            self.both("hook", 0, i)

    @rule(i=numbers)
    def retain(self, i: int) -> None:
        self.both("retain", 0, i)

    @rule(order=st.sampled_from([1, 2]))
    def backward(self, order: int) -> None:
        if self.over:
            return
        ours, theirs = (made.derivatives(order, True) for made in (self.ours, self.theirs))
        # PyTorch saves what an in-place op wrote, then refuses; here a copy is kept.
        self.over = theirs == ["raised in backward"]
        assert self.over or agree(ours, theirs), (ours, theirs)

    @invariant()
    def alike(self) -> None:
        if not self.over:
            assert self.ours.refused == self.theirs.refused
            assert agree(self.ours.values(), self.theirs.values())

    def teardown(self) -> None:
        self.backward(1)


@pytest.mark.parity
def test_drawn_programs() -> None:
    pytest.importorskip("torch")
    run_state_machine_as_test(
        LiveProgram,
        settings=settings(
            max_examples=200,
            stateful_step_count=14,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
