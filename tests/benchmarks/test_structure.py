"""What a training step consists of, counted instead of timed: ops, calls, and memory.

A slow-down by accident (an op that falls back to the general call, a copy too many, a composite in
place of a fused op) changes a count. A change that means to do more work changes the bound here.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import pytest

import minitorch_dl as torch
from benchmarks import inside
from benchmarks.workloads import WORKLOADS
from minitorch_dl.autograd import modes
from minitorch_dl.autograd.primitive import Primitive

# Per workload: the ops of a step; calls of Python functions, and of built-in ones (array methods
# and
# and creation among them), at most; memory at its peak, in MB, at most.
BOUNDS = {
    "inference/MLP one sample": (5, 55, 58, 0.01),
    "train/MLP 32-64-64-10": (7, 360, 380, 0.11),
    "train/MLP 784-512-256-10": (7, 400, 400, 2.6),
    "train/CNN MNIST": (12, 1520, 2090, 44.0),
    "train/RNN T20 B16 32-32 x1": (7, 320, 320, 0.2),
    "train/LSTM T60 B32 50-50 x2": (15, 735, 830, 9.0),
    "train/GRU T60 B32 64-128 x1": (7, 730, 425, 12.0),
    "train/GPT 3 blocks d128 T64 B16": (68, 3280, 3370, 38.0),
    "train/VAE": (22, 710, 730, 3.1),
    "train/DCGAN generator": (16, 2060, 2330, 10.2),
    "train/gradient penalty": (18, 475, 520, 0.13),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_a_step_is_made_of_no_more_than_before(name: str) -> None:
    ops, python_calls, builtin_calls, megabytes = BOUNDS[name]
    torch.manual_seed(0)
    step = WORKLOADS[name].build(torch)
    step()
    step()
    assert _ops(step) == ops
    found = _calls(step)
    assert found["general"] == 0, "an op went through Primitive.__call__, which is slow"
    assert found["call"] <= python_calls
    assert found["c_call"] <= builtin_calls
    assert inside.memory(name)["peak"] <= megabytes * 1e6


def _ops(step: Any) -> int:
    found: Counter[str] = Counter()
    with modes.listening(lambda primitive, *_: found.update([primitive.name])):
        step()
    return found.total()


def _calls(step: Any) -> Counter[str]:
    """Events of the interpreter: "call" of a Python function, "c_call" of a built-in one."""
    found: Counter[str] = Counter()

    def count(frame: Any, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code is Primitive.__call__.__code__:
            found["general"] += 1
        found[event] += 1

    sys.setprofile(count)
    try:
        step()
    finally:
        sys.setprofile(None)
    return found
