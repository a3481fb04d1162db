"""Tools for tests: comparison, random tensors, a gradient check of any function, the stand-in GPU.

``strategies``, and ``check_op`` with drawn inputs, need Hypothesis:
``pip install minitorch-dl[test]``.
"""

from importlib import import_module as _import_module
from typing import Any as _Any

from . import fake_gpu
from .check import CheckFailure, OpReport, check_op
from .comparison import assert_allclose, assert_close
from .creation import make_tensor

__all__ = [
    "CheckFailure", "OpReport", "assert_allclose", "assert_close", "check_op", "make_tensor",
    "fake_gpu", "strategies",
]  # fmt: skip


def __getattr__(name: str) -> _Any:
    if name == "strategies":  # on first use, for it needs Hypothesis
        return _import_module(".strategies", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
