"""The devices other than the CPU that checks run on: the stand-in, and a GPU where there is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import minitorch_dl as torch
from minitorch_dl.backend.graph_capture import refuse_waiting
from minitorch_dl.testing import fake_gpu

fake_gpu.register()
NEEDS_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device and CuPy")
DEVICES = ["fakegpu", pytest.param("cuda", marks=[pytest.mark.gpu, NEEDS_GPU])]


def tensor_on(device: str) -> Any:
    """What makes a Tensor on the device of a copy of a NumPy array."""
    return lambda array: torch.from_numpy(np.array(array)).to(device)


@contextmanager
def nothing_waits(device: str) -> Iterator[None]:
    """Fail where the block makes the host wait for the device, or copies to or from it."""
    if device == "cuda":
        with refuse_waiting():
            yield
        return
    before = Counter(fake_gpu.counts)
    yield
    seen = Counter(fake_gpu.counts)
    seen.subtract(before)
    assert {what: n for what, n in seen.items() if n} == {}
