"""Timing pieces of code, and comparing them in a table.

>>> import minitorch_dl as torch
>>> from minitorch_dl.utils import benchmark
>>> timer = benchmark.Timer("x.exp()", globals={"x": torch.ones(8)}, label="exp")
>>> timer.timeit(10).mean > 0
True
"""

from .compare import Compare
from .fuzzer import FuzzedParameter, FuzzedTensor, Fuzzer, ParameterAlias
from .measurement import Measurement, TaskSpec, select_unit, unit_to_english
from .timer import Timer

__all__ = [
    "Compare", "FuzzedParameter", "FuzzedTensor", "Fuzzer", "Measurement", "ParameterAlias",
    "TaskSpec", "Timer", "select_unit", "unit_to_english",
]  # fmt: skip
