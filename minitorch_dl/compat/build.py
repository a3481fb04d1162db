"""What the package runs on: ``torch.__config__``."""

from __future__ import annotations

import contextlib
import io

import numpy as np

from ..settings import get_num_threads

__all__ = [
    "has_cuda", "has_cudnn", "has_lapack", "has_mkl", "has_mkldnn", "has_mps", "has_openmp",
    "has_spectral", "parallel_info", "show",
]  # fmt: skip

has_lapack = has_spectral = True  # NumPy's
has_mkl = has_openmp = has_mkldnn = False
has_cuda = has_cudnn = has_mps = False  # what PyTorch was built with


def show() -> str:
    """NumPy's own description of its build: compilers, BLAS, vector instructions."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        np.show_config()
    return text.getvalue()


def parallel_info() -> str:
    """How many threads share the work."""
    return f"threads: {get_num_threads()}\n"
