"""What a training step consists of, counted instead of timed: ops, calls, and memory.

A slow-down by accident (an op that falls back to the general call, a copy too many, a composite in
place of a fused op) changes a count. A change that means to do more work changes the bound here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

import minitorch_dl as torch
from benchmarks import inside
from benchmarks.workloads import WORKLOADS
from minitorch_dl.autograd import modes
from minitorch_dl.autograd.primitive import Primitive
from minitorch_dl.autograd.torch_function import LIVE

# Per workload: the ops of a step; calls of Python functions, and of built-in ones (array methods
# and creation among them), at most; memory at its peak, in MB, at most.
BOUNDS = {
    "op/softmax small": (1, 52, 36, 0.05),
    "op/layer_norm small": (1, 55, 59, 0.05),
    "op/batch_norm small": (1, 115, 170, 0.1),
    "op/group_norm small": (1, 77, 115, 0.1),
    "op/attention small": (1, 78, 75, 0.1),
    "op/cross_entropy small": (2, 71, 86, 0.03),
    "inference/MLP one sample": (5, 57, 41, 0.01),
    "train/MLP 32-64-64-10": (7, 355, 320, 0.1),
    "train/MLP 784-512-256-10": (7, 470, 420, 2.6),
    "train/CNN MNIST": (12, 1840, 1880, 48.0),
    "train/RNN T20 B16 32-32 x1": (6, 295, 290, 0.2),
    "train/LSTM T60 B32 50-50 x2": (11, 725, 795, 8.5),
    "train/GRU T60 B32 64-128 x1": (6, 690, 390, 11.5),
    "train/GPT 3 blocks d128 T64 B16": (68, 3400, 3000, 36.0),
    "train/VAE": (22, 770, 690, 3.0),
    "train/DCGAN generator": (13, 1825, 1930, 11.5),
    "train/gradient penalty": (14, 360, 360, 0.12),
}

# Per workload, at most: calls of NumPy in a step, and new arrays of 64 KiB or more.
# python -m tests.benchmarks.numpy_calls WORKLOAD... prints what there is.
NUMPY_BOUNDS = {
    "op/layer_norm small": (34, 0),
    "op/batch_norm small": (55, 0),
    "op/group_norm small": (60, 0),
    "op/attention small": (41, 0),
    "op/cross_entropy small": (45, 0),
    "inference/MLP one sample": (8, 0),
    "optim/Adam many small": (200, 0),
    "train/MLP 32-64-64-10": (128, 0),
    "train/MLP 784-512-256-10": (272, 23),
    "train/CNN MNIST": (1475, 205),
    "train/VGG CIFAR": (2455, 515),
    "train/ResNet-18 32x32": (8410, 1505),
    "train/depthwise-separable CNN": (3950, 500),
    "train/RNN T20 B16 32-32 x1": (215, 0),
    "train/LSTM T60 B32 50-50 x2": (2215, 17),
    "train/GRU T60 B32 64-128 x1": (1625, 23),
    "train/GPT 3 blocks d128 T64 B16": (1945, 242),
    "train/Transformer encoder": (1420, 287),
    "train/VAE": (505, 49),
    "train/DCGAN generator": (905, 153),
    "train/gradient penalty": (95, 0),
}


@pytest.fixture(scope="module")
def numpy_counts() -> dict[str, list[int]]:
    command = [sys.executable, "-m", "tests.benchmarks.numpy_calls", *NUMPY_BOUNDS]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


@pytest.mark.parametrize("name", NUMPY_BOUNDS)
def test_a_step_asks_no_more_of_numpy(name: str, numpy_counts: dict[str, list[int]]) -> None:
    (calls, arrays), (most_calls, most_arrays) = numpy_counts[name], NUMPY_BOUNDS[name]
    assert 0 < calls <= most_calls
    assert arrays <= most_arrays


@pytest.fixture
def one_thread() -> Iterator[None]:
    """What helpers do, and when, is up to chance."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def no_overrides() -> Iterator[None]:
    """Once a class that overrides functions is known, as those of other tests, each asks."""
    known = LIVE.copy()
    LIVE.clear()
    yield
    LIVE.extend(known)


@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.usefixtures("one_thread", "no_overrides")
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
