"""The machine in words, and what its matrix products and copies reach."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np


def describe() -> str:
    """The processor, Python, NumPy, and the environment's settings for its BLAS."""
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    # These change what NumPy reaches (the choice of its kernels above all), but not its peers.
    settings = sorted(f"{k}={v}" for k, v in os.environ.items() if k.startswith("OPENBLAS_CORE"))
    words = [
        model, f"{os.cpu_count()} cores", f"Python {platform.python_version()}",
        f"NumPy {np.__version__}", *settings,
    ]  # fmt: skip
    return ", ".join(words)


def limits() -> tuple[float, float]:
    """FLOP/s of a large float32 matrix product, and bytes/s of a copy that exceeds the caches."""
    a, b = np.ones((1024, 1024), np.float32), np.ones((1024, 1024), np.float32)
    out = np.empty_like(a)
    source = np.ones(1 << 24, np.float32)
    target = np.empty_like(source)
    product = _shortest(lambda: np.matmul(a, b, out=out))
    copy = _shortest(lambda: np.copyto(target, source))
    return 2 * 1024**3 / product, 2 * source.nbytes / copy


def _shortest(run: Callable[[], object]) -> float:
    times = []
    for _ in range(9):
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    return min(times)
